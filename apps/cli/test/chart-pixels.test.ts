import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterEach, describe, expect, it, vi } from "vitest";
import { report, start } from "./support/cli.ts";
import { temporaryFolder } from "./support/folder.ts";

afterEach(() => vi.unstubAllEnvs());

describe("a chart as .png", () => {
  it("is the drawing in twice its pixels, on white", async () => {
    const here = await temporaryFolder();
    const [png, svg] = [join(here, "b.png"), join(here, "b.svg")];
    for (const out of [png, svg]) await report("channel", "baseline", "uncoded-4", "--ebno", "0:8:1", "-o", out);
    const { width, height, channels, data, resolution } = decode(await readFile(png));
    expect([width, height]).toEqual([1760, 1120]);
    // 144 dots per inch are 5669 per metre, so that documents show it in the drawing's size.
    expect(resolution).toEqual({ x: 5669, y: 5669, unit: 1 });
    const at = (x: number, y: number): number[] => [
      ...data.subarray(channels * (y * width + x), channels * (y * width + x) + 3),
    ];
    expect(at(0, 0)).toEqual([255, 255, 255]);
    // The curve, 2 pixels wide in the drawing, passes through the places that the drawing says: its colour is there.
    const [, course] = /<path d="(M[^"]*)" fill="none" stroke="#0072b2" stroke-width="2"/.exec(
      await readFile(svg, "utf8"),
    )!;
    const places = [...course!.matchAll(/([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
    expect(places.length).toBeGreaterThan(8);
    const inner = places.filter(([x]) => x > 90 && x < 600);
    // A pixel at the edge of a bend may be white to a tenth.
    const isInk = (colour: readonly number[]): boolean =>
      [0x00, 0x72, 0xb2].every((ink, i) => colour[i]! >= ink && colour[i]! <= ink + (255 - ink) / 10);
    for (const [x, y] of inner) expect(at(Math.floor(2 * x), Math.floor(2 * y))).toSatisfy(isInk);
  });

  it("is the same bytes again", async () => {
    const here = await temporaryFolder();
    const [one, other] = [join(here, "1.png"), join(here, "2.png")];
    for (const out of [one, other]) await report("channel", "plot", "spectrum", "hamming", "-o", out);
    expect((await readFile(one)).equals(await readFile(other))).toBe(true);
  });

  it("is refused before the work where no font is installed", async () => {
    const here = await temporaryFolder();
    const none = join(here, "fonts.conf");
    await writeFile(none, `<?xml version="1.0"?><fontconfig><dir>${here}</dir></fontconfig>`);
    vi.stubEnv("FONTCONFIG_FILE", none);
    const { code, stderr } = await start(["channel", "simulate", "hamming", "-o", join(here, "x.png")]).ended;
    const said = stderr.split("\n").filter((line) => line.startsWith("isthmus: "));
    expect([code, said]).toEqual([
      2,
      [`isthmus: ${join(here, "x.png")}: no font is installed to write a chart's words with; write .svg instead`],
    ]);
  });
});
