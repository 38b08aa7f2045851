import {
  codeLengthBits,
  decodeLatents,
  dequantise,
  encodeLatents,
  quantise,
  uniformQuantiser,
  unpackTables,
} from "@isthmus/codec";
import { fitCoding } from "@isthmus/compress";
import type { Dataset } from "@isthmus/data";
import type { LatentCoding } from "@isthmus/graph";
import { type Pca, project, reconstruct } from "./pca.ts";

/** A stream of PCA coordinates, and what comes back out of it. */
export interface PcaStream {
  readonly bytes: Uint8Array;
  /** [items, features] */
  readonly reconstructions: Float32Array;
}

/**
 * The linear baseline: principal components of the training set behind the very quantiser, tables and coder that the
 * network's latents go through. All components share one step, set so that the training set costs `bitsPerItem`.
 */
export function pcaStream(pca: Pca, train: Dataset, test: Dataset, bitsPerItem: number): PcaStream {
  const coding = codingAtRate(project(pca, train), pca.components.length, bitsPerItem);
  const quantiser = uniformQuantiser(coding.steps, coding.offsets);
  const tables = unpackTables(coding.tables);
  const modelId = new Uint8Array(8);
  const bytes = encodeLatents(quantise(project(pca, test), quantiser), { tables, modelId });
  const { symbols } = decodeLatents(bytes, { tables, modelId });
  return { bytes, reconstructions: reconstruct(pca, dequantise(symbols, quantiser)) };
}

/** Bisection over the step, on the training items alone. */
function codingAtRate(values: Float32Array, dims: number, bitsPerItem: number): LatentCoding {
  const items = values.length / dims;
  let [fine, coarse] = [1e-3, 1e3];
  for (let round = 0; round < 14; round++) {
    const step = Math.sqrt(fine * coarse);
    const coding = uniformCoding(values, dims, step);
    const symbols = quantise(values, uniformQuantiser(coding.steps, coding.offsets));
    if (codeLengthBits(symbols, unpackTables(coding.tables)) / items > bitsPerItem) fine = step;
    else coarse = step;
  }
  return uniformCoding(values, dims, coarse);
}

function uniformCoding(values: Float32Array, dims: number, step: number): LatentCoding {
  const posteriorVariance = new Float64Array(dims).fill(step * step);
  return fitCoding({ items: values.length / dims, dims, values, posteriorVariance });
}
