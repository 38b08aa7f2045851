/**
 * floor((sum * multiplier + 2^(shift - 1)) / 2^shift): sum * multiplier / 2^shift to the nearest integer, halves up.
 *
 * The product has up to 62 bits and float64 holds 53, so it is taken in two parts, sum = 2^16 a + b with 0 <= b < 2^16: the floor of
 * its quotient by 2^16 is a * multiplier + floor(b * multiplier / 2^16), below 2^47, and since shift >= 17 no lower digit counts.
 *
 * @param sum int32
 * @param multiplier in [0, 2^31)
 * @param shift in [17, 62]
 * @returns an integer in [-2^45, 2^45]
 */
export function requantise(sum: number, multiplier: number, shift: number): number {
  const upper = (sum >> 16) * multiplier + Math.floor(((sum & 0xffff) * multiplier) / 65536);
  return Math.floor((upper + 2 ** (shift - 17)) / 2 ** (shift - 16));
}
