import type { StateSpec, StateTensor } from "./ir.ts";
import { elementCount, formatShape } from "./shape.ts";

/** The tensor called `name`; `RangeError` if the state has none. */
export function requireStateTensor(spec: StateSpec, name: string): StateTensor {
  const tensor = spec[name];
  if (!tensor) throw new RangeError(`state: no tensor "${name}"`);
  return tensor;
}

/** Checks values that are to replace tensor `name`. */
export function requireStateValues(spec: StateSpec, name: string, values: Float32Array): void {
  const { shape } = requireStateTensor(spec, name);
  if (!(values instanceof Float32Array)) throw new TypeError(`state "${name}": "values" expected Float32Array`);
  if (values.length !== elementCount(shape)) {
    throw new RangeError(`state "${name}": "values" expected ${elementCount(shape)} for ${formatShape(shape)}, got ${values.length}`);
  }
}
