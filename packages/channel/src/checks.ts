/** @throws TypeError unless `value` is a number; RangeError unless it is in (0, Infinity). */
export function requirePositive(name: string, value: number): void {
  requireNumber(name, value);
  if (!(value > 0 && value < Infinity))
    throw new RangeError(`"${name}" expected a positive finite number, got ${value}`);
}

/** @throws TypeError unless `value` is a number; RangeError unless it is whole and in [least, most]. */
export function requireWhole(name: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): void {
  requireNumber(name, value);
  if (Number.isInteger(value) && value >= least && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  throw new RangeError(`"${name}" expected a whole number ${range}, got ${value}`);
}

/** @throws TypeError unless `value` is a number; RangeError unless it is in [0, 1], or with `open` in (0, 1). */
export function requireProbability(name: string, value: number, open = false): void {
  requireNumber(name, value);
  if (open ? value > 0 && value < 1 : value >= 0 && value <= 1) return;
  throw new RangeError(`"${name}" expected a number in ${open ? "(0, 1)" : "[0, 1]"}, got ${value}`);
}

/** @throws TypeError unless `value` is a number. */
export function requireNumber(name: string, value: number): void {
  if (typeof value !== "number") throw new TypeError(`"${name}" expected a number, got ${typeof value}`);
}

/** @throws TypeError unless `value` is an object. */
export function requireObject(name: string, value: object): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`"${name}" expected an object, got ${String(value)}`);
  }
}
