import { hash32 } from "@isthmus/math";
import type { Draw } from "../../../../../packages/codec/test/support/hostile-draws.ts";
import { uniforms } from "../../../../../packages/codec/test/support/index.ts";

/** What is made of draws that belong to a case alone, so that it can be had again without those before. */
export function runDrawn<T>(seed: number, index: number, make: (draw: Draw) => T): T {
  const uniform = uniforms(hash32(`${seed} ${index}`));
  return make((n) => Math.floor(uniform() * n));
}
