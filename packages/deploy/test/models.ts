import { fitFrequencyTables, packTables } from "@isthmus/codec";
import { dense, GraphBuilder, type Model, type StoredTensor } from "@isthmus/graph";
import type { Network } from "../src/index.ts";

/** Samples of an item of `manyKinds`, and what its code has. */
export const SIZE: number = 9 * 8 * 3;
export const DIMS = 6;
const STEPS = [0.05, 0.1, 0.02, 0.5, 0.2, 0.1];
const OFFSETS = [0, 0.25, -1, 0, 0.5, 2];

/** Two qualities, the second twice as coarse, with tables of symbols around 0. */
export function modelOf({ program, parameters }: Network, data?: Model["data"]): Model {
  const symbols = Int32Array.from({ length: 60 * 2 * DIMS }, (_, i) => Math.round(6 * Math.sin(i * i)));
  const build = new GraphBuilder();
  const decoder = build.program({
    outputs: { reconstruction: dense(build, build.input("z", ["batch", DIMS]), { name: "back", units: SIZE }) },
  });
  const made: Record<string, StoredTensor> = {
    "back.kernel": { shape: [DIMS, SIZE], data: Float32Array.from({ length: DIMS * SIZE }, (_, i) => Math.cos(i)) },
    "back.bias": { shape: [SIZE], data: new Float32Array(SIZE).fill(0.5) },
  };
  return {
    ...{ kind: "test", config: {}, encoder: program, decoder, provenance: {}, metrics: {} },
    parameters: { ...parameters, ...made },
    coding: {
      steps: Float32Array.from([...STEPS, ...STEPS.map((step) => 2 * step)]),
      offsets: Float32Array.from([...OFFSETS, ...OFFSETS]),
      tables: packTables(fitFrequencyTables(symbols, 2 * DIMS)),
      qualities: 2,
    },
    ...(data && { data }),
  };
}
