/** `"Float32Array"`, `"Number"`, `"Null"`: what a value is, also when it comes from another realm (frame, worker, vm). */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** @throws TypeError naming the argument unless `kindOf(value)` is `kind`. */
export function requireKind(name: string, value: unknown, kind: string): void {
  if (kindOf(value) !== kind) throw new TypeError(`"${name}" expected ${kind}, got ${kindOf(value)}`);
}

/**
 * The door of a formula over an opaque array type: whatever the type is, its values are objects.
 *
 * @throws TypeError naming the first operand that is not.
 */
export function requireOperands(operands: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(operands)) {
    const isObject = (typeof value === "object" && value !== null) || typeof value === "function";
    if (!isObject) throw new TypeError(`"${name}" expected an array of the given operations, got ${kindOf(value)}`);
  }
}
