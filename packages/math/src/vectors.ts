/** Throws `RangeError` naming the argument unless it has `length` numbers. */
export function requireSameLength(name: string, values: ArrayLike<number>, length: number): void {
  if (values.length !== length) throw new RangeError(`"${name}" expected ${length} numbers, got ${values.length}`);
}
