import { randomUniform } from "@isthmus/math";
import type { StateSpec, StateTensor } from "./ir.ts";
import { elementCount } from "./shape.ts";

/**
 * The first values of every state tensor: a pure function of the seed and the tensor's name, whatever the order.
 *
 * @param seed a non-negative safe integer
 */
export function initialise(spec: StateSpec, seed: number): Record<string, Float32Array> {
  return Object.fromEntries(Object.entries(spec).map(([name, tensor]) => [name, draw(name, tensor, seed)]));
}

function draw(name: string, { shape, init }: StateTensor, seed: number): Float32Array {
  const values = new Float32Array(elementCount(shape));
  if (init.kind === "zeros") return values;
  randomUniform(values, { seed, stream: `init/${name}`, step: 0 });
  return values.map((u) => (2 * u - 1) * init.limit);
}
