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
import { fitPca, project, reconstruct } from "./pca.ts";

/** A stream of PCA coordinates, and what comes back out of it. */
export interface PcaStream {
  readonly bytes: Uint8Array;
  /** [items, features] */
  readonly reconstructions: Float32Array;
}

/**
 * The linear baseline: principal components of the training set behind the very quantiser, tables and coder that the
 * network's latents go through. One step for all components, which is the best choice for a linear code; it is set so
 * that the training set costs `bitsPerItem`.
 */
export function pcaStream(train: Dataset, test: Dataset, components: number, bitsPerItem: number): PcaStream {
  const pca = fitPca(train, components);
  const coding = codingAtRate(project(pca, train), components, bitsPerItem);
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
  for (let round = 0; round < 30; round++) {
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
