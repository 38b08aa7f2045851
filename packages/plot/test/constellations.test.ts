import { describe, expect, it } from "vitest";
import {
  constellationAnimation,
  constellationChart,
  constellationStills,
  type Point,
  stemChart,
} from "../src/index.ts";
import { colouring, voronoiCells } from "../src/voronoi.ts";
import { expectSound, texts } from "./support/svg.ts";

const square: readonly Point[] = [
  [1, 1],
  [-1, 1],
  [-1, -1],
  [1, -1],
];
const chart = { title: "QPSK", points: square };

interface Circle {
  readonly cx: number;
  readonly cy: number;
  readonly fill: string;
}

function circles(svg: string): Circle[] {
  return [...svg.matchAll(/<circle ([^>]*)>/g)].map(([, attributes]) => {
    const of = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(attributes!)?.[1] ?? "";
    return { cx: Number(of("cx")), cy: Number(of("cy")), fill: of("fill") };
  });
}

/** Where the points of an animation are at a frame, from left to right of the drawing. */
function circlesOf(svg: string, frame: number): number[] {
  return [...svg.matchAll(/<animate attributeName="cx"[^>]*values="([^"]*)"/g)].map(([, values]) =>
    Number(values!.split(";")[frame]),
  );
}

function area(corners: readonly Point[]): number {
  const twice = corners.reduce((sum, [x, y], i) => {
    const [nx, ny] = corners[(i + 1) % corners.length]!;
    return sum + x * ny - nx * y;
  }, 0);
  return twice / 2;
}

describe("voronoiCells", () => {
  // Irregular on purpose: no four points on a circle.
  const points: readonly Point[] = Array.from({ length: 30 }, (_, i): Point => [Math.sin(i * i), Math.cos(3 * i + 1)]);
  const cells = voronoiCells(points, [-2, 2], [-2, 2]);

  it("shares the rectangle out", () => {
    // 30 sums of doubles of magnitude 16: 1e-12 is some hundred roundings.
    expect(cells.reduce((sum, { corners }) => sum + area(corners), 0)).toBeCloseTo(16, 12);
  });

  it("puts each place into the cell of its nearest point", () => {
    for (let i = 0; i < 400; i++) {
      const place: Point = [2 * Math.sin(7 * i), 2 * Math.cos(11 * i + i * i)];
      const distance = ([x, y]: Point) => Math.hypot(x - place[0], y - place[1]);
      const nearest = points.reduce((best, point, m) => (distance(point) < distance(points[best]!) ? m : best), 0);
      const inside = cells.flatMap(({ corners }, m) => (contains(corners, place) ? [m] : []));
      expect(inside).toEqual([nearest]);
    }
  });

  it("knows neighbours both ways", () => {
    cells.forEach(({ neighbours }, m) => neighbours.forEach((j) => expect(cells[j]!.neighbours).toContain(m)));
  });

  it("gives a place that two points share to the first", () => {
    const twice = voronoiCells([...square, [1, 1]], [-2, 2], [-2, 2]);
    expect(area(twice[0]!.corners)).toBe(4);
    expect(twice[4]!.corners).toEqual([]);
  });

  it("is coloured so that neighbours differ", () => {
    const colours = colouring(cells.map(({ neighbours }) => neighbours));
    cells.forEach(({ neighbours }, m) => neighbours.forEach((j) => expect(colours[j]).not.toBe(colours[m])));
    expect(Math.max(...colours)).toBeLessThan(7);
  });
});

function contains(corners: readonly Point[], [x, y]: Point): boolean {
  return corners.every(([ax, ay], i) => {
    const [bx, by] = corners[(i + 1) % corners.length]!;
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0;
  });
}

