/**
 * What the kernels of WebAssembly compute of each number, operation by operation: Cephes (Moshier 1992) and fdlibm (Sun 1993) in float32.
 * Each function reads and writes places of `v`, since numbers that are handed from function to function would be put on the heap.
 */

/** v[y] = f(v[a]), or f(v[a], v[b]). */
type FloatFunction = (v: Float32Array, y: number, a: number, b: number) => void;

const f = Math.fround;
const LN2_HI = 0.693359375;
const LN2_LO = f(-0.00021219444);
const LOG2_E = f(1.442695);
/** 1.5 * 2^23: adding it rounds to an integer. */
const ROUND = 12582912;
/** Below it expm1(x) is x. */
const TINY = 2 ** -24;
/** 2^n at n + 127. */
const POWERS = new Float32Array(Int32Array.from({ length: 255 }, (_, i) => i << 23).buffer);
const EXP = Float32Array.of(0.00019875691, 0.0013981999, 0.008333452, 0.041665796, 0.16666666, 0.5);
const ERF_SMALL = Float32Array.of(-0.000590796, 0.0049768323, -0.026755437, 0.11281507, -0.37612465, 0.12837915);
const ERF_LARGE = Float32Array.of(-0.00021398508, 0.0032149565, -0.022889968, 0.10526185, 0.6357183, 1.1285144);
const LOG1P = Float32Array.of(0.28011996, 0.28001803, 0.40021527, 0.6666642);

/** By the names of their kernels. */
export const floatFunctions: Readonly<Record<string, FloatFunction>> = {
  abs: (v, y, x) => void (v[y] = Math.abs(v[x]!)),
  sqrt: (v, y, x) => void (v[y] = Math.sqrt(v[x]!)),
  exp,
  expm1,
  erf: (v, y, at) => {
    const x = v[at]!;
    const t = Math.min(Math.abs(x), 4);
    if (t < f(0.93)) {
      const p = polynomial(ERF_SMALL, f(t * t));
      v[y] = f(t * p) + t;
    } else {
      v[y] = -f(polynomial(ERF_LARGE, t) * t);
      exp(v, y, y);
      v[y] = 1 - v[y]!;
    }
    if (isNegative(x)) v[y] = -v[y]!;
  },
  sigmoid: (v, y, at) => {
    const x = v[at]!;
    v[y] = -Math.abs(x);
    exp(v, y, y);
    const e = v[y]!;
    const s = f(1 / f(e + 1));
    v[y] = x < 0 ? e * s : s;
  },
  tanh: (v, y, at) => {
    const x = v[at]!;
    v[y] = 2 * Math.min(Math.abs(x), 10);
    expm1(v, y, y);
    const t = v[y]!;
    v[y] = t / f(t + 2);
    if (isNegative(x)) v[y] = -v[y]!;
  },
  softplus: (v, y, at) => {
    const x = v[at]!;
    v[y] = -Math.abs(x);
    exp(v, y, y);
    const e = v[y]!;
    const s = f(e / f(e + 2));
    const z = f(s * s);
    const half = f(f(e * e) * 0.5);
    const r = f(z * polynomial(LOG1P, z));
    v[y] = Math.max(x, 0) + f(e - f(half - f(s * f(half + r))));
  },
  add: (v, y, a, b) => void (v[y] = v[a]! + v[b]!),
  sub: (v, y, a, b) => void (v[y] = v[a]! - v[b]!),
  mul: (v, y, a, b) => void (v[y] = v[a]! * v[b]!),
  div: (v, y, a, b) => void (v[y] = v[a]! / v[b]!),
  maximum: (v, y, a, b) => void (v[y] = Math.max(v[a]!, v[b]!)),
  minimum: (v, y, a, b) => void (v[y] = Math.min(v[a]!, v[b]!)),
};

function exp(v: Float32Array, y: number, at: number): void {
  const x = Math.min(Math.max(v[at]!, -104), 89);
  const n = nearestPower(x);
  const r = reduced(x, n);
  const p = f(f(f(f(r * r) * polynomial(EXP, r)) + r) + 1);
  const half = n >> 1;
  v[y] = f(p * POWERS[half + 127]!) * POWERS[n - half + 127]!;
}

function expm1(v: Float32Array, y: number, at: number): void {
  const value = v[at]!;
  const x = Math.min(Math.max(value, -18), 89);
  const n = nearestPower(x);
  const r = reduced(x, n);
  const p = f(f(f(r * r) * polynomial(EXP, r)) + r);
  const half = POWERS[n + 126]!;
  v[y] = Math.abs(value) < TINY ? value : 2 * f(f(half * p) + f(half - 0.5));
}

/** x / ln 2 to the nearest integer; 0 for NaN. */
function nearestPower(x: number): number {
  return (f(f(x * LOG2_E) + ROUND) - ROUND) | 0;
}

/** x - n ln 2, the product exact in its high part. */
function reduced(x: number, n: number): number {
  return f(f(x - f(n * LN2_HI)) - f(n * LN2_LO));
}

function polynomial(coefficients: Float32Array, x: number): number {
  let p = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i++) p = f(f(p * x) + coefficients[i]!);
  return p;
}

function isNegative(x: number): boolean {
  return x < 0 || 1 / x < 0;
}
