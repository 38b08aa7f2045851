import { brief } from "./attributes.ts";
import type { Initialiser, StateSpec, StateTensor } from "./ir.ts";
import { elementCount, formatShape } from "./shape.ts";

/** The tensor called `name`; `RangeError` if the state has none. */
export function requireStateTensor(spec: StateSpec, name: string): StateTensor {
  if (!Object.hasOwn(spec, name)) throw new RangeError(`state: no tensor "${name}"`);
  return spec[name] as StateTensor;
}

/** Checks values that are to replace tensor `name`. */
export function requireStateValues(spec: StateSpec, name: string, values: Float32Array): void {
  const { shape } = requireStateTensor(spec, name);
  if (!(values instanceof Float32Array)) {
    throw new TypeError(`state "${name}": "values" expected Float32Array, got ${brief(values)}`);
  }
  if (values.length !== elementCount(shape)) {
    throw new RangeError(
      `state "${name}": "values" expected ${elementCount(shape)} for ${formatShape(shape)}, got ${values.length}`,
    );
  }
}

/** Checks where the first values of tensor `name` are to come from; `RangeError` otherwise. */
export function requireInitialiser(name: string, init: Initialiser): void {
  if (init.kind === "zeros") return;
  if (init.kind === "constant") {
    if (Number.isFinite(init.value)) return;
    throw new RangeError(`state "${name}": "value" expected a finite number, got ${brief(init.value)}`);
  }
  if (init.kind !== "uniform") {
    throw new RangeError(
      `state "${name}": "init" expected zeros, constant or uniform, got ${brief((init as Initialiser).kind)}`,
    );
  }
  if (!(Number.isFinite(init.limit) && init.limit >= 0)) {
    throw new RangeError(
      `state "${name}": "limit" expected a finite number that is not negative, got ${brief(init.limit)}`,
    );
  }
}
