/** What the stable forms are made of, on whatever holds arrays: comparisons give what `where` takes. */
export interface FormOps<T, C> {
  readonly scalar: (value: number) => T;
  readonly add: (a: T, b: T) => T;
  readonly sub: (a: T, b: T) => T;
  readonly mul: (a: T, b: T) => T;
  readonly div: (a: T, b: T) => T;
  readonly neg: (x: T) => T;
  readonly abs: (x: T) => T;
  readonly square: (x: T) => T;
  readonly relu: (x: T) => T;
  readonly exp: (x: T) => T;
  readonly log: (x: T) => T;
  /** The library's own, good where x is not small. */
  readonly erf: (x: T) => T;
  readonly zerosLike: (x: T) => T;
  /** Whether `low <= x <= high`. */
  readonly within: (x: T, low: number, high: number) => C;
  readonly where: (condition: C, a: T, b: T) => T;
}

export interface StableForms<T> {
  readonly expm1: (x: T) => T;
  readonly log1p: (x: T) => T;
  readonly softplus: (x: T) => T;
  readonly sigmoidCrossEntropy: (logits: T, x: T) => T;
  readonly erf: (x: T) => T;
  /** log(1 + u) for u from -1/2 to 1. */
  readonly logOnePlus: (u: T) => T;
}

/** Taylor coefficients of (exp(x) - 1) / x: below |x| = 1/2 the next term is 6e-10. */
const EXPM1 = [1, 1 / 2, 1 / 6, 1 / 24, 1 / 120, 1 / 720, 1 / 5040, 1 / 40320, 1 / 362880];
/** Of artanh(s) / s in s^2: below s = 1/3 the next term is 3e-10. */
const ARTANH = [1, 1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11, 1 / 13, 1 / 15, 1 / 17];
/** Of sqrt(pi) / 2 erf(x) / x in x^2: below |x| = 1/2 the next term is 8e-10. */
const ERF = [1, -1 / 3, 1 / 10, -1 / 42, 1 / 216, -1 / 1320, 1 / 9360];

/**
 * Functions that lose their digits near 0 in tfjs, from operations that do not: on WebGL `expm1` is `exp(x) - 1` and `log1p`
 * is `log(1 + x)`, so is `softplus` inside, and `erf` is everywhere a formula right to 1.5e-7, however small x.
 */
export function stableForms<T, C>(ops: FormOps<T, C>): StableForms<T> {
  const polynomial = (x: T, coefficients: readonly number[]) =>
    coefficients.reduceRight<T>((sum, c) => ops.add(ops.mul(sum, x), ops.scalar(c)), ops.zerosLike(x));
  /** `near` where the operand is near 0, else `far`; `near` sees 0 instead of what is far, so that it stays finite. */
  const branch = (isNear: C, x: T, near: (x: T) => T, far: T) =>
    ops.where(isNear, near(ops.where(isNear, x, ops.zerosLike(x))), far);

  const logOnePlus = (u: T) => {
    const s = ops.div(u, ops.add(u, ops.scalar(2)));
    return ops.mul(ops.mul(s, ops.scalar(2)), polynomial(ops.square(s), ARTANH));
  };
  const expm1 = (x: T) =>
    branch(
      ops.within(x, -0.5, 0.5),
      x,
      (near) => ops.mul(near, polynomial(near, EXPM1)),
      ops.sub(ops.exp(x), ops.scalar(1)),
    );
  const log1p = (x: T) => branch(ops.within(x, -0.5, 1), x, logOnePlus, ops.log(ops.add(x, ops.scalar(1))));
  /** log(1 + exp(-|x|)), whose operand is always within [0, 1]. */
  const tail = (x: T) => logOnePlus(ops.exp(ops.neg(ops.abs(x))));
  const softplus = (x: T) => ops.add(ops.relu(x), tail(x));
  const sigmoidCrossEntropy = (l: T, x: T) => ops.add(ops.sub(ops.relu(l), ops.mul(l, x)), tail(l));
  const erf = (x: T) => {
    const series = (near: T) =>
      ops.mul(ops.mul(near, ops.scalar(2 / Math.sqrt(Math.PI))), polynomial(ops.square(near), ERF));
    return branch(ops.within(x, -0.5, 0.5), x, series, ops.erf(x));
  };
  return { expm1, log1p, softplus, sigmoidCrossEntropy, erf, logOnePlus };
}
