import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeItems, inferLatents } from "@isthmus/compress";
import { batches, parseNpy, syntheticDigits, take } from "@isthmus/data";
import { type Model, readModelFile, referenceEngine, writeModelFile } from "@isthmus/graph";
import { areaUnderRoc } from "@isthmus/math";
import { decode as decodePng, encode as encodePng } from "fast-png";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { DIGITS } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);

const LIMIT = 300;
const SIZE = 784;
const TRAINING = [...DIGITS, "--limit", `${LIMIT}`, "--epochs", "2", "--hidden", "12", "--batch", "50"];
const ITEMS = [...DIGITS, "--range", "0:60"];
const digits = take(syntheticDigits({ items: 60, split: "test" }), 0, 60);
const pixels = Float32Array.from(digits.values, (value) => Math.fround(value * digits.scale));

/** What the engine, float32, may differ by from the float64 interpreter. */
const FLOAT32 = 1e-5;

beforeAll(async () => {
  await report("train", "vae", ...TRAINING, "--latent", "2", "-o", file("vae2.safetensors"));
  await report("train", "vae", ...TRAINING, "--latent", "3", "-o", file("vae3.safetensors"));
  await report("train", "ae", ...TRAINING, "--latent", "2", "-o", file("ae2.safetensors"));
  await report("train", "conditional-vae", ...TRAINING, "--latent", "2", "-o", file("cvae.safetensors"));
});

async function modelOf(name: string): Promise<Model> {
  return readModelFile(await readFile(file(`${name}.safetensors`)));
}

async function array(name: string): Promise<{ shape: readonly number[]; values: Float32Array }> {
  const { shape, values } = parseNpy(await readFile(file(name)));
  return { shape, values: values as Float32Array };
}

/** Codes of the first digits, by the float64 interpreter. */
async function codesOf(name: string, items: number): Promise<{ dims: number; values: Float32Array }> {
  const { dims, values } = await inferLatents(
    referenceEngine(),
    await modelOf(name),
    batches(take(digits, 0, items), { batchSize: 60 }),
  );
  return { dims, values };
}

/** Decoded by the float64 interpreter. */
async function decoded(name: string, codes: readonly (readonly number[])[]): Promise<Float32Array> {
  const [items, dims] = [codes.length, codes[0]!.length];
  return decodeItems(referenceEngine(), await modelOf(name), { items, dims, values: Float32Array.from(codes.flat()) });
}

function image(values: Float32Array, index: number): Float32Array {
  return values.slice(index * SIZE, (index + 1) * SIZE);
}

function expectClose(one: Float32Array, other: Float32Array): void {
  expect(one.length).toBe(other.length);
  const most = one.reduce((largest, value, index) => Math.max(largest, Math.abs(value - other[index]!)), 0);
  expect(most).toBeLessThan(FLOAT32);
}

/** A picture's values. */
async function plotted(kind: string, model: string, ...options: readonly string[]) {
  await report("plot", kind, file(`${model}.safetensors`), ...options, "-o", file("plot.npy"));
  return array("plot.npy");
}

describe("plot reconstructions", () => {
  it("shows items, and below each the decoding of its code", async () => {
    const { shape, values } = await plotted("reconstructions", "vae2", ...DIGITS, "-n", "12");
    // Two pairs of rows of ten; the second pair has two items and is filled up.
    expect(shape).toEqual([40, 28, 28, 1]);
    const codes = await codesOf("vae2", 12);
    const expected = await decoded(
      "vae2",
      Array.from({ length: 12 }, (_, i) => [...codes.values.slice(2 * i, 2 * i + 2)]),
    );
    for (const [item, original] of [
      [0, 0],
      [9, 9],
      [10, 20],
      [11, 21],
    ] as const) {
      expect(image(values, original)).toEqual(image(pixels, item));
      expectClose(image(values, original + 10), image(expected, item));
    }
    expect(image(values, 22).every((value) => value === 1)).toBe(true);
  });

  it("is a labelled picture as well", async () => {
    await report("plot", "reconstructions", file("vae2.safetensors"), ...DIGITS, "-n", "3", "-o", file("r.png"));
    const { width, height } = decodePng(await readFile(file("r.png")));
    // Three tiles of 4 * 28 + 1 pixels, two rows; "original" has eight characters of six pixels, twice as large.
    expect([width, height]).toEqual([3 * 113 + 1 + 2 * 47 + 8, 2 * 113 + 1]);
  });
});

