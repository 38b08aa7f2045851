/** Every model and part of the zoo in every precision, in both runtimes. */
import { IsthmusError } from "@isthmus/math";
import { describe, expect, test } from "vitest";
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
import { type Asked, defaultZoo, exportable, feedsFor, partsOf, smallZoo } from "./support/zoo.ts";
import { excess } from "./support/zoo-parity.ts";

const BATCH = 3;

/** Every precision that the part can have: one without products has no int8. */
async function precisionsOf(model: ExportableModel, { part, sample }: Asked, feeds: Arrays) {
  try {
    return reductions(await calibrate(exportModelPart(model, part, { sample }), { batches: [feeds] }));
  } catch (error) {
    if (!(error instanceof IsthmusError && error.message.includes("no product"))) throw error;
    return reductions({}).filter(({ precision }) => precision !== "int8");
  }
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
  options: PrecisionOptions & { readonly opset: 13 | 17 | 21 },
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

describe.each(smallZoo)("%s", (_, definition) => {
  const model = exportable(definition);
  test.each(partsOf(definition))("$part, sample $sample, operator sets 13, 17 and 21", async (asked) => {
    const feeds = feedsFor(model, asked, BATCH) as Arrays;
    const precisions = await precisionsOf(model, asked, feeds);
    for (const opset of [13, 17, 21] as const) {
      for (const options of precisions) await tried(model, asked, feeds, { ...options, opset });
    }
  });
});

/** Shares of the file in float32: a half or a quarter, and what stays float32 with the names of what is between. */
const most = { float16: 0.55, "float16-compute": 0.55, "int8-weights": 0.35, int8: 0.35 } as const;

describe.each(defaultZoo)("%s as it is when nothing is said, whose weights are worth it", (_, definition) => {
  const model = exportable(definition);
  test("the decoder is as much smaller as it should be", async () => {
    const asked = { part: "decoder", sample: false } as const;
    const feeds = feedsFor(model, asked, BATCH) as Arrays;
    const plain = exportModelPart(model, "decoder").length;
    for (const options of await precisionsOf(model, asked, feeds)) {
      const length = await tried(model, asked, feeds, { ...options, opset: 17 });
      expect(length / plain, named(options)).toBeLessThan(most[options.precision as keyof typeof most]);
    }
  });
});
