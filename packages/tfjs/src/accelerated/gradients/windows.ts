import * as tf from "@tensorflow/tfjs-core";
import type { Moves } from "../kernels/convolutions.ts";
import { gradient, type Gradients, run, unbroadcast } from "./gradient.ts";

interface Pooling {
  readonly filterSize: number | number[];
  readonly strides: number | number[];
  readonly pad: unknown;
  readonly dimRoundingMode?: string;
}

interface Resizing {
  readonly alignCorners: boolean;
}

const products: Gradients = {
  BatchMatMul: gradient<{ transposeA: boolean; transposeB: boolean }>({ inputs: ["a", "b"] }, (dy, saved, attrs) => {
    const [a, b] = saved as [tf.Tensor, tf.Tensor];
    const { transposeA, transposeB } = attrs;
    const ofA = (): tf.Tensor =>
      transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB);
    const ofB = (): tf.Tensor =>
      transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false);
    return { a: () => unbroadcast(ofA(), a.shape), b: () => unbroadcast(ofB(), b.shape) };
  }),
};

const convolutions: Gradients = {
  Conv2D: gradient<Moves>({ inputs: ["x", "filter"], repairs: true }, (dy, saved, attrs) => {
    const [x, filter] = saved as [tf.Tensor, tf.Tensor];
    requireKnown(attrs.dilations);
    return {
      x: () => run("Conv2DBackpropInput", { dy, filter }, { ...attrs, inputShape: x.shape }),
      filter: () => run("Conv2DBackpropFilter", { x, dy }, { ...attrs, filterShape: filter.shape }),
    };
  }),
  Conv2DBackpropInput: gradient<Moves>({ inputs: ["dy", "filter"], repairs: true }, (dx, saved, attrs) => {
    const [dy, filter] = saved as [tf.Tensor, tf.Tensor];
    return {
      dy: () => run("Conv2D", { x: dx, filter }, { ...attrs, dilations: attrs.dilations ?? 1 }),
      filter: () => run("Conv2DBackpropFilter", { x: dx, dy }, { ...attrs, filterShape: filter.shape }),
    };
  }),
  Conv3D: gradient<Moves>({ inputs: ["x", "filter"] }, (dy, saved, { dilations, ...attrs }) => {
    const [x, filter] = saved as [tf.Tensor, tf.Tensor];
    requireNoDilation(dilations);
    return {
      x: () => run("Conv3DBackpropInputV2", { dy, filter }, { ...attrs, inputShape: x.shape }),
      filter: () => run("Conv3DBackpropFilterV2", { x, dy }, { ...attrs, filterShape: filter.shape }),
    };
  }),
  DepthwiseConv2dNative: gradient<Moves>({ inputs: ["x", "filter"], repairs: true }, (dy, saved, attrs) => {
    const [x, filter] = saved as [tf.Tensor, tf.Tensor];
    requireKnown(attrs.dilations);
    return {
      x: () => run("DepthwiseConv2dNativeBackpropInput", { dy, filter }, { ...attrs, inputShape: x.shape }),
      filter: () => run("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { ...attrs, filterShape: filter.shape }),
    };
  }),
  Dilation2D: gradient({ inputs: ["x", "filter"] }, (dy, saved, attrs) => {
    const [x, filter] = saved as [tf.Tensor, tf.Tensor];
    return {
      x: () => run("Dilation2DBackpropInput", { x, filter, dy }, attrs),
      filter: () => run("Dilation2DBackpropFilter", { x, filter, dy }, attrs),
    };
  }),
};

/** Only the kernels of this backend know dilations in derivatives; others would forget them. */
function requireKnown(dilations: unknown): void {
  if (tf.getBackend() !== "wasm") requireNoDilation(dilations);
}

function requireNoDilation(dilations: unknown): void {
  if ([dilations ?? 1].flat().every((dilation) => dilation === 1)) return;
  throw new RangeError(`the gradient of this convolution expected dilations of 1, got ${JSON.stringify(dilations)}`);
}

const pools: Gradients = {
  AvgPool: gradient<Pooling>({ inputs: ["x"] }, (dy, [x], attrs) => ({
    x: () => run("AvgPoolGrad", { dy, input: x! }, attrs),
  })),
  AvgPool3D: gradient<Pooling>({ inputs: ["x"] }, (dy, [x], attrs) => ({
    x: () => run("AvgPool3DGrad", { dy, input: x! }, attrs),
  })),
  MaxPool: gradient<Pooling>({ inputs: ["x"], output: true }, (dy, [x, y], attrs) => ({
    x: () => run("MaxPoolGrad", { dy, input: x!, output: y! }, attrs),
  })),
  MaxPool3D: gradient<Pooling>({ inputs: ["x"], output: true }, (dy, [x, y], attrs) => ({
    x: () => run("MaxPool3DGrad", { dy, input: x!, output: y! }, attrs),
  })),
};

const images: Gradients = {
  LRN: gradient({ inputs: ["x"], output: true }, (dy, [x, y], attrs) => ({
    x: () => run("LRNGrad", { x: x!, y: y!, dy }, attrs),
  })),
  ResizeBilinear: gradient<Resizing>({ inputs: ["images"] }, (dy, [x], attrs) => ({
    images: () => run("ResizeBilinearGrad", { dy, images: x! }, attrs),
  })),
  ResizeNearestNeighbor: gradient<Resizing>({ inputs: ["images"] }, (dy, [x], attrs) => ({
    images: () => run("ResizeNearestNeighborGrad", { dy, images: x! }, attrs),
  })),
};

/** Of y = scale (x - mean) / sqrt(variance + epsilon) + offset; the parameters have one element per channel, or x's shape. */
const batchNorm = gradient<{ varianceEpsilon: number }>(
  { inputs: ["x", "mean", "variance", "scale"] },
  (dy, saved, { varianceEpsilon }) => {
    const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined];
    const inverse = tf.rsqrt(tf.add(variance, varianceEpsilon));
    const factor = scale ? tf.mul(scale, inverse) : inverse;
    const centred = tf.sub(x, mean);
    const own = (cotangent: tf.Tensor): tf.Tensor => unbroadcast(cotangent, mean.shape);
    return {
      x: () => tf.mul(dy, factor),
      mean: () => own(tf.neg(tf.mul(dy, factor))),
      variance: () => own(tf.mul(tf.mul(dy, centred), tf.mul(-0.5, tf.mul(factor, tf.square(inverse))))),
      scale: () => own(tf.mul(dy, tf.mul(centred, inverse))),
      offset: () => own(dy),
    };
  },
);

export const windows: Gradients = { ...products, ...convolutions, ...pools, ...images, FusedBatchNorm: batchNorm };