describe("plot samples", () => {
  it("shows what sample draws", async () => {
    const { values } = await plotted("samples", "vae2", "-n", "9", "--seed", "4");
    await report("sample", file("vae2.safetensors"), "-n", "9", "--seed", "4", "-o", file("s.npy"));
    expect(values).toEqual((await array("s.npy")).values);
  });

  it("gives a conditional model's classes a column each", async () => {
    await report("plot", "samples", file("cvae.safetensors"), "-n", "20", "-o", file("c.png"));
    const { width, height } = decodePng(await readFile(file("c.png")));
    expect([width, height]).toEqual([10 * 113 + 1, 2 * 113 + 1 + 2 * 9 + 8]);
    const { values } = await plotted("samples", "cvae", "-n", "20");
    await report("sample", file("cvae.safetensors"), "-n", "20", "--label", "3", "-o", file("s.npy"));
    const three = (await array("s.npy")).values;
    // Draw 13 is of class 3 in both, and of the same noise; draw 14 is not.
    expect(image(values, 13)).toEqual(image(three, 13));
    expect(image(values, 14)).not.toEqual(image(three, 14));
  });
});

describe("plot latent", () => {
  async function latent(model: string, ...options: readonly string[]): Promise<string> {
    await report("plot", "latent", file(`${model}.safetensors`), ...ITEMS, ...options, "-o", file("l.svg"));
    return readFile(file("l.svg"), "utf8");
  }
  const dots = (svg: string): number =>
    [
      ...svg.matchAll(
        /<path d="((?:M[-\d.]+ [-\d.]+L[-\d.]+ [-\d.]+)+)"[^>]*stroke-opacity="0.6" stroke-linecap="round"/g,
      ),
    ]
      .map(([, path]) => path!.split("M").length - 1)
      .reduce((sum, count) => sum + count, 0);

  it("has a dot for each item, and the rings of a prior N(0, I)", async () => {
    const svg = await latent("vae2");
    expect(dots(svg)).toBe(60);
    expect(svg.match(/<circle /g)).toHaveLength(3);
    for (const text of ["z1", "z2", "3 sigma", "posterior means of 60 items of synthetic-digits"]) {
      expect(svg).toContain(text);
    }
  });

  it("has no rings where there is no prior", async () => {
    const svg = await latent("ae2");
    expect(dots(svg)).toBe(60);
    expect(svg).not.toContain("<circle ");
    expect(svg).toContain("codes of 60 items");
  });

  it("names the axes that it shows", async () => {
    expect(await latent("vae3")).toMatch(/principal axis 1 of 3 latents \(\d+ % of their variance\)/);
    const chosen = await latent("vae3", "--dims", "1,3");
    expect(chosen).toMatch(/>z1</);
    expect(chosen).toMatch(/>z3</);
    expect(chosen).not.toContain("principal");
  });

  it("puts several models side by side: reconstruction only, KL only, both", async () => {
    const objectives = { reconstruction: ["--kl-weight", "0"], kl: ["--reconstruction", "off"], both: [] };
    for (const [name, options] of Object.entries(objectives)) {
      const told = ["--latent", "2", "--kl-weight", "1", ...options, "--epochs", "20", "--lr", "0.01"];
      await report("train", "beta-vae", ...TRAINING, ...told, "-o", file(`${name}.safetensors`));
    }
    const files = Object.keys(objectives).map((name) => file(`${name}.safetensors`));
    const { shows } = await report("plot", "latent", ...files, ...ITEMS, "--draw", "-o", file("three.svg"));
    const svg = await readFile(file("three.svg"), "utf8");
    expect(dots(svg)).toBe(3 * 60);
    expect(svg.match(/<circle /g)).toHaveLength(9);
    expect(svg).toContain("draws of q(z|x) of 60 items of synthetic-digits; rings: standard deviations of the prior");
    for (const name of Object.keys(objectives)) {
      expect(svg).toContain(`>${name}</text>`);
      expect(shows).toContain(`${name}: draws of q(z|x) of 60 items in the plane of z1 and z2`);
    }
    // Minimised to nothing: the draws are those of the prior.
    const { kl } = (await report("eval", file("kl.safetensors"), ...ITEMS)) as { kl: number };
    expect(kl).toBeLessThan(0.01);
  });

  it("refuses models side by side that do not read the same items", async () => {
    await report("train", "ae", ...TRAINING, "--data", "sprites", "--limit", "50", "-o", file("sprites.safetensors"));
    const line = await complaint(
      "plot",
      "latent",
      file("vae2.safetensors"),
      file("sprites.safetensors"),
      "-o",
      file("l.svg"),
    );
    expect(line).toBe(`${file("sprites.safetensors")} does not read the items that ${file("vae2.safetensors")} reads`);
    expect(await complaint("plot", "latent", file("ae2.safetensors"), ...ITEMS, "--draw", "-o", file("l.svg"))).toBe(
      'a model of kind "ae" has no posterior to draw from; train a vae',
    );
  });

  it("refuses latents that are not there", async () => {
    const args = ["plot", "latent", file("vae2.safetensors"), ...ITEMS, "-o", file("l.svg"), "--dims"];
    expect(await complaint(...args, "1,3")).toBe("--dims expected latents from 1 to 2, got 3");
    expect(await complaint(...args, "1")).toContain("expected 2 numbers separated by commas");
    expect(await complaint(...args, "0,1")).toContain("expected a whole number of at least 1");
  });
});

