import * as tf from "@tensorflow/tfjs-core";
import { gradient, type Gradient, type Gradients } from "./gradient.ts";

interface Axes {
  readonly axis: number | number[];
}

/** dy with a size of 1 where x was reduced. */
function kept(dy: tf.Tensor, x: tf.Tensor, axis: number | number[]): tf.Tensor {
  const axes = tf.util.parseAxisParam(axis, x.shape);
  return tf.reshape(
    dy,
    x.shape.map((size, i) => (axes.includes(i) ? 1 : size)),
  );
}

/** Of the greatest or the least, for each element that equals it. */
const extreme: Gradient = gradient<{ reductionIndices?: number | number[]; axis?: number | number[] }>(
  { inputs: ["x"], output: true },
  (dy, saved, { reductionIndices, axis }) => {
    const [x, y] = saved as [tf.Tensor, tf.Tensor];
    const along = reductionIndices ?? axis!;
    return { x: () => tf.mul(kept(dy, x, along), tf.cast(tf.equal(x, kept(y, x, along)), "float32")) };
  },
);

export const reductions: Gradients = {
  Cumsum: gradient<{ axis: number; exclusive: boolean; reverse: boolean }>(
    { repairs: true },
    (dy, _, { axis, exclusive, reverse }) => ({
      x: () => tf.cumsum(dy, axis, exclusive, !reverse),
    }),
  ),
  LogSoftmax: gradient<Axes>({ output: true }, (dy, [y], { axis }) => ({
    logits: () => tf.sub(dy, tf.mul(tf.sum(dy, axis, true), tf.exp(y!))),
  })),
  Max: extreme,
  Mean: gradient<Axes>({ inputs: ["x"] }, (dy, [x], { axis }) => ({
    x: () => tf.broadcastTo(kept(tf.mul(dy, dy.size / x!.size), x!, axis), x!.shape),
  })),
  Min: extreme,
  Prod: gradient<Axes>({ inputs: ["x"], repairs: true }, (dy, [x], { axis }) => ({ x: () => ofProduct(dy, x!, axis) })),
  Softmax: gradient<{ dim: number }>({ output: true }, (dy, [y], { dim }) => ({
    logits: () => {
      const weighted = tf.mul(dy, y!);
      return tf.sub(weighted, tf.mul(tf.sum(weighted, dim, true), y!));
    },
  })),
  Sum: gradient<Axes>({ inputs: ["x"] }, (dy, [x], { axis }) => ({
    x: () => tf.broadcastTo(kept(dy, x!, axis), x!.shape),
  })),
};

/** The product of all others, without a division. */
function ofProduct(dy: tf.Tensor, x: tf.Tensor, axis: number | number[]): tf.Tensor {
  const axes = tf.util.parseAxisParam(axis, x.shape);
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...others, ...axes];
  const turned = tf.transpose(x, order);
  const count = axes.reduce((product, i) => product * x.shape[i]!, 1);
  const rows = tf.reshape(turned, [-1, count]);
  const before = tf.cumprod(rows, 1, true);
  const behind = tf.cumprod(rows, 1, true, true);
  const each = tf.mul(tf.reshape(dy, [-1, 1]), tf.mul(before, behind));
  return tf.transpose(tf.reshape(each, turned.shape), tf.backend_util.getUndoAxesPermutation(order));
}
