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
import { type Asked, exportable, feedsFor, partsOf, smallZoo } from "./support/zoo.ts";
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

describe.each(smallZoo)("%s", (_, definition) => {
  const model = exportable(definition);
  test.each(partsOf(definition))("$part, sample $sample, operator sets 13, 17 and 21", async (asked) => {
    const feeds = feedsFor(model, asked, BATCH) as Arrays;
    const precisions = await precisionsOf(model, asked, feeds);
    for (const opset of [13, 17, 21] as const) {
      for (const options of precisions) await tried(asked, feeds, { ...options, opset });
    }
  });

  async function tried({ part, sample }: Asked, feeds: Arrays, options: PrecisionOptions & { opset: 13 | 17 | 21 }) {
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
  }
});