describe("plot manifold", () => {
  it("decodes the quantiles of N(0, 1) at evenly spaced probabilities, upwards", async () => {
    const { shape, values } = await plotted("manifold", "vae2", "--size", "3");
    expect(shape).toEqual([9, 28, 28, 1]);
    // The quantile at 5/6.
    const q = 0.967421566101701;
    const corners = [
      [-q, q],
      [0, q],
      [q, q],
      [-q, 0],
      [0, 0],
      [q, 0],
      [-q, -q],
      [0, -q],
      [q, -q],
    ];
    expectClose(values, await decoded("vae2", corners));
  });

  it("leaves the other latents at 0", async () => {
    const { values } = await plotted("manifold", "vae3", "--size", "2", "--dims", "3,1");
    const q = 0.674489750196082;
    expectClose(
      values,
      await decoded("vae3", [
        [q, 0, -q],
        [q, 0, q],
        [-q, 0, -q],
        [-q, 0, q],
      ]),
    );
  });
});

it("plot manifold needs a prior N(0, I)", async () => {
  expect(await complaint("plot", "manifold", file("ae2.safetensors"), "-o", file("m.png"))).toContain(
    "no prior N(0, I)",
  );
});

describe("interpolation", () => {
  it("goes from one item's decoding to the other's, straight and along the arc", async () => {
    const codes = await codesOf("vae3", 4);
    const code = (item: number): number[] => [...codes.values.slice(3 * item, 3 * item + 3)];
    const ends = await decoded("vae3", [code(1), code(3)]);
    const middle = await decoded("vae3", [code(1).map((value, i) => (value + code(3)[i]!) / 2)]);
    const { shape, values } = await plotted(
      "interpolation",
      "vae3",
      ...DIGITS,
      "--from",
      "1",
      "--to",
      "3",
      "--steps",
      "5",
    );
    expect(shape).toEqual([10, 28, 28, 1]);
    for (const row of [0, 5]) {
      expectClose(image(values, row), image(ends, 0));
      expectClose(image(values, row + 4), image(ends, 1));
    }
    expectClose(image(values, 2), middle);
    expect(image(values, 7)).not.toEqual(image(values, 2));
    for (const [row, way] of [
      [0, []],
      [1, ["--spherical"]],
    ] as const) {
      const json = await report(
        ...["interpolate", file("vae3.safetensors"), ...DIGITS, "--from", "1", "--to", "3", "--steps", "5", ...way],
        ...["-o", file("i.npy")],
      );
      expect(json).toEqual({ from: 1, to: 3, steps: 5, way: row === 0 ? "linear" : "spherical", out: file("i.npy") });
      expect((await array("i.npy")).values).toEqual(values.slice(row * 5 * SIZE, (row + 1) * 5 * SIZE));
    }
  });

  it("spans a sheet between four items", async () => {
    const codes = await codesOf("vae2", 8);
    const corners = [5, 0, 7, 2];
    const { values } = await plotted("sheet", "vae2", ...DIGITS, "--corners", corners.join(","), "--size", "4");
    const ends = await decoded(
      "vae2",
      corners.map((item) => [...codes.values.slice(2 * item, 2 * item + 2)]),
    );
    [0, 3, 12, 15].forEach((cell, corner) => expectClose(image(values, cell), image(ends, corner)));
  });

  it("needs items of the data", async () => {
    const args = ["interpolate", file("vae2.safetensors"), ...ITEMS, "-o", file("i.png")];
    expect(await complaint(...args, "--from", "0", "--to", "60")).toBe(
      "--to expected an item from 0 to 59 of synthetic-digits, got 60",
    );
    expect(await complaint(...args, "--from", "0")).toContain("required option '--to <item>' not specified");
    expect(await complaint(...args, "--from", "0", "--to", "1", "--steps", "1")).toContain("at least 2");
  });
});

