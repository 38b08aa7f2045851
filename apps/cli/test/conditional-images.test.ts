import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseNpy, syntheticDigits } from "@isthmus/data";
import { readModelFile } from "@isthmus/graph";
import { encode as encodePng } from "fast-png";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, isthmus, report } from "./support/cli.ts";
import { DIGITS, SMALL } from "./support/data.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);

const SIZE = 784;
const SIDE = 28;
const digits = syntheticDigits({ items: 20, split: "test" });
const bytes = (item: number): Uint8Array => Uint8Array.from(digits.values.slice(item * SIZE, (item + 1) * SIZE));
const isLeft = (pixel: number): boolean => pixel % SIDE < SIDE / 2;

beforeAll(async () => {
  const options = [...SMALL, "--latent", "2"];
  const train = (name: string, ...more: readonly string[]) =>
    report("train", "conditional-vae", ...options, ...more, "-o", file(name));
  await train("left.safetensors", "--condition", "left", "--prior", "learned", "--epochs", "3");
  await train("small.safetensors", "--condition", "downscaled", "--epochs", "3");
  await train("label.safetensors");
  for (const item of [3, 4]) await png(`${item}.png`, bytes(item), SIDE);
});

async function png(name: string, data: Uint8Array, width: number): Promise<string> {
  await writeFile(file(name), encodePng({ width, height: data.length / width, channels: 1, depth: 8, data }));
  return file(name);
}

/** Draws, [count, 784]. */
async function drawn(model: string, ...more: readonly string[]): Promise<Float32Array[]> {
  await report("sample", file(`${model}.safetensors`), ...more, "-o", file("s.npy"));
  return images("s.npy");
}

async function images(name: string): Promise<Float32Array[]> {
  const values = parseNpy(await readFile(file(name))).values as Float32Array;
  return Array.from({ length: values.length / SIZE }, (_, i) => values.slice(i * SIZE, (i + 1) * SIZE));
}

/** Nothing where the other half is. */
const half = (image: ArrayLike<number>, left: boolean): number[] =>
  Array.from(image).filter((_, pixel) => isLeft(pixel) === left);

const scaled = (image: Uint8Array): Float32Array => Float32Array.from(image, (byte) => Math.fround(byte / 255));

describe("a half that is known", () => {
  it("is part of what was trained and is said with every likelihood", async () => {
    const path = file("left.safetensors");
    const { config, coding, metrics } = readModelFile(await readFile(path));
    expect(config).toMatchObject({ condition: "left", prior: "learned" });
    expect(coding).toBeUndefined();
    const { stdout } = await isthmus(["eval", path, ...DIGITS, "--range", "0:300"]);
    expect(stdout).toContain("real-valued pixels as Bernoulli probabilities; the right half given the left one");
    const again = await report("eval", path, ...DIGITS, "--range", "0:300", "--importance-samples", "3");
    expect(again.negElbo).toBe((metrics["test"] as { negElbo: number }).negElbo);
    expect(again.importance.logLikelihood).toBeGreaterThan(-SIZE);
    expect(await complaint("encode", path, ...DIGITS, "-o", file("never.isth"))).toContain("[MODEL_NO_CODING]");
    for (const part of ["encoder", "decoder"]) {
      const { maxAbsError } = await report("export", path, "--part", part, "-o", file("left.onnx"));
      // The bound that export itself holds logits and codes to.
      expect(maxAbsError === null || maxAbsError < 1e-4).toBe(true);
    }
  });

  it("stays in every draw, and decides what goes with it", async () => {
    const draws = await drawn("left", "--condition", file("3.png"), "-n", "4");
    expect(draws).toHaveLength(4);
    for (const draw of draws) expect(half(draw, true)).toEqual(half(scaled(bytes(3)), true));
    expect(half(draws[0]!, false)).not.toEqual(half(draws[1]!, false));
    const other = await drawn("left", "--condition", file("4.png"), "-n", "4");
    expect(half(other[0]!, false)).not.toEqual(half(draws[0]!, false));
    expect(await drawn("left", "--condition", file("3.png"), "-n", "4", "--seed", "2")).not.toEqual(draws);
  });

  it("comes from a picture, whatever is in its other half, or from a picture of the half", async () => {
    const draws = await drawn("left", ...DIGITS, "--condition", "3", "-n", "2");
    const whole = bytes(3);
    const torn = whole.map((byte, pixel) => (isLeft(pixel) ? byte : 255 - byte));
    const part = Uint8Array.from(half(whole, true));
    expect(await drawn("left", "--condition", file("3.png"), "-n", "2")).toEqual(draws);
    expect(await drawn("left", "--condition", await png("torn.png", torn, SIDE), "-n", "2")).toEqual(draws);
    expect(await drawn("left", "--condition", await png("part.png", part, SIDE / 2), "-n", "2")).toEqual(draws);
  });

  it("stays when pixels are drawn, and in variations of an item", async () => {
    for (const options of [
      ["--condition", file("3.png"), "--draw"],
      ["--from", file("3.png")],
      ["--from", file("3.png"), "--draw"],
    ]) {
      const [one] = await drawn("left", ...options, "-n", "1");
      expect(half(one!, true)).toEqual(half(scaled(bytes(3)), true));
      const rest = half(one!, false);
      expect(rest.every((value) => value === 0 || value === 1)).toBe(options.includes("--draw"));
    }
  });

  it("stands beside its item and before what is drawn", async () => {
    const options = ["-n", "3", "--draws", "2", "--seed", "5"];
    await report("plot", "completions", file("left.safetensors"), ...DIGITS, ...options, "-o", file("c.npy"));
    const shown = await images("c.npy");
    expect(shown).toHaveLength(3 * 4);
    expect(shown[4]).toEqual(scaled(bytes(1)));
    expect(half(shown[5]!, true)).toEqual(half(shown[4]!, true));
    expect(new Set(half(shown[5]!, false))).toEqual(new Set([0.5]));
    for (const draw of [6, 7]) expect(half(shown[draw]!, true)).toEqual(half(shown[4]!, true));
    expect(shown[6]).not.toEqual(shown[7]);
    await report("plot", "completions", file("left.safetensors"), ...DIGITS, ...options, "-o", file("c.png"));
  });
});

