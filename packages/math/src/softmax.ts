import type { ArrayOps } from "./array-ops.ts";

const last = { axes: [-1], keepDims: true } as const;

/** x - max x, which changes neither value nor derivative of what follows, and keeps exp from overflowing. */
const lowered = <T>(ops: ArrayOps<T>, x: T): T => ops.sub(x, ops.stopGradient(ops.max(x, last)));

/** `ops.softmax` written out, for engines that have no kernel of their own. */
export function composedSoftmax<T>(ops: ArrayOps<T>, x: T): T {
  const e = ops.exp(lowered(ops, x));
  return ops.div(e, ops.sum(e, last));
}

/** `ops.logSoftmax` written out. */
export function composedLogSoftmax<T>(ops: ArrayOps<T>, x: T): T {
  const z = lowered(ops, x);
  return ops.sub(z, ops.log(ops.sum(ops.exp(z), last)));
}

/** `ops.softmaxCrossEntropy` written out. */
export function composedSoftmaxCrossEntropy<T>(ops: ArrayOps<T>, logits: T, p: T): T {
  return ops.neg(ops.sum(ops.mul(p, composedLogSoftmax(ops, logits)), { axes: [-1] }));
}
