import { decodeLatents, dequantise, encodeLatents, quantise, uniformQuantiser, unpackTables } from "@isthmus/codec";
import { fitTables } from "@isthmus/compress";
import type { Dataset } from "@isthmus/data";
import { type Pca, project, reconstruct } from "../demo/pca.ts";
import { type CodecPoint, squaredError } from "./codec-runs.ts";
import { firstItems } from "./harness/training.ts";

/** Steps between the coarsest and the finest, in equal ratios. */
const STEPS = 18;
const COARSEST = 4;
const FINEST = 0.1;

/**
 * Principal components of the training set behind the quantiser, tables and coder of the networks. All share one step, by
 * which those of little variance come to cost next to nothing (reverse water-filling), from coarse to fine.
 */
export function linearCodec(pca: Pca, train: Dataset, test: Dataset): CodecPoint[] {
  const dims = pca.components.length;
  const [fitted, coded] = [project(pca, train), project(pca, test)];
  const pixels = firstItems(test, test.items);
  const modelId = new Uint8Array(8);
  return Array.from({ length: STEPS }, (_, k) => {
    const step = COARSEST * (FINEST / COARSEST) ** (k / (STEPS - 1));
    const quantiser = uniformQuantiser(new Float32Array(dims).fill(step));
    const coding = fitTables({ items: train.items, dims, values: fitted }, [quantiser]);
    const tables = unpackTables(coding.tables);
    const stream = encodeLatents(quantise(coded, quantiser), { tables, modelId });
    const { symbols } = decodeLatents(stream, { tables, modelId });
    const back = reconstruct(pca, dequantise(symbols, quantiser));
    return {
      bits: (8 * stream.length) / test.items,
      squaredError: squaredError(pixels, Float32Array.from(back)) / test.items,
    };
  });
}
