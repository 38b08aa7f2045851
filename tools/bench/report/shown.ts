/** Three digits or so, for people. */
export function shown(value: number): string {
  if (value < 0.1) return value.toPrecision(2);
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