describe("constellationChart", () => {
  it("draws a unit as long in both directions, around the origin", () => {
    const svg = constellationChart(chart);
    expectSound(svg, "QPSK");
    const [a, b, c] = circles(svg) as [Circle, Circle, Circle];
    // Rounded to tenths of a pixel at most.
    expect(Math.abs(a.cx - b.cx - (c.cy - b.cy))).toBeLessThan(0.2);
    expect(a.cy).toBeCloseTo(b.cy, 1);
    expect(texts(svg)).toEqual(expect.arrayContaining(["in-phase", "quadrature"]));
  });

  it("labels points, names rings, and colours what is received as what was sent", () => {
    const cloud = { points: [[0.9, 1.1] as const, [-0.8, -1] as const], sent: [0, 2] };
    const labels = ["00", "01", "11", "10"];
    const svg = constellationChart({ ...chart, labels, cloud, rings: [{ radius: Math.SQRT2, name: "unit" }] });
    expectSound(svg, "QPSK");
    expect(texts(svg)).toEqual(expect.arrayContaining([...labels, "unit"]));
    const points = circles(svg).filter(({ fill }) => fill !== "none");
    const strokesOf = (colour: string) =>
      (svg.match(new RegExp(`stroke="${colour}"[^>]*stroke-linecap="round"`, "g")) ?? []).length;
    expect([0, 2].map((m) => strokesOf(points[m]!.fill)).every((count) => count >= 1)).toBe(true);
  });

  it("fills the region of each point: a quarter of the square each, by Voronoi or by a raster alike", () => {
    const voronoi = constellationChart({ ...chart, regions: "voronoi" });
    const shares = [...voronoi.matchAll(/<polygon points="([^"]*)"/g)].map(([, text]) =>
      area([...text!.matchAll(/(-?[\d.]+)[ ,](-?[\d.]+)/g)].map(([, x, y]): Point => [Number(x), Number(y)])),
    );
    expect(shares).toHaveLength(4);
    shares.forEach((share) => expect(Math.abs(share / shares[0]! - 1)).toBeLessThan(1e-3));
    const decisions = Array.from({ length: 64 }, (_, at) => {
      const [right, up] = [at % 8 >= 4, at < 32];
      return up ? (right ? 0 : 1) : right ? 3 : 2;
    });
    const raster = constellationChart({ ...chart, regions: { reach: 2, decisions } });
    expectSound(raster, "QPSK");
    // Four rows of one rectangle each.
    const paths = [...raster.matchAll(/<path d="(M[^"]*)"[^>]*fill-opacity="0.22"/g)].map(([, path]) => path!);
    expect(paths.map((path) => path.split("M").length - 1)).toEqual([4, 4, 4, 4]);
  });

  it.each([
    [{ points: [] }, /"points" expected at least one/],
    [{ labels: ["a"] }, /"labels" expected 4 entries, got 1/],
    [{ cloud: { points: [[0, 0]] as const, sent: [4] } }, /"cloud.sent" expected 0..3, got 4 at 0/],
    [{ regions: { reach: 1, decisions: [0, 1, 2] } }, /"regions.decisions" expected a square of them, got 3/],
    [{ regions: { reach: 0, decisions: [0] } }, /"regions.reach" expected a number above 0, got 0/],
  ])("refuses %j", (wrong, message) => {
    expect(() => constellationChart({ ...chart, ...wrong })).toThrow(message);
    expect(() => constellationChart({ ...chart, ...wrong })).toThrow(RangeError);
  });
});