describe("plot traversals", () => {
  it("moves one latent at a time around the middle of the prior", async () => {
    const { shape, values } = await plotted("traversals", "vae3", ...ITEMS, "--steps", "3", "--span", "2");
    expect(shape).toEqual([9, 28, 28, 1]);
    const { values: codes } = await codesOf("vae3", 60);
    const variance = [0, 1, 2].map((index) => {
      const column = Array.from({ length: 60 }, (_, item) => codes[3 * item + index]!);
      const mean = column.reduce((sum, value) => sum + value, 0) / 60;
      return column.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    });
    const order = [0, 1, 2].toSorted((a, b) => variance[b]! - variance[a]!);
    const unit = (index: number, value: number) => [0, 1, 2].map((i) => (i === index ? value : 0));
    expectClose(
      values,
      await decoded(
        "vae3",
        order.flatMap((index) => [-2, 0, 2].map((value) => unit(index, value))),
      ),
    );
  });

  it("changes an item's code where asked, and shows as many latents as asked", async () => {
    const { shape, values } = await plotted(
      ...(["traversals", "vae3", ...ITEMS, "--from", "7", "--steps", "2", "--latents", "1"] as const),
    );
    expect(shape).toEqual([2, 28, 28, 1]);
    const middle = await decoded("vae3", [[0, 0, 0]]);
    expect(image(values, 0)).not.toEqual(image(values, 1));
    expect(image(values, 0)).not.toEqual(middle);
  });

  it("takes the spread of the codes where there is no prior", async () => {
    const { values: codes } = await codesOf("ae2", 60);
    const moments = [0, 1].map((index) => {
      const column = Array.from({ length: 60 }, (_, item) => codes[2 * item + index]!);
      const mean = column.reduce((sum, value) => sum + value, 0) / 60;
      return { mean, sd: Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 60) };
    });
    const [a, b] = moments as [(typeof moments)[0], (typeof moments)[0]];
    const wide = a.sd > b.sd ? [a.mean - a.sd, b.mean] : [a.mean, b.mean - b.sd];
    const { values } = await plotted("traversals", "ae2", ...ITEMS, "--steps", "2", "--span", "1");
    expectClose(image(values, 0), await decoded("ae2", [wide]));
  });
});

describe("curves", () => {
  const chart = async (...args: readonly string[]): Promise<string> => {
    await report("plot", ...args, "-o", file("c.svg"));
    return readFile(file("c.svg"), "utf8");
  };

  it("show loss, distortion and rate of a VAE, and the loss alone of an autoencoder", async () => {
    const vae = await chart("curves", file("vae2.safetensors"));
    expect([...vae.matchAll(/<svg /g)]).toHaveLength(5);
    expect(vae).toContain("real-valued pixels as Bernoulli probabilities");
    expect(vae).toContain("Rate: KL(q(z|x) || p(z))");
    const ae = await chart("curves", file("ae2.safetensors"));
    expect([...ae.matchAll(/<svg /g)]).toHaveLength(1);
    expect(ae).toContain("test: -log p(x|z)");
  });

  it("put several models into one plane", async () => {
    const svg = await chart("rate-distortion", file("vae2.safetensors"), file("vae3.safetensors"));
    for (const name of ["vae2", "vae3", "epoch 2"]) expect(svg).toContain(`>${name}</text>`);
  });

  it("need a history, a rate and one convention", async () => {
    const out = ["-o", file("c.svg")];
    const { test } = (await modelOf("vae2")).metrics;
    await writeFile(file("bare.safetensors"), writeModelFile({ ...(await modelOf("vae2")), metrics: { test: test! } }));
    expect(await complaint("plot", "curves", file("bare.safetensors"), ...out)).toBe(
      `${file("bare.safetensors")} holds no training history; train it again to have one`,
    );
    expect(await complaint("plot", "rate-distortion", file("ae2.safetensors"), ...out)).toContain("has no KL");
    await report("train", "vae", ...TRAINING, "--binarize", "threshold", "-o", file("other.safetensors"));
    const both = [file("vae2.safetensors"), file("other.safetensors")];
    expect(await complaint("plot", "rate-distortion", ...both, ...out)).toContain("data conventions differ");
  });
});