describe("an image that is known at half its size", () => {
  it("may be given as it is or as the larger one", async () => {
    // Blocks of equal pixels: their means are their bytes.
    const small = Uint8Array.from({ length: SIZE / 4 }, (_, i) => (i * 37) % 256);
    const large = Uint8Array.from({ length: SIZE }, (_, pixel) => {
      const [row, column] = [Math.floor(pixel / SIDE / 2), Math.floor((pixel % SIDE) / 2)];
      return small[(row * SIDE) / 2 + column]!;
    });
    const [smaller, larger] = [await png("small.png", small, SIDE / 2), await png("large.png", large, SIDE)];
    const draws = await drawn("small", "--condition", smaller, "-n", "3");
    const others = await drawn("small", "--condition", larger, "-n", "3");
    // Means of four float32 numbers, through one hidden layer.
    draws.forEach((draw, i) => draw.forEach((value, at) => expect(value).toBeCloseTo(others[i]![at]!, 5)));
    expect(draws[0]).not.toEqual(draws[1]);
  });

  it("is shown in blocks", async () => {
    await report("plot", "completions", file("small.safetensors"), ...DIGITS, "-n", "1", "-o", file("b.npy"));
    const [item, known] = await images("b.npy");
    const at = (image: Float32Array, row: number, column: number): number => image[row * SIDE + column]!;
    for (const [row, column] of [
      [10, 12],
      [14, 14],
      [26, 2],
    ] as const) {
      const block = [0, 1].flatMap((down) => [0, 1].map((right) => [row + down, column + right] as const));
      const mean = block.reduce((sum, place) => sum + at(item!, ...place), 0) / 4;
      for (const place of block) expect(at(known!, ...place)).toBeCloseTo(mean, 6);
    }
  });
});

describe("a model that is told a part of an image", () => {
  it.each(["left", "small"])("has all other pictures and a page: %s", async (name) => {
    const path = file(`${name}.safetensors`);
    for (const kind of ["reconstructions", "traversals", "interpolation", "sheet"]) {
      await report("plot", kind, path, ...DIGITS, "-o", file("p.png"));
    }
    await report("plot", "latent", path, ...DIGITS, "--range", "0:50", "-o", file("p.svg"));
    await report("score", path, ...DIGITS, "--range", "0:50", "-o", file("p.csv"));
    const { sections } = await report("report", path, ...DIGITS, "--range", "0:50", "-o", file("p.html"));
    expect(sections).toContain("Completions");
    expect(sections).not.toContain("Samples");
    expect(sections).not.toContain("Plane of the prior");
  });

  it("reconstructs with the part that it is told", async () => {
    await report("plot", "reconstructions", file("left.safetensors"), ...DIGITS, "-n", "2", "-o", file("r.npy"));
    const [first, , decoded] = await images("r.npy");
    expect(half(decoded!, true)).toEqual(half(first!, true));
    expect(half(decoded!, false)).not.toEqual(half(first!, false));
  });

  it("is asked in its own way", async () => {
    const [left, small, label] = ["left", "small", "label"].map((name) => file(`${name}.safetensors`));
    const out = ["-o", file("never.npy")];
    expect(await complaint("sample", left!, ...out)).toBe(
      `${left} is told a part of an image with each draw: sample --condition says of which`,
    );
    expect(await complaint("plot", "samples", left!, ...out)).toContain("is told a part of an image with each draw");
    expect(await complaint("plot", "manifold", small!, ...out)).toBe(
      `${small} is told a part of an image; try plot traversals`,
    );
    expect(await complaint("plot", "completions", label!, ...DIGITS, ...out)).toContain("told no part of an image");
    expect(await complaint("sample", left!, "--label", "3", ...out)).toContain("not a label: --condition says which");
    expect(await complaint("sample", label!, "--condition", "3", ...out)).toContain(
      "--condition goes with a model that is told a part of an image",
    );
    expect(await complaint("sample", left!, ...DIGITS, "--condition", "3", "--from", "3", ...out)).toContain(
      "--condition goes without --from",
    );
    expect(await complaint("sample", left!, "--condition", "torn.jpg", ...out)).toContain(
      '--condition expected a .png or the number of an item, got "torn.jpg"',
    );
    const tiny = await png("tiny.png", new Uint8Array(6), 3);
    expect(await complaint("sample", small!, "--condition", tiny, ...out)).toBe(
      `the model takes items of shape [28, 28, 1] or [14, 14, 1], ${tiny} has 2 rows of 3 pixels`,
    );
    await writeFile(file("t.csv"), ["a,b", ...Array.from({ length: 20 }, (_, i) => `${i},${i * i}`)].join("\n"));
    const model = ["-o", file("never.safetensors")];
    const train = ["train", "conditional-vae", ...model, "--condition"];
    expect(await complaint(...train, "left", "--data", file("t.csv"))).toContain(
      '"inputShape" expected [height, width',
    );
    expect(await complaint(...train, "downscaled", "--downscaling", "3", ...SMALL)).toContain(
      '"downscaling" expected a divisor of height and width of [28, 28, 1], got 3',
    );
    expect(await complaint(...train, "middle", ...SMALL)).toContain("--condition expected label or left or right");
  });
});
