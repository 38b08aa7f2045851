/**
 * What everyone computes on where no data is needed: `count` numbers evenly in [low, high), in an order that is easy to repeat
 * in any language, (37 i + shift) mod 1009. None of them is 0 for the ranges used here.
 */
export function pattern(count: number, low: number, high: number, shift = 0): Float32Array {
  const scale = (high - low) / 1009;
  return Float32Array.from({ length: count }, (_, i) => low + (((37 * i + shift) % 1009) + 0.25) * scale);
}