describe("items that are no images", () => {
  const rows = Array.from({ length: 400 }, (_, t) => `${Math.sin(t / 9).toFixed(4)},${(t % 30) / 10}`);

  beforeAll(async () => {
    await writeFile(file("series.csv"), `a,b\n${rows.join("\n")}\n`);
    const reading = ["--data", file("series.csv"), "--window", "20", "--stride", "5", "--epochs", "2", "--hidden", "8"];
    const network = ["--latent", "3", "--likelihood", "gaussian"];
    await report("train", "vae", ...reading, ...network, "-o", file("series.safetensors"));
  });

  const drawn = async (kind: string, ...options: readonly string[]): Promise<string> => {
    await report("plot", kind, file("series.safetensors"), ...options, "-o", file("s.svg"));
    return readFile(file("s.svg"), "utf8");
  };
  const data = () => ["--data", file("series.csv"), "--split", "train"];
  const panels = (svg: string): number => svg.match(/<svg x=/g)?.length ?? 0;

  it("are lines: an item and its decoding in a panel, both channels in colours of their own", async () => {
    const svg = await drawn("reconstructions", ...data(), "-n", "3");
    expect(panels(svg)).toBe(3);
    for (const name of ["original, 1", "decoded, 2"]) expect(svg.split(`>${name}</text>`)).toHaveLength(4);
    expect(svg).toContain(">step</text>");
  });

  it("have a panel for each channel where several are compared", async () => {
    expect(panels(await drawn("traversals", ...data(), "--steps", "5"))).toBe(3 * 2);
    const svg = await drawn("samples", "-n", "9");
    expect(panels(svg)).toBe(3 * 2);
    expect(svg).toContain(">row 1, channel 2</text>");
  });

  it("are lines in a .png, too", async () => {
    await report("plot", "samples", file("series.safetensors"), "-n", "9", "-o", file("s.png"));
    const [, width, height] = /^<svg [^>]*width="(\d+)" height="(\d+)"/.exec(await drawn("samples", "-n", "9"))!;
    const image = decodePng(await readFile(file("s.png")));
    expect([image.width, image.height]).toEqual([2 * Number(width), 2 * Number(height)]);
  });

  it("are values in the units of the data", async () => {
    const rows = Array.from(
      { length: 200 },
      (_, i) => `${(1000 + 10 * Math.sin(i)).toFixed(3)},${i % 3 ? "yes" : "no"}`,
    );
    await writeFile(file("table.csv"), `level,on\n${rows.join("\n")}\n`);
    const reading = [
      "--data",
      file("table.csv"),
      "--categorical",
      "on",
      "--latent",
      "2",
      "--hidden",
      "8",
      "--epochs",
      "2",
    ];
    await report("train", "vae", ...reading, "-o", file("table.safetensors"));
    const way = ["interpolate", file("table.safetensors"), "--data", file("table.csv"), "--from", "0", "--to", "5"];
    await report(...way, "--steps", "4", "-o", file("way.csv"));
    await report(...way, "--steps", "4", "-o", file("way.npy"));
    const lines = (await readFile(file("way.csv"), "utf8")).trimEnd().split("\n");
    const { shape, values } = await array("way.npy");
    expect([lines[0], lines.length, shape]).toEqual(["level,on", 5, [4, 2]]);
    for (const [row, line] of lines.slice(1).entries()) {
      const [level, on] = line.split(",");
      expect(Math.abs(Number(level) - 1000)).toBeLessThan(20);
      // Categories by their places among their names.
      expect([Number(level), on === "yes" ? 1 : 0]).toEqual([values[2 * row], values[2 * row + 1]]);
    }
  });

  it("have a page as well", async () => {
    const { sections } = await report("report", file("series.safetensors"), ...data(), "-o", file("r.html"));
    expect(sections).toEqual(expect.arrayContaining(["Reconstructions", "Samples", "Traversals", "Interpolation"]));
    expect(sections).not.toContain("Plane of the prior");
  });
});

describe("a picture's file", () => {
  it.each([
    ["reconstructions", "x.svg", ".png or .npy"],
    ["latent", "x.jpg", ".svg or .png"],
    ["curves", "x", ".svg or .png"],
  ])("of %s is not %s", async (kind, out, endings) => {
    const line = await complaint("plot", kind, file("vae2.safetensors"), "-o", file(out));
    expect(line).toBe(`--out expected a name ending in ${endings}, got ${file(out)}`);
  });

  it("is never the model", async () => {
    await writeFile(file("m.png"), await readFile(file("vae2.safetensors")));
    expect(await complaint("plot", "samples", file("m.png"), "-o", file("m.png"))).toContain("would replace a file");
  });

  it("is the same bytes again", async () => {
    for (const [kind, out] of [
      ["latent", "a.svg"],
      ["curves", "a.svg"],
      ["reconstructions", "a.png"],
    ] as const) {
      const data = kind === "curves" ? [] : ITEMS;
      await report("plot", kind, file("vae2.safetensors"), ...data, "-o", file(out));
      const first = await readFile(file(out));
      await report("plot", kind, file("vae2.safetensors"), ...data, "-o", file(out));
      expect((await readFile(file(out))).equals(first)).toBe(true);
    }
  });

  it("asks which picture, and says where help is", async () => {
    expect(await complaint("plot", "frob")).toBe("unknown command 'frob' (isthmus plot --help shows how)");
    expect(await complaint("plot", "latent", "x")).toContain("(isthmus plot latent --help shows how)");
  });
});

