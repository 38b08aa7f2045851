/** Throws `TypeError` or `RangeError` unless `sizes` are at least `least` positive integers. */
export function requireSizes(field: string, sizes: readonly number[], least: number): void {
  if (!Array.isArray(sizes)) throw new TypeError(`"${field}" expected an array of positive integers`);
  if (sizes.length < least || !sizes.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new RangeError(`"${field}" expected positive integers, got [${sizes.join(", ")}]`);
  }
}

/** Throws `RangeError` unless `value` is one of `allowed`. */
export function requireOneOf(field: string, value: unknown, allowed: readonly string[]): void {
  if (allowed.includes(value as string)) return;
  throw new RangeError(`"${field}" expected ${allowed.join(" or ")}, got ${String(value)}`);
}

/** Throws `RangeError` for a field of `given` that is not among `known`. */
export function requireKnown(what: string, given: object, known: readonly string[]): void {
  const strange = Object.keys(given).find((name) => !known.includes(name));
  if (strange !== undefined) throw new RangeError(`"${strange}" is no field of ${what}; it has ${known.join(", ")}`);
}
