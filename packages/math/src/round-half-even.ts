/**
 * The nearest integer, of a half the even one, with the sign of x (IEEE 754 roundTiesToEven): as `torch.round`, `numpy.rint`, ONNX `Round` and WebAssembly's
 * `nearest`. `Math.round` takes halves up.
 *
 * @param x any number; NaN and infinities stay
 */
export function roundHalfEven(x: number): number {
  const up = Math.round(x);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
}
