/** Every model and part of the zoo in every precision, in both runtimes. */
import { elementCount } from "@isthmus/graph";
import { describe, expect, test } from "vitest";
import { decodeModel } from "../src/decode.ts";
import {
  calibrate,
  checkOnnx,
  type ExportableModel,
  exportModelPart,
  fidelity,
  type PrecisionOptions,
} from "../src/index.ts";
import { interpreted, isStorage, LEAST_SNR, named, reductions } from "./support/precision.ts";
import { type Arrays, runtimes } from "./support/runtimes.ts";
import {
  type Asked,
  defaultZoo,
  exportable,
  feedsFor,
  fewModels,
  imageModels,
  partsOfAll,
  smallZoo,
} from "./support/zoo.ts";
import { excess } from "./support/zoo-parity.ts";

const BATCH = 3;

/** Every precision, calibrated on what is then fed. */
async function precisionsOf(model: ExportableModel, { part, sample }: Asked, feeds: Arrays) {
  const bytes = exportModelPart(model, part, { sample, golden: false });
  return reductions(await calibrate(bytes, { batches: [feeds] }));
}

/** The least SNR of the outputs that are not all 0, in dB. */
function leastSnr(got: Record<string, ArrayLike<number>>, expected: Record<string, Float64Array>): number {
  const outputs = fidelity(got, expected);
  const some = Object.entries(expected).filter(([, values]) => values.some((value) => value !== 0));
  return Math.min(...some.map(([name]) => outputs[name]!.snr));
}

/** Each runtime computes what our interpreter does of the same file. Returns its length. */
async function tried(
  model: ExportableModel,
  { part, sample }: Asked,
  feeds: Arrays,
  options: PrecisionOptions & { readonly opset: 13 | 17 | 21; readonly golden?: false },
): Promise<number> {
  const bytes = exportModelPart(model, part, { ...options, sample });
  checkOnnx(bytes);
  const ours = interpreted(bytes, feeds);
  for (const runtime of runtimes) {
    for (const optimisation of ["disabled", "all"] as const) {
      const session = await runtime.open(bytes, optimisation);
      const got = await session.runFed(feeds, BATCH);
      await session.release();
      const where = `${named(options)}, operator set ${options.opset}, ${runtime.name}, ${optimisation}`;
      if (isStorage(options)) excess(got, ours, where);
      else {
        const least = LEAST_SNR[options.precision as keyof typeof LEAST_SNR];
        expect(leastSnr(got, ours), where).toBeGreaterThanOrEqual(least);
      }
    }
  }
  return bytes.length;
}

const opsets = [13, 17, 21] as const;

test.each(partsOfAll(smallZoo).map(([what, one], index) => [what, { ...one, index }] as const))(
  "%s, each precision in one operator set",
  async (_, { model, index, ...asked }) => {
    const feeds = feedsFor(model, asked, BATCH) as Arrays;
    for (const [turn, options] of (await precisionsOf(model, asked, feeds)).entries()) {
      // Golden samples of all of them would take as long again, and say what the interpreter does here.
      await tried(model, asked, feeds, { ...options, opset: opsets[(index + turn) % opsets.length]!, golden: false });
    }
  },
);

test.each(partsOfAll([...fewModels, ...imageModels]))(
  "%s, each precision in operator sets 13, 17 and 21",
  async (_, { model, ...asked }) => {
    const feeds = feedsFor(model, asked, BATCH) as Arrays;
    for (const opset of opsets) {
      for (const options of await precisionsOf(model, asked, feeds)) {
        await tried(model, asked, feeds, { ...options, opset });
      }
    }
  },
);

/** Bytes that a matrix or filter of the file is to save: three or two of each number's four, less scales and names. */
function leastSaved(plain: Uint8Array, { precision }: PrecisionOptions): number {
  const weights = decodeModel(plain).graph.initialisers.filter(({ dims }) => dims.length >= 2);
  const saved = weights.map(({ dims }) => {
    const numbers = elementCount(dims);
    if (precision === "float16" || precision === "float16-compute") return 2 * numbers;
    // A scale of the weight, one of the bias and a zero point for each output, of which no axis has more than the longest.
    return 3 * numbers - 9 * Math.max(...dims);
  });
  const longest = Math.max(...weights.map(({ name }) => name.length));
  return saved.reduce((sum, bytes) => sum + bytes, 0) - NAMES * (2 * longest + ENDING) * weights.length;
}

/** Around a product, 6 tensors, 4 nodes with 19 names and 4 declared types; each made of two names and an ending at most. */
const NAMES = 29;
const ENDING = 24;

describe.each(defaultZoo)("%s as it is when nothing is said, whose weights are worth it", (_, definition) => {
  const model = exportable(definition);
  test("the decoder is as much smaller as it should be", async () => {
    const asked = { part: "decoder", sample: false } as const;
    const feeds = feedsFor(model, asked, BATCH) as Arrays;
    const plain = exportModelPart(model, "decoder");
    for (const options of await precisionsOf(model, asked, feeds)) {
      const length = await tried(model, asked, feeds, { ...options, opset: 17 });
      const least = leastSaved(plain, options);
      expect(least).toBeGreaterThan(0);
      expect(plain.length - length, named(options)).toBeGreaterThanOrEqual(least);
    }
  });
});
