import { hash32, randomUniform } from "@isthmus/math";
import type { StateSpec, StateTensor } from "./ir.ts";
import { elementCount } from "./shape.ts";

/**
 * The first values of every state tensor: a pure function of the seed and the tensor's name, whatever the order.
 *
 * @param seed a non-negative safe integer
 * @throws RangeError when the names of two tensors have the same hash, so that they would start alike
 */
export function initialise(spec: StateSpec, seed: number): Record<string, Float32Array> {
  requireDistinct(Object.keys(spec));
  return Object.fromEntries(Object.entries(spec).map(([name, tensor]) => [name, draw(name, tensor, seed)]));
}

const streamOf = (name: string): string => `init/${name}`;

function requireDistinct(names: readonly string[]): void {
  const taken = new Map<number, string>();
  for (const name of names) {
    const hash = hash32(streamOf(name));
    const other = taken.get(hash);
    if (other !== undefined) throw new RangeError(`initialise: "${name}" collides with "${other}"; rename one`);
    taken.set(hash, name);
  }
}

function draw(name: string, { shape, init }: StateTensor, seed: number): Float32Array {
  const values = new Float32Array(elementCount(shape));
  if (init.kind === "zeros") return values;
  if (init.kind === "constant") return values.fill(init.value);
  randomUniform(values, { seed, stream: streamOf(name), step: 0 });
  return values.map((u) => (2 * u - 1) * init.limit);
}