describe("variations of one input", () => {
  const vary = async (model: string, from: string, ...more: readonly string[]): Promise<Float32Array> => {
    await report("sample", file(`${model}.safetensors`), ...DIGITS, "--from", from, ...more, "-o", file("v.npy"));
    return (await array("v.npy")).values;
  };

  it("are the same from an item and from a picture of it", async () => {
    const data = Uint8Array.from(digits.values.slice(5 * SIZE, 6 * SIZE));
    await writeFile(file("five.png"), encodePng({ width: 28, height: 28, channels: 1, depth: 8, data }));
    const rgba = Uint8Array.from({ length: 4 * SIZE }, (_, i) => (i % 4 === 3 ? 255 : data[Math.floor(i / 4)]!));
    await writeFile(file("colour.png"), encodePng({ width: 28, height: 28, channels: 4, depth: 8, data: rgba }));
    const fromItem = await vary("vae2", "5", "-n", "6");
    expect(fromItem.length).toBe(6 * SIZE);
    expect(await vary("vae2", file("five.png"), "-n", "6")).toEqual(fromItem);
    // Luma weights sum to 1 up to rounding.
    expectClose(await vary("vae2", file("colour.png"), "-n", "6"), fromItem);
    expect(await vary("vae2", "5", "-n", "6", "--seed", "2")).not.toEqual(fromItem);
    expect(image(fromItem, 0)).not.toEqual(image(fromItem, 1));
  });

  it("lie around the item's own decoding", async () => {
    const { values } = await codesOf("vae2", 3);
    const [own, other] = [await decoded("vae2", [[...values.slice(4, 6)]]), await decoded("vae2", [[3, 3]])];
    const variations = await vary("vae2", "2", "-n", "200");
    const mean = own.map((_, i) => {
      let sum = 0;
      for (let draw = 0; draw < 200; draw++) sum += variations[draw * SIZE + i]!;
      return sum / 200;
    });
    const distance = (from: Float32Array) => Math.hypot(...mean.map((value, i) => value - from[i]!));
    expect(distance(own)).toBeLessThan(distance(other));
  });

  it("of a conditional model keep the item's label, or take another", async () => {
    expect(await vary("cvae", "2", "-n", "2")).not.toEqual(
      await vary("cvae", "2", "-n", "2", "--label", `${(digits.labels![2]! + 1) % 10}`),
    );
  });

  it("need an input that fits and a model with a posterior", async () => {
    const out = ["-o", file("v.png")];
    const data = new Uint8Array(4).fill(9);
    await writeFile(file("small.png"), encodePng({ width: 2, height: 2, channels: 1, depth: 8, data }));
    await writeFile(file("broken.png"), "no picture");
    const model = file("vae2.safetensors");
    expect(await complaint("sample", model, "--from", file("small.png"), ...out)).toBe(
      `the model takes items of shape [28, 28, 1], ${file("small.png")} has 2 rows of 2 pixels`,
    );
    expect(await complaint("sample", model, "--from", file("broken.png"), ...out)).toContain(
      "is no PNG that can be read",
    );
    expect(await complaint("sample", model, "--from", "seven", ...out)).toContain('got "seven"');
    expect(await complaint("sample", model, ...ITEMS, "--from", "60", ...out)).toContain(
      "--from expected an item from 0 to 59",
    );
    expect(await complaint("sample", model, "--label", "3", ...out)).toContain(
      "--label goes with a conditional model only",
    );
    expect(await complaint("sample", file("cvae.safetensors"), "--label", "10", ...out)).toContain(
      "--label expected 0 to 9",
    );
    expect(await complaint("sample", file("cvae.safetensors"), "--from", file("small.png"), ...out)).toContain(
      "2 pixels",
    );
    expect(await complaint("sample", file("ae2.safetensors"), ...DIGITS, "--from", "0", ...out)).toContain(
      "has no posterior",
    );
  });
});

