/** `isthmus import`: what others exported becomes a model file that the other commands take. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseNpy, writeNpy } from "@isthmus/data";
import { readModelFile } from "@isthmus/graph";
import { beforeAll, describe, expect, it } from "vitest";
import { complaint, report } from "./support/cli.ts";
import { sharedFolder } from "./support/folder.ts";

const folder = await sharedFolder();
const file = (name: string): string => join(folder, name);
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../packages/onnx/test/fixtures/${name}`, import.meta.url));
const torch = (part: string): string => fixture(`torch-${part}-17.onnx`);

interface Recorded {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
/** Three pictures of 16 x 16, whose one channel makes first and last the same. */
let recorded: Readonly<Record<"x" | "z" | "reconstruction", Recorded>>;

const npy = async (name: string): Promise<number[]> =>
  Array.from(parseNpy(await readFile(file(name))).values as Float32Array);
const furthest = (one: readonly number[], other: readonly number[]): number =>
  Math.max(...one.map((value, i) => Math.abs(value - other[i]!)));

beforeAll(async () => {
  recorded = JSON.parse(await readFile(fixture("torch-autoencoder.json"), "utf8")) as typeof recorded;
  const items = { shape: [3, 16, 16, 1], values: Float32Array.from(recorded.x.values) };
  await writeFile(file("x.npy"), writeNpy(items));
  await writeFile(file("z.npy"), writeNpy({ shape: [3, 6], values: Float32Array.from(recorded.z.values) }));
});

describe("an encoder and a decoder from PyTorch", () => {
  const model = file("torch.safetensors");
  // The narrower the bins, the less the reconstructions differ from PyTorch's.
  const fit = ["--data", file("x.npy"), "--step-scale", "0.001"];

  let told: Readonly<Record<string, unknown>>;

  beforeAll(async () => {
    told = await report("import", torch("decoder"), "--encoder", torch("encoder"), ...fit, "-o", model);
  });

  it("says what it holds", () => {
    expect(told).toMatchObject({ model: "imported", inputShape: [16, 16, 1], latent: 6, coding: true });
  });

  it("encodes and decodes to what PyTorch reconstructs", async () => {
    await report("encode", model, "--data", file("x.npy"), "-o", file("x.isth"));
    await report("decode", model, file("x.isth"), "-o", file("r.npy"));
    expect(furthest(await npy("r.npy"), recorded.reconstruction.values)).toBeLessThan(1e-3);
  });

  it("is measured by its squared error", async () => {
    const { squaredError, items } = await report("eval", model, "--data", file("x.npy"), "--split", "all");
    const total = recorded.x.values.reduce((sum, x, i) => sum + (x - recorded.reconstruction.values[i]!) ** 2, 0);
    expect(items).toBe(3);
    expect(squaredError).toBeCloseTo(total / 3, 3);
  });

  it("is described by inspect, and exported again in agreement with onnxruntime", async () => {
    const { kind, parameterCount } = await report("inspect", model);
    const { parameters } = readModelFile(await readFile(model));
    expect(kind).toBe("imported");
    expect(parameterCount).toBe(Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0));
    for (const part of ["encoder", "decoder"]) {
      const { maxAbsError } = await report("export", model, "--part", part, "-o", file(`again-${part}.onnx`));
      expect(maxAbsError).toBeLessThan(1e-5);
    }
    const again = ["--encoder", file("again-encoder.onnx"), "-o", file("again.safetensors")];
    // Rows to the files; the encoder's metadata know the image.
    const read = await report("import", file("again-decoder.onnx"), ...again);
    expect(read).toMatchObject({ coding: true, inputShape: [16, 16, 1] });
    await report("encode", file("again.safetensors"), "--data", file("x.npy"), "-o", file("again.isth"));
    await report("decode", file("again.safetensors"), file("again.isth"), "-o", file("again.npy"));
    expect(furthest(await npy("again.npy"), recorded.reconstruction.values)).toBeLessThan(1e-3);
  });
});

describe("a decoder alone", () => {
  const model = file("decoder.safetensors");

  it("is fed codes and decodes them", async () => {
    const fit = ["--data", file("z.npy"), "--step-scale", "0.001"];
    await report("import", torch("decoder"), ...fit, "-o", model);
    await report("encode", model, "--data", file("z.npy"), "-o", file("z.isth"));
    const { shape } = await report("decode", model, file("z.isth"), "-o", file("d.npy"));
    expect(shape).toEqual([3, 16, 16, 1]);
    expect(furthest(await npy("d.npy"), recorded.reconstruction.values)).toBeLessThan(1e-3);
  });

  it("has nothing that eval could measure", async () => {
    expect(await complaint("eval", model, "--data", file("z.npy"))).toContain("a decoder alone");
  });

  it("without tables says how to get them", async () => {
    await report("import", torch("decoder"), "-o", file("bare.safetensors"));
    expect(
      await complaint("encode", file("bare.safetensors"), "--data", file("z.npy"), "-o", file("n.isth")),
    ).toContain("MODEL_NO_CODING");
  });
});

describe("what cannot be imported is said in one line", () => {
  it.each([
    ["a file that is no ONNX", () => [file("x.npy")], "ONNX_INVALID"],
    ["a file that is not there", () => [file("none.onnx")], "FILE_READ"],
    ["two encoders", () => [torch("encoder"), "--encoder", torch("encoder")], "ONNX_MODEL"],
    ["a code that is none", () => [torch("decoder"), "--encoder", torch("encoder"), "--code", "mean"], '"mean"'],
    ["items of another size", () => [torch("decoder"), "--item-shape", "28,28,1"], "[28, 28, 1]"],
  ])("%s", async (_, args, said) => {
    expect(await complaint("import", ...args(), "-o", file("no.safetensors"))).toContain(said);
  });
});
