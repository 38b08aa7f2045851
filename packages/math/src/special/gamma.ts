/**
 * The logarithm of the gamma function, its derivatives, and the beta function, in float64. Three regions: a Taylor series
 * about 2 (Abramowitz and Stegun 1964, 6.1.33) with the recurrence to reach it, Stirling's series from 10 on, reflection
 * below 0.
 */

/** zeta(k) - 1 for k = 2, 3, ... */
const ZETA_LESS_1: readonly number[] = [
  0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914,
  0.008349277381922827, 0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645,
  0.0002460865533080483, 0.00012271334757848915, 6.124813505870483e-5, 3.058823630702049e-5, 1.528225940865187e-5,
  7.637197637899763e-6, 3.81729326499984e-6, 1.908212716553939e-6, 9.539620338727962e-7, 4.769329867878064e-7,
  2.38450502727733e-7, 1.1921992596531106e-7, 5.960818905125948e-8, 2.980350351465228e-8, 1.4901554828365043e-8,
  7.45071178983543e-9, 3.725334024788457e-9, 1.862659723513049e-9, 9.313274324196682e-10, 4.656629065033784e-10,
];
const ONE_LESS_EULER = 0.42278433509846713;

/** B_2k / (2k (2k - 1)) for k = 1, 2, ... */
const STIRLING: readonly number[] = [
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360360,
  1 / 156,
  -3617 / 122400,
  43867 / 244188,
  -174611 / 125400,
];
const STIRLING_FROM = 10;
const HALF_LOG_2_PI = 0.9189385332046727;

/** log |Gamma(x)|; Infinity at 0 and the negative integers. */
export function logGamma(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x <= 0) return logGammaReflected(x);
  if (x >= STIRLING_FROM) return x === Infinity ? x : (x - 0.5) * Math.log(x) - x + HALF_LOG_2_PI + stirling(x);
  if (x < 0.5) return aboutTwo(x) - Math.log1p(x) - Math.log(x);
  if (x < 1.5) return aboutTwo(x - 1) - Math.log1p(x - 1);
  let product = 1;
  let y = x;
  while (y > 2.5) product *= --y;
  return aboutTwo(y - 2) + Math.log(product);
}

function logGammaReflected(x: number): number {
  if (Number.isInteger(x) || x === -Infinity) return Infinity;
  return Math.log(Math.PI / Math.abs(sinPi(x) * x)) - logGamma(-x);
}

/** log Gamma(2 + z) for |z| <= 1/2. */
function aboutTwo(z: number): number {
  let sum = 0;
  for (let k = ZETA_LESS_1.length + 1; k >= 2; k--) sum = ZETA_LESS_1[k - 2]! / k - z * sum;
  return z * (ONE_LESS_EULER + z * sum);
}

/** log Gamma(1 + z) for |z| <= 1/2, 0 at 0 to the last digit. */
export function logGamma1p(z: number): number {
  return aboutTwo(z) - Math.log1p(z);
}

/** What Stirling's formula leaves out: log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2, for x >= 10. */
function stirling(x: number): number {
  const square = 1 / x / x;
  let sum = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) sum = sum * square + STIRLING[k]!;
  return sum / x;
}

/** The same for any x > 0. */
export function stirlingError(x: number): number {
  return x >= STIRLING_FROM ? stirling(x) : logGamma(x) - (x - 0.5) * Math.log(x) + x - HALF_LOG_2_PI;
}

/** sin(pi x), exactly 0 at integers. */
function sinPi(x: number): number {
  const r = x - 2 * Math.round(x / 2);
  if (Math.abs(r) <= 0.25) return Math.sin(Math.PI * r);
  if (Math.abs(r) <= 0.75) return Math.sign(r) * Math.cos(Math.PI * (Math.abs(r) - 0.5));
  return Math.sign(r) * Math.sin(Math.PI * (1 - Math.abs(r)));
}