describe("sample --draw", () => {
  const draw = async (model: string, ...more: readonly string[]): Promise<Float32Array> => {
    await report("sample", file(`${model}.safetensors`), ...more, "-o", file("d.npy"));
    return (await array("d.npy")).values;
  };

  it("draws zeros and ones of a Bernoulli likelihood, with its means as probabilities", async () => {
    const [means, draws] = [await draw("vae2", "-n", "100"), await draw("vae2", "-n", "100", "--draw")];
    expect(draws.every((value) => value === 0 || value === 1)).toBe(true);
    // Sums of independent draws, plain and weighted by their probabilities: five standard deviations.
    for (const weight of [() => 1, (p: number) => p]) {
      const difference = draws.reduce((sum, value, i) => sum + weight(means[i]!) * (value - means[i]!), 0);
      const variance = means.reduce((sum, p) => sum + weight(p) ** 2 * p * (1 - p), 0);
      expect(Math.abs(difference)).toBeLessThan(5 * Math.sqrt(variance));
    }
  });

  it("spreads a Gaussian likelihood by its variance, fixed or learned", async () => {
    for (const variance of ["fixed", "per-feature"]) {
      const options = ["--likelihood", "gaussian", "--variance", variance, "--variance-value", "0.04"];
      await report("train", "vae", ...TRAINING, ...options, "-o", file("gauss.safetensors"));
      const [means, draws] = [await draw("gauss", "-n", "50"), await draw("gauss", "-n", "50", "--draw")];
      const learned = (await modelOf("gauss")).parameters["decoder.logVar"]?.data as Float32Array | undefined;
      // log(0.04 exp(w) + 1e-6) of the weights w.
      const scale = (i: number): number => Math.sqrt(learned ? 0.04 * Math.exp(learned[i % SIZE]!) + 1e-6 : 0.04);
      const standardised = draws.map((value, i) => (value - means[i]!) / scale(i));
      const moment = (power: number) => standardised.reduce((sum, value) => sum + value ** power, 0) / draws.length;
      // 39,200 draws: five standard errors of the mean, and of the mean square, whose variance is 2.
      expect(Math.abs(moment(1))).toBeLessThan(5 / Math.sqrt(draws.length));
      expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / draws.length));
    }
  });

  it("stays on the levels of a discretised likelihood", async () => {
    const options = ["--likelihood", "discretised-logistic", "--levels", "5"];
    await report("train", "vae", ...TRAINING, ...options, "-o", file("levels.safetensors"));
    const draws = await draw("levels", "-n", "10", "--draw");
    expect([...new Set(draws)].toSorted((a, b) => a - b)).toEqual([0, 0.25, 0.5, 0.75, 1]);
  });
});

describe("score", () => {
  const run = (model: string, out: string, ...more: readonly string[]) =>
    report("score", file(`${model}.safetensors`), ...ITEMS, ...more, "-o", file(out));

  it("tells of each item what eval tells of all", async () => {
    const json = await run("vae2", "s.csv");
    const evaluated = await report("eval", file("vae2.safetensors"), ...ITEMS);
    for (const [name, value] of Object.entries(json.means)) expect(value).toBeCloseTo(evaluated[name], 3);
    const [head, ...rows] = (await readFile(file("s.csv"), "utf8")).trimEnd().split("\n");
    expect(head).toBe("item,label,negElbo,reconstruction,kl,squaredError");
    expect(rows).toHaveLength(60);
    const table = rows.map((row) => row.split(",").map(Number));
    expect(table.map(([item]) => item)).toEqual(Array.from({ length: 60 }, (_, item) => item));
    expect(table.map((row) => row[1])).toEqual([...digits.labels!]);
    for (const [, , negElbo, reconstruction, kl] of table) {
      // Each is rounded to float32: half a unit in the last place of a few hundred nats, three times.
      expect(Math.abs(negElbo! - reconstruction! - kl!)).toBeLessThan(3 * 1024 * 2 ** -24);
    }
    expect(json).not.toHaveProperty("auc");
  });

  it("measures how well each score finds anomalies", async () => {
    const json = await run("vae2", "s.json", "--anomalies", "3,8");
    const stored = JSON.parse(await readFile(file("s.json"), "utf8"));
    const positive = [...digits.labels!].map((label) => label === 3 || label === 8);
    expect(json.anomalies).toBe(positive.filter(Boolean).length);
    for (const [name, area] of Object.entries(json.auc)) {
      expect(area).toBe(areaUnderRoc(stored.scores[name], positive));
    }
    expect(stored).toMatchObject({
      labels: [...digits.labels!],
      auc: json.auc,
      items: 60,
      convention: json.convention,
    });
    const { stdout } = await isthmus([
      "score",
      file("ae2.safetensors"),
      ...ITEMS,
      "--anomalies",
      "3",
      "-o",
      file("s.csv"),
    ]);
    expect(stdout).toMatch(/reconstruction +mean [\d.]+ +AUC 0\.\d{4}/);
    expect((await readFile(file("s.csv"), "utf8")).split("\n", 1)[0]).toContain("item,label,anomaly,");
  });

  it("needs anomalies that are there, and other items beside them", async () => {
    const args = ["score", file("vae2.safetensors"), ...ITEMS, "-o"];
    expect(await complaint(...args, file("s.csv"), "--anomalies", "77")).toContain("no item has such a label");
    expect(await complaint(...args, file("s.csv"), "--anomalies", "0,1,2,3,4,5,6,7,8,9")).toContain(
      "every item is one",
    );
    expect(await complaint(...args, file("s.csv"), "--anomalies", "3,")).toContain("expected labels such as 4,9");
    expect(await complaint(...args, file("s.txt"))).toContain("--out expected a name ending in .csv or .json");
  });
});