describe("constellationAnimation", () => {
  const half = square.map(([x, y]): Point => [x / 2, y / 2]);
  const frames = [
    { points: half, caption: "step 0" },
    { points: square, caption: "step 100" },
  ];

  it("moves each point from frame to frame, and rests where no animation runs at the last", () => {
    const svg = constellationAnimation({ title: "Moving", frames, seconds: 4 });
    expectSound(svg, "Moving");
    expect(svg).not.toContain("<script");
    const still = circles(constellationAnimation({ title: "Still", frames: [frames[1]!, frames[1]!] }));
    expect(circles(svg)).toEqual(still);
    const [, values, keyTimes, dur] =
      /<animate attributeName="cx"[^>]*values="([^"]*)" keyTimes="([^"]*)" dur="([^"]*)"/.exec(svg)!;
    const [first, last, rest] = values!.split(";").map(Number) as [number, number, number];
    const middle = (circles(svg)[0]!.cx + circles(svg)[1]!.cx) / 2;
    expect(rest).toBe(last);
    // Half as far from the middle at first; tenths of a pixel.
    expect(Math.abs(first - middle - (last - middle) / 2)).toBeLessThan(0.2);
    expect(keyTimes).toBe("0.0000;0.8000;1");
    expect(dur).toBe("5s");
  });

  it("shows one caption at a time", () => {
    const svg = constellationAnimation({ title: "Moving", frames });
    const shown = [...svg.matchAll(/opacity="(\d)">([^<]*)<animate [^>]*values="([^"]*)"/g)].map((match) =>
      match.slice(1),
    );
    expect(shown).toEqual([
      ["0", "step 0", "1;0"],
      ["1", "step 100", "0;1"],
    ]);
  });

  it("is the same as drawings that follow each other", () => {
    const three = [...frames, { points: square.map(([x, y]): Point => [y, x]), caption: "step 200" }];
    const animated = constellationAnimation({ title: "Moving", frames: three, seconds: 4 });
    const stills = [...constellationStills({ title: "Moving", frames: three, seconds: 4 }, 2)];
    expect(stills.map(({ seconds }) => seconds)).toEqual([...Array.from({ length: 8 }, () => 0.5), 1]);
    // What an animated SVG rests at is the last of them, but for what moves.
    const bare = animated.replaceAll(/<animate [^>]*><\/animate>/g, "");
    const drawn = bare.replaceAll(/<text [^>]*opacity="0">[^<]*<\/text>\n/g, "").replace(' opacity="1">', ">");
    expect(stills.at(-1)!.svg).toBe(drawn);
    // Frame 1 is reached in the middle, at the fifth of eight; a quarter of the way is half of what lies between two frames.
    const at = (index: number) => circles(stills[index]!.svg);
    expect(at(0).map(({ cx }) => cx)).toEqual(circlesOf(animated, 0));
    expect(at(4).map(({ cx }) => cx)).toEqual(circlesOf(animated, 1));
    at(2).forEach(({ cx }, point) =>
      expect(Math.abs(cx - (at(0)[point]!.cx + at(4)[point]!.cx) / 2)).toBeLessThan(0.11),
    );
    const shown = stills.map(({ svg }) => texts(svg).find((text) => text.startsWith("step")));
    expect(shown).toEqual([...Array(4).fill("step 0"), ...Array(4).fill("step 100"), "step 200"]);
  });

  it("is one drawing where there is one frame", () => {
    const stills = [...constellationStills({ title: "Still", frames: [frames[1]!], seconds: 4 })];
    expect(stills.map(({ seconds }) => seconds)).toEqual([5]);
    expect(() => constellationStills({ title: "x", frames }, 0)).toThrow(
      /"perSecond" expected a rate from 1 to 60, got 0/,
    );
  });

  it("refuses frames that do not belong together", () => {
    const wrong = [frames[0]!, { points: [[0, 0] as const], caption: "" }];
    expect(() => constellationAnimation({ title: "x", frames: wrong })).toThrow(
      /"points of frame 1" expected 4 entries, got 1/,
    );
    expect(() => constellationAnimation({ title: "x", frames: [] })).toThrow(/"frames" expected at least one/);
    expect(() => constellationAnimation({ title: "x", frames, seconds: 0 })).toThrow(
      /"seconds" expected above 0 to 600, got 0/,
    );
  });
});

describe("stemChart", () => {
  it("stands stems on zero, as high as said", () => {
    const points = [[1, 2] as const, [3, 4] as const];
    const svg = stemChart({
      title: "Distances",
      x: { name: "d" },
      y: { name: "neighbours" },
      series: [{ name: "code", points }],
    });
    expectSound(svg, "Distances");
    const lines = [...svg.matchAll(/<path d="M([\d.]+) ([\d.]+)L([\d.]+) ([\d.]+)"[^>]*stroke="#0072b2"/g)].map(
      (match) => match.slice(1).map(Number),
    ) as [number, number, number, number][];
    expect(lines).toHaveLength(2);
    expect(lines[0]![1]).toBe(lines[1]![1]);
    const heights = lines.map(([, bottom, , top]) => bottom - top);
    // Pixels are rounded to halves to be sharp.
    expect(Math.abs(heights[1]! - 2 * heights[0]!)).toBeLessThan(2.1);
  });

  it("refuses nothing at all", () => {
    expect(() => stemChart({ title: "x", x: { name: "d" }, y: { name: "n" }, series: [] })).toThrow(
      /"series" expected at least one/,
    );
  });
});