/** cos(pi x), exactly 0 half-way between integers. */
function cosPi(x: number): number {
  return sinPi(x - 2 * Math.round(x / 2) + 0.5);
}

/** d/dx log Gamma(x); -Infinity at 0, NaN at the negative integers, where it has both signs. */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, -0) ? Infinity : -Infinity;
  if (x < 0) return Number.isInteger(x) || x === -Infinity ? Number.NaN : digammaReflected(x);
  let shifted = 0;
  let y = x;
  if (x < STIRLING_FROM) {
    for (; y > 2.5; shifted += 1 / y) y--;
    for (; y < 1.5; y++) shifted -= 1 / y;
    return slopeAboutTwo(y - 2) + shifted;
  }
  return x === Infinity ? x : Math.log(x) - 0.5 / x - stirlingSlope(x);
}

/** log x - digamma(x) for x > 0, about 1 / (2 x) for large x. */
export function logLessDigamma(x: number): number {
  return x >= STIRLING_FROM ? 0.5 / x + stirlingSlope(x) : Math.log(x) - digamma(x);
}

/** Digamma of 2 + z for |z| <= 1/2. */
function slopeAboutTwo(z: number): number {
  let sum = 0;
  for (let k = ZETA_LESS_1.length + 1; k >= 2; k--) sum = ZETA_LESS_1[k - 2]! - z * sum;
  return ONE_LESS_EULER + z * sum;
}

/** The sum of B_2k / (2k x^2k). */
function stirlingSlope(x: number): number {
  const square = 1 / x / x;
  let sum = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) sum = sum * square + STIRLING[k]! * (2 * k + 1);
  return sum * square;
}

function digammaReflected(x: number): number {
  return digamma(1 - x) - (Math.PI * cosPi(x)) / sinPi(x);
}

/** The second derivative of log Gamma(x): positive, Infinity at 0 and the negative integers. */
export function trigamma(x: number): number {
  if (x <= 0) {
    if (Number.isInteger(x)) return Infinity;
    return x === -Infinity ? Number.NaN : (Math.PI / sinPi(x)) ** 2 - trigamma(1 - x);
  }
  let shifted = 0;
  let y = x;
  for (; y < 1.5 * STIRLING_FROM; y++) shifted += 1 / y / y;
  return shifted + 1 / y + 0.5 / y / y + stirlingCurvature(y);
}

/** The sum of B_2k / x^(2k + 1). */
function stirlingCurvature(x: number): number {
  const square = 1 / x / x;
  let sum = 0;
  for (let k = STIRLING.length - 1; k >= 0; k--) sum = sum * square + STIRLING[k]! * (2 * k + 1) * (2 * k + 2);
  return (sum * square) / x;
}

/** log B(a, b) = log Gamma(a) + log Gamma(b) - log Gamma(a + b) for a, b > 0; Infinity where either is 0. */
export function logBeta(a: number, b: number): number {
  const [small, large] = a < b ? [a, b] : [b, a];
  if (Number.isNaN(small + large) || small < 0) return Number.NaN;
  if (small === 0) return large === Infinity ? Number.NaN : Infinity;
  if (large === Infinity) return -Infinity;
  if (large < STIRLING_FROM) return logGamma(small) + (logGamma(large) - logGamma(small + large));
  const fall = small * (1 - Math.log(small + large)) - (large - 0.5) * Math.log1p(small / large);
  const tail = fall + stirling(large) - stirling(small + large);
  if (small < STIRLING_FROM) return logGamma(small) + tail;
  // small (1 - log(sum)) against (small - 1/2) log(small) - small: the large parts meet as small log(small / sum).
  const meet = small * Math.log(small / (small + large)) - (large - 0.5) * Math.log1p(small / large);
  return meet - 0.5 * Math.log(small) + HALF_LOG_2_PI + stirling(small) + stirling(large) - stirling(small + large);
}
