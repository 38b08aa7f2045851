/**
 * clamp(zero + floor((sum * multiplier + 2^(shift - 1)) / 2^shift), low, high): sum * multiplier / 2^shift to the nearest integer, halves up.
 *
 * The product has up to 62 bits and float64 holds 53, so it is taken in two parts, sum = 2^16 a + b with 0 <= b < 2^16: the floor of
 * its quotient by 2^16 is a * multiplier + floor(b * multiplier / 2^16), below 2^47, and since shift >= 17 no lower digit counts.
 *
 * @param sum int32
 * @param multiplier in [0, 2^31)
 * @param shift in [17, 62]
 * @param zero int32, as `low` and `high`: what is beyond int32 would be put on the heap
 */
export function requantise(
  sum: number,
  multiplier: number,
  shift: number,
  zero: number,
  low: number,
  high: number,
): number {
  const upper = (sum >> 16) * multiplier + Math.floor(((sum & 0xffff) * multiplier) / 65536);
  const rounded = Math.floor((upper + 2 ** (shift - 17)) / 2 ** (shift - 16));
  return Math.min(Math.max(zero + rounded, low), high) | 0;
}
