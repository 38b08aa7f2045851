import type { Tensor } from "@tensorflow/tfjs-core";
import type { TfjsCore } from "./tfjs-ops.ts";

export interface StableForms {
  readonly expm1: (x: Tensor) => Tensor;
  readonly log1p: (x: Tensor) => Tensor;
  readonly softplus: (x: Tensor) => Tensor;
  readonly sigmoidCrossEntropy: (logits: Tensor, x: Tensor) => Tensor;
  readonly erf: (x: Tensor) => Tensor;
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
export function stableForms(tf: TfjsCore): StableForms {
  const polynomial = (x: Tensor, coefficients: readonly number[]) =>
    coefficients.reduceRight<Tensor>((sum, c) => tf.add(tf.mul(sum, x), c), tf.zerosLike(x));
  const within = (x: Tensor, low: number, high: number) =>
    tf.logicalAnd(tf.greaterEqual(x, low), tf.lessEqual(x, high));
  /** `near` where the operand is near 0, else `far`; `near` sees 0 instead of what is far, so that it stays finite. */
  const branch = (isNear: Tensor, x: Tensor, near: (x: Tensor) => Tensor, far: Tensor) =>
    tf.where(isNear, near(tf.where(isNear, x, tf.zerosLike(x))), far);

  const logOnePlus = (u: Tensor) => {
    const s = tf.div(u, tf.add(u, 2));
    return tf.mul(tf.mul(s, 2), polynomial(tf.square(s), ARTANH));
  };
  const expm1 = (x: Tensor) =>
    branch(within(x, -0.5, 0.5), x, (near) => tf.mul(near, polynomial(near, EXPM1)), tf.sub(tf.exp(x), 1));
  const log1p = (x: Tensor) => branch(within(x, -0.5, 1), x, logOnePlus, tf.log(tf.add(x, 1)));
  /** log(1 + exp(-|x|)), whose operand is always within [0, 1]. */
  const tail = (x: Tensor) => logOnePlus(tf.exp(tf.neg(tf.abs(x))));
  const softplus = (x: Tensor) => tf.add(tf.relu(x), tail(x));
  const sigmoidCrossEntropy = (l: Tensor, x: Tensor) => tf.add(tf.sub(tf.relu(l), tf.mul(l, x)), tail(l));
  const erf = (x: Tensor) => {
    const series = (near: Tensor) => tf.mul(tf.mul(near, 2 / Math.sqrt(Math.PI)), polynomial(tf.square(near), ERF));
    return branch(within(x, -0.5, 0.5), x, series, tf.erf(x));
  };
  return { expm1, log1p, softplus, sigmoidCrossEntropy, erf };
}
