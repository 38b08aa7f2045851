/**
 * The discrete Fourier transform of `length` complex numbers, in place, in float64: X[k] = sum of x[n] exp(-2 pi i k n / length), by
 * radix 2 (Cooley and Tukey 1965).
 *
 * @param length a power of two, 2 or more
 * @returns the transform of re and im, [length] each
 */
export function fourierTransform(length: number): (re: Float64Array, im: Float64Array) => void {
  const cosines = Float64Array.from({ length: length / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / length));
  const sines = Float64Array.from({ length: length / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / length));
  const order = reversedBits(length);
  return (re, im) => {
    reorder(re, order);
    reorder(im, order);
    for (let half = 1; half < length; half *= 2) {
      const stride = length / (2 * half);
      for (let start = 0; start < length; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const c = cosines[k * stride]!;
          const s = sines[k * stride]!;
          const even = start + k;
          const odd = even + half;
          const oddRe = re[odd]! * c - im[odd]! * s;
          const oddIm = re[odd]! * s + im[odd]! * c;
          re[odd] = re[even]! - oddRe;
          im[odd] = im[even]! - oddIm;
          re[even]! += oddRe;
          im[even]! += oddIm;
        }
      }
    }
  };
}

function reversedBits(length: number): Int32Array {
  const order = new Int32Array(length);
  for (let i = 1; i < length; i++) order[i] = (order[i >> 1]! >> 1) | (i & 1 ? length >> 1 : 0);
  return order;
}

function reorder(values: Float64Array, order: Int32Array): void {
  for (let i = 0; i < order.length; i++) {
    const other = order[i]!;
    if (other <= i) continue;
    const held = values[i]!;
    values[i] = values[other]!;
    values[other] = held;
  }
}
