/** Numbers that no encoder can go on with. */
import { IsthmusError } from "@isthmus/math";

export function notFinite(value: number, index: number): RangeError {
  return new RangeError(`"item[${index}]" expected a finite number, got ${value}`);
}

export function noSymbol(value: number, dimension: number): IsthmusError {
  const code = Number.isFinite(value) ? "QUANTISER_RANGE" : "QUANTISER_NON_FINITE";
  return new IsthmusError(code, `dimension ${dimension}: no symbol stands for ${value}`, { dimension, value });
}