describe("eval --importance-samples", () => {
  it("bounds log p(x) from below, and more tightly than the ELBO does", async () => {
    const args = ["eval", file("vae2.safetensors"), ...ITEMS];
    const { negElbo, importance } = await report(...args, "--importance-samples", "50");
    expect(importance.samples).toBe(50);
    expect(importance.standardError).toBeGreaterThan(0);
    expect(importance.effectiveSampleSize).toBeGreaterThanOrEqual(1);
    expect(importance.effectiveSampleSize).toBeLessThanOrEqual(50);
    // E log mean w >= E log w; both are means over 60 items, and the bound gains nats here.
    expect(importance.logLikelihood).toBeGreaterThan(-negElbo);
    const { stdout } = await isthmus([...args, "--importance-samples", "50"]);
    expect(stdout).toContain(
      `log p(x) >= ${importance.logLikelihood.toFixed(3)} +- ${importance.standardError.toFixed(3)} nats`,
    );
    expect(await report(...args)).not.toHaveProperty("importance");
  });

  it("needs a model with a likelihood of x", async () => {
    const line = await complaint("eval", file("ae2.safetensors"), ...ITEMS, "--importance-samples", "5");
    expect(line).toContain('is of kind "ae", which has no likelihood p(x) to estimate');
  });
});

describe("report", () => {
  const page = async (model: string): Promise<{ html: string; sections: string[] }> => {
    const json = await report("report", file(`${model}.safetensors`), ...ITEMS, "-o", file("r.html"));
    const html = await readFile(file("r.html"), "utf8");
    expect(json.bytes).toBe(Buffer.byteLength(html));
    return { html, sections: json.sections };
  };

  it("is one file with everything in it", async () => {
    const { html, sections } = await page("vae2");
    expect(sections).toEqual([
      ...["Summary", "Figures", "Training", "Reconstructions", "Samples", "Latent space", "Plane of the prior"],
      ...["Traversals", "Interpolation", "Parameters", "Provenance"],
    ]);
    for (const title of sections) expect(html).toContain(`>${title}</h2>`);
    // But for what is in pictures.
    expect(html.replaceAll(/base64,[^"]*/g, "")).not.toMatch(/<script|<link|NaN|undefined|\[object/);
    for (const [, source] of html.matchAll(/\bsrc="([^"]{0,20})/g)) expect(source).toMatch(/^data:image\/(png|svg)/);
    for (const [, alt] of html.matchAll(/<img [^>]*alt="([^"]*)"/g)) expect(alt!.length).toBeGreaterThan(20);
    const { metrics } = await modelOf("vae2");
    expect(html).toContain((metrics as any).test.negElbo.toFixed(3));
    expect(html).toContain("real-valued pixels as Bernoulli probabilities");
    expect(html).not.toContain(folder);
  });

  it("leaves out what a model does not have", async () => {
    const { sections } = await page("ae2");
    expect(sections).not.toContain("Samples");
    expect(sections).not.toContain("Plane of the prior");
    expect((await page("cvae")).sections).toContain("Samples");
  });

  it("is an .html file", async () => {
    expect(await complaint("report", file("vae2.safetensors"), "-o", file("r.pdf"))).toContain("ending in .html");
  });
});
