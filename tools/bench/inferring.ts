import { FEATURES, readFloats } from "./floats.ts";
import { batchStart, magnitude, type Prepared } from "./serve.ts";

/** Batches of digits, round and round, through a network that gives arrays. */
export function inferring(
  folder: string,
  batch: number,
  network: (x: Float32Array) => Promise<readonly Float32Array[]>,
): Prepared {
  const digits = readFloats(folder, "items.f32");
  const at = (index: number): Float32Array => {
    const start = batchStart(index, batch, digits.length / FEATURES) * FEATURES;
    return digits.subarray(start, start + batch * FEATURES);
  };
  let done = 0;
  let outputs: readonly Float32Array[] = [];
  return {
    run: async (steps) => {
      for (let i = 0; i < steps; i++) outputs = await network(at(done++));
    },
    value: () => outputs.reduce((sum, values) => sum + magnitude(values), 0),
  };
}
