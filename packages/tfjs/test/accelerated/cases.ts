/** Calls that together reach every kernel and every gradient of tfjs's wasm backend, with random shapes. */
import * as tf from "@tensorflow/tfjs-core";
import { type Random, type Spec, tensorOf } from "./random.ts";

export interface Call {
  readonly inputs: readonly Spec[];
  readonly f: (...inputs: tf.Tensor[]) => tf.Tensor;
}

export type Case = (r: Random) => Call;

type One = (x: tf.Tensor) => tf.Tensor;
type Two = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;
type Op = (...x: never[]) => tf.Tensor;

const on = (inputs: readonly Spec[], f: Op): Call => ({ inputs, f: f as Call["f"] });
const unary =
  (f: One, low = -3, high = 3): Case =>
  (r) =>
    on([r.uniform(r.shape(r.size(1, 4)), low, high)], f);

/** Shapes of which each stretches along some axes. */
function pair(r: Random): [number[], number[]] {
  const shape = r.shape(r.size(1, 4));
  const stretched = shape.map((size) => (r.size(0, 2) === 0 ? 1 : size));
  return r.size(0, 1) === 0 ? [shape, stretched] : [stretched, shape];
}
const binary =
  (f: Two, low = -3, high = 3): Case =>
  (r) => {
    const [a, b] = pair(r);
    return on([r.uniform(a, -3, 3), r.uniform(b, low, high)], f);
  };

const axesOf = (r: Random, rank: number): number[] => {
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter(() => r.size(0, 1) === 0);
  return axes.length > 0 ? axes : [r.size(0, rank - 1)];
};
const reduction =
  (f: (x: tf.Tensor, axes: number[], keep: boolean) => tf.Tensor): Case =>
  (r) => {
    const rank = r.size(1, 4);
    const axes = axesOf(r, rank);
    const keep = r.size(0, 1) === 1;
    return on([r.normal(r.shape(rank))], (x: tf.Tensor) => f(x, axes, keep));
  };

const PADS = ["same", "valid"] as const;

/** Images, a filter that fits into them, strides and padding. */
function convolution(r: Random, batch = r.size(1, 9)) {
  const [height, width] = [r.size(4, 9), r.size(4, 9)];
  const filter: [number, number] = [r.size(1, 4), r.size(1, 4)];
  const strides: [number, number] = [r.size(1, 3), r.size(1, 3)];
  return {
    batch,
    height,
    width,
    filter,
    strides,
    pad: PADS[r.size(0, 1)]!,
    channels: r.size(1, 5),
    units: r.size(1, 11),
  };
}

type Stride = [number, number];
type T4 = tf.Tensor4D;

const conv2d: Case = (r) => {
  const { batch, height, width, filter, strides, pad, channels, units } = convolution(r);
  return on([r.normal([batch, height, width, channels]), r.normal([...filter, channels, units])], (x: T4, w: T4) =>
    tf.conv2d(x, w, strides, pad),
  );
};
const conv2dTranspose: Case = (r) => {
  const { batch, height, width, filter, strides, pad, channels, units } = convolution(r);
  const out = [height, width].map((size, i) =>
    pad === "same" ? size * strides[i]! : (size - 1) * strides[i]! + filter[i]!,
  );
  return on([r.normal([batch, height, width, channels]), r.normal([...filter, units, channels])], (x: T4, w: T4) =>
    tf.conv2dTranspose(x, w, [batch, out[0]!, out[1]!, units], strides, pad),
  );
};
const depthwise: Case = (r) => {
  const { batch, height, width, filter, pad, channels } = convolution(r);
  const stride = r.size(1, 3);
  const times = r.size(1, 3);
  return on([r.normal([batch, height, width, channels]), r.normal([...filter, channels, times])], (x: T4, w: T4) =>
    tf.depthwiseConv2d(x, w, stride, pad),
  );
};
const pool =
  (f: (x: T4, window: Stride, strides: Stride, pad: "same" | "valid") => tf.Tensor): Case =>
  (r) => {
    const { batch, height, width, filter, strides, pad, channels } = convolution(r);
    return on([r.normal([batch, height, width, channels])], (x: T4) => f(x, filter, strides, pad));
  };
const volume =
  (f: (x: tf.Tensor5D, window: number, stride: number, pad: "same" | "valid") => tf.Tensor): Case =>
  (r) => {
    const [window, stride, pad] = [r.size(1, 3), r.size(1, 2), PADS[r.size(0, 1)]!];
    const shape = [r.size(1, 2), r.size(3, 5), r.size(3, 5), r.size(3, 5), r.size(1, 3)];
    return on([r.normal(shape)], (x: tf.Tensor5D) => f(x, window, stride, pad));
  };
const conv3d: Case = (r) => {
  const [stride, pad, channels] = [r.size(1, 2), PADS[r.size(0, 1)]!, r.size(1, 3)];
  const shape = [r.size(1, 2), r.size(3, 5), r.size(3, 5), r.size(3, 5), channels];
  const filter = [r.size(1, 3), r.size(1, 3), r.size(1, 3), channels, r.size(1, 9)];
  return on([r.normal(shape), r.normal(filter)], (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, stride, pad));
};

const matMul: Case = (r) => {
  const [m, k, n] = [r.size(1, 13), r.size(1, 70), r.size(1, 13)];
  const [tA, tB] = [r.size(0, 1) === 1, r.size(0, 1) === 1];
  const batch = r.shape(r.size(0, 2), 3);
  const other = batch.map((size) => (r.size(0, 2) === 0 ? 1 : size));
  const [a, b] = [tA ? [k, m] : [m, k], tB ? [n, k] : [k, n]];
  return on([r.normal([...batch, ...a]), r.normal([...other, ...b])], (x: tf.Tensor, y: tf.Tensor) =>
    tf.matMul(x, y, tA, tB),
  );
};

const ACTIVATIONS = ["linear", "relu", "relu6", "elu", "sigmoid", "leakyrelu", "prelu"] as const;

/** tfjs's own kernels, the CPU's among them, take a bias along the last axis. */
const fusedMatMul: Case = (r) => {
  const [m, k, n] = [r.size(1, 9), r.size(1, 120), r.size(1, 9)];
  const [transposeA, transposeB] = [r.size(0, 1) === 1, r.size(0, 1) === 1];
  const activation = ACTIVATIONS[r.size(0, ACTIVATIONS.length - 1)]!;
  const batch = r.size(1, 3);
  const [a, b] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
  const inputs = [r.normal([batch, ...a]), r.normal([batch, ...b]), r.normal([n]), r.normal([n])];
  return on(inputs, (x: tf.Tensor, y: tf.Tensor, bias: tf.Tensor, alpha: tf.Tensor) =>
    tf.fused.matMul({
      ...{ a: x, b: y, transposeA, transposeB, bias, activation, leakyreluAlpha: 0.3 },
      ...(activation === "prelu" && { preluActivationWeights: alpha }),
    }),
  );
};
const fusedConv2d: Case = (r) => {
  const { batch, height, width, filter, strides, pad, channels, units } = convolution(r);
  const activation = ACTIVATIONS[r.size(0, ACTIVATIONS.length - 1)]!;
  const inputs = [r.normal([batch, height, width, channels]), r.normal([...filter, channels, units])];
  return on([...inputs, r.normal([units]), r.normal([units])], (x: T4, w: T4, bias: tf.Tensor, alpha: tf.Tensor) =>
    tf.fused.conv2d({
      ...{ x, filter: w, strides, pad, bias, activation, leakyreluAlpha: 0.3 },
      ...(activation === "prelu" && { preluActivationWeights: alpha }),
    }),
  );
};

const images = (r: Random): Spec => r.normal([r.size(1, 3), r.size(2, 6), r.size(2, 6), r.size(1, 4)]);

const batchNorm: Case = (r) => {
  const x = images(r);
  const channels = [x.shape[3]!];
  const parameters = [r.normal(channels), r.uniform(channels, 0.1, 2), r.normal(channels), r.normal(channels)];
  return on(
    [x, ...parameters],
    (y: T4, mean: tf.Tensor1D, variance: tf.Tensor1D, offset: tf.Tensor1D, scale: tf.Tensor1D) =>
      tf.batchNorm(y, mean, variance, offset, scale),
  );
};

/** By what tfjs calls the kernel that a case is about. Each has a derivative by all of its inputs. */
export const differentiable: Readonly<Record<string, Case>> = {
  Abs: unary(tf.abs),
  Acos: unary(tf.acos, -0.9, 0.9),
  Acosh: unary(tf.acosh, 1.1, 4),
  Add: binary(tf.add),
  AddN: (r) => {
    const shape = r.shape(3);
    return on([r.normal(shape), r.normal(shape), r.normal(shape)], (...x: tf.Tensor[]) => tf.addN(x));
  },
  Asin: unary(tf.asin, -0.9, 0.9),
  Asinh: unary(tf.asinh),
  Atan: unary(tf.atan),
  Atan2: binary(tf.atan2),
  Atanh: unary(tf.atanh, -0.9, 0.9),
  AvgPool: pool(tf.avgPool),
  AvgPool3D: volume(tf.avgPool3d),
  BatchMatMul: matMul,
  BatchToSpaceND: (r) => {
    const [height, width] = [r.size(1, 3), r.size(1, 3)];
    return on([r.normal([4 * r.size(1, 2), height, width, 2])], (x: T4) =>
      tf.batchToSpaceND(
        x,
        [2, 2],
        [
          [0, 1],
          [0, 0],
        ],
      ),
    );
  },
  Cast: unary((x) => tf.cast(x, "float32")),
  Ceil: unary(tf.ceil),
  ClipByValue: unary((x) => tf.clipByValue(x, -1, 0.5)),
  Concat: (r) =>
    on([r.normal([3, 2]), r.normal([3, r.size(1, 4)])], (a: tf.Tensor2D, b: tf.Tensor2D) => tf.concat([a, b], 1)),
  Conv2D: conv2d,
  Conv2DBackpropInput: conv2dTranspose,
  Conv3D: conv3d,
  Cos: unary(tf.cos),
  Cosh: unary(tf.cosh),
  Cumsum: (r) => {
    const [axis, exclusive, reverse] = [r.size(0, 2), r.size(0, 1) === 1, r.size(0, 1) === 1];
    return on([r.normal(r.shape(3))], (x: tf.Tensor) => tf.cumsum(x, axis, exclusive, reverse));
  },
  DepthwiseConv2dNative: depthwise,
  Dilation2D: (r) => {
    const { batch, height, width, filter, strides, pad, channels } = convolution(r);
    return on([r.normal([batch, height, width, channels]), r.normal([...filter, channels])], (x: T4, w: tf.Tensor3D) =>
      tf.dilation2d(x, w, strides, pad),
    );
  },
  Elu: unary(tf.elu),
  Erf: unary(tf.erf),
  Exp: unary(tf.exp),
  ExpandDims: unary((x) => tf.expandDims(x, 1)),
  Expm1: unary(tf.expm1),
  Floor: unary(tf.floor),
  FusedBatchNorm: batchNorm,
  GatherV2: (r) => {
    const rank = r.size(2, 4);
    const shape = r.shape(rank);
    const batchDims = r.size(0, 1);
    const axis = r.size(batchDims, rank - 1);
    const ids = r.ids([...shape.slice(0, batchDims), r.size(1, 6)], shape[axis]!);
    return on([r.normal(shape)], (x: tf.Tensor) => tf.gather(x, tensorOf(ids), axis, batchDims));
  },
  Identity: unary(tf.clone),
  LRN: (r) => on([images(r)], (x: T4) => tf.localResponseNormalization(x, 2, 1, 0.5, 0.5)),
  LeakyRelu: unary((x) => tf.leakyRelu(x, 0.3)),
  Log: unary(tf.log, 0.1, 5),
  Log1p: unary(tf.log1p, -0.9, 5),
  LogSoftmax: (r) => on([r.normal(r.shape(3, 9))], (x: tf.Tensor) => tf.logSoftmax(x)),
  Max: reduction(tf.max),
  MaxPool: pool(tf.maxPool),
  MaxPool3D: volume(tf.maxPool3d),
  Maximum: binary(tf.maximum),
  Mean: reduction(tf.mean),
  Min: reduction(tf.min),
  Minimum: binary(tf.minimum),
  MirrorPad: (r) => {
    const mode = r.size(0, 1) === 0 ? "reflect" : "symmetric";
    return on([r.normal([r.size(3, 5), r.size(3, 5)])], (x: tf.Tensor2D) =>
      tf.mirrorPad(
        x,
        [
          [2, 1],
          [0, 2],
        ],
        mode,
      ),
    );
  },
  Mod: binary(tf.mod, 0.5, 3),
  Multiply: binary(tf.mul),
  Neg: unary(tf.neg),
  OnesLike: unary(tf.onesLike),
  Pack: (r) => {
    const shape = r.shape(2);
    return on([r.normal(shape), r.normal(shape)], (a: tf.Tensor, b: tf.Tensor) => tf.stack([a, b], 1));
  },
  PadV2: (r) =>
    on([r.normal(r.shape(2))], (x: tf.Tensor2D) =>
      tf.pad(x, [
        [1, 2],
        [0, 3],
      ]),
    ),
  Pow: (r) => {
    const [a, b] = pair(r);
    return on([r.uniform(a, 0.3, 2), r.uniform(b, -2, 2)], tf.pow);
  },
  Prelu: (r) => {
    const shape = r.shape(4);
    return on([r.normal(shape), r.normal(shape.slice(1))], tf.prelu);
  },
  Prod: reduction(tf.prod),
  RealDiv: binary(tf.div, 0.5, 3),
  Reciprocal: unary(tf.reciprocal, 0.2, 4),
  Relu: unary(tf.relu),
  Relu6: unary(tf.relu6, -3, 9),
  Reshape: unary((x) => tf.reshape(x, [-1, 1])),
  ResizeBilinear: (r) => {
    const [size, align] = [[r.size(2, 9), r.size(2, 9)] as Stride, r.size(0, 1) === 1];
    return on([images(r)], (x: T4) => tf.image.resizeBilinear(x, size, align));
  },
  ResizeNearestNeighbor: (r) => {
    const [size, align] = [[r.size(2, 9), r.size(2, 9)] as Stride, r.size(0, 1) === 1];
    return on([images(r)], (x: T4) => tf.image.resizeNearestNeighbor(x, size, align));
  },
  Reverse: (r) => {
    const axes = axesOf(r, 3);
    return on([r.normal(r.shape(3))], (x: tf.Tensor) => tf.reverse(x, axes));
  },
  Round: unary(tf.round),
  Rsqrt: unary(tf.rsqrt, 0.1, 5),
  Select: (r) => {
    const shape = r.shape(3);
    const { values } = r.booleans(shape);
    return on([r.normal(shape), r.normal(shape)], (a: tf.Tensor, b: tf.Tensor) =>
      tf.where(tf.tensor(Uint8Array.from(values), shape, "bool"), a, b),
    );
  },
  Selu: unary(tf.selu),
  Sigmoid: unary(tf.sigmoid),
  Sign: unary(tf.sign),
  Sin: unary(tf.sin),
  Sinh: unary(tf.sinh),
  Slice: (r) => {
    const shape = r.shape(3, 6);
    const begin = shape.map((size) => r.size(0, size - 1));
    const size = shape.map((all, i) => r.size(1, all - begin[i]!));
    return on([r.normal(shape)], (x: tf.Tensor3D) =>
      tf.slice(x, begin as [number, number, number], size as [number, number, number]),
    );
  },
  Softmax: (r) => on([r.normal(r.shape(3, 9))], (x: tf.Tensor) => tf.softmax(x)),
  Softplus: unary(tf.softplus, -20, 20),
  SpaceToBatchND: (r) =>
    on([r.normal([r.size(1, 2), 3, 4, 2])], (x: T4) =>
      tf.spaceToBatchND(
        x,
        [2, 2],
        [
          [0, 1],
          [0, 0],
        ],
      ),
    ),
  SplitV: (r) =>
    on([r.normal([4, r.size(1, 3)])], (x: tf.Tensor2D) => tf.mul(...(tf.split(x, 2) as [tf.Tensor, tf.Tensor]))),
  Sqrt: unary(tf.sqrt, 0.1, 5),
  Square: unary(tf.square),
  SquaredDifference: binary(tf.squaredDifference),
  Step: unary((x) => tf.step(x, 0.2)),
  Sub: binary(tf.sub),
  Sum: reduction(tf.sum),
  Tan: unary(tf.tan, -1.2, 1.2),
  Tanh: unary(tf.tanh),
  Tile: (r) => {
    const shape = r.shape(3, 4);
    const reps = r.shape(3, 3);
    return on([r.normal(shape)], (x: tf.Tensor) => tf.tile(x, reps));
  },
  Transpose: (r) => {
    const order = [
      [2, 0, 1],
      [0, 2, 1],
      [1, 0, 2],
      [2, 1, 0],
    ][r.size(0, 3)]!;
    return on([r.normal(r.shape(3, 7))], (x: tf.Tensor) => tf.transpose(x, order));
  },
  Unpack: (r) =>
    on([r.normal([2, r.size(1, 5)])], (x: tf.Tensor) => tf.mul(...(tf.unstack(x) as [tf.Tensor, tf.Tensor]))),
  UnsortedSegmentSum: (r) => {
    const [count, width, segments] = [r.size(1, 9), r.size(1, 6), r.size(1, 4)];
    const { values } = r.ids([count], segments);
    return on([r.normal([count, width])], (x: tf.Tensor) =>
      tf.unsortedSegmentSum(x, tf.tensor1d(values, "int32"), segments),
    );
  },
  ZerosLike: unary(tf.zerosLike),
};

const comparison = (f: Two): Case => {
  return (r) => {
    const [a, b] = pair(r);
    return on(
      [r.ids(a, 3), r.ids(b, 3)].map((spec) => ({ ...spec, values: Float32Array.from(spec.values), dtype: "float32" })),
      f,
    );
  };
};
const logical = (f: Two): Case => {
  return (r) => {
    const [a, b] = pair(r);
    return on([r.booleans(a), r.booleans(b)], f);
  };
};
const boxes = (r: Random): [Spec, Spec] => {
  const corners = r.uniform([8, 2], 0, 0.5).values as Float32Array;
  const sizes = r.uniform([8, 2], 0.1, 0.5).values as Float32Array;
  const values = Array.from({ length: 8 }, (_, i) => {
    const [y, x] = [corners[2 * i]!, corners[2 * i + 1]!];
    return [y, x, y + sizes[2 * i]!, x + sizes[2 * i + 1]!];
  });
  return [{ values: Float32Array.from(values.flat()), shape: [8, 4], dtype: "float32" }, r.uniform([8], 0, 1)];
};

/** Of the rest the values alone are compared. */
export const forwardOnly: Readonly<Record<string, Case>> = {
  ...{ Equal: comparison(tf.equal), Greater: comparison(tf.greater), GreaterEqual: comparison(tf.greaterEqual) },
  ...{ Less: comparison(tf.less), LessEqual: comparison(tf.lessEqual), NotEqual: comparison(tf.notEqual) },
  ...{ LogicalAnd: logical(tf.logicalAnd), LogicalOr: logical(tf.logicalOr), LogicalXor: logical(tf.logicalXor) },
  LogicalNot: (r) => on([r.booleans(r.shape(3))], tf.logicalNot as Op),
  All: (r) => on([r.booleans(r.shape(3))], (x: tf.Tensor) => tf.all(x, [0, 2])),
  Any: (r) => on([r.booleans(r.shape(3))], (x: tf.Tensor) => tf.any(x, [1])),
  ArgMax: (r) => on([r.normal(r.shape(3))], (x: tf.Tensor) => tf.argMax(x, 1)),
  ArgMin: (r) => on([r.normal(r.shape(3))], (x: tf.Tensor) => tf.argMin(x, 2)),
  Bincount: (r) => on([r.ids([7], 4)], (x: tf.Tensor1D) => tf.bincount(x, tf.tensor1d([]), 5)),
  DenseBincount: (r) => on([r.ids([3, 7], 4)], (x: tf.Tensor2D) => tf.denseBincount(x, tf.tensor2d([], [0, 0]), 5)),
  CropAndResize: (r) =>
    on([r.normal([2, 5, 5, 2])], (x: T4) =>
      tf.image.cropAndResize(x, tf.tensor2d([[0.1, 0.2, 0.9, 0.8]]), tf.tensor1d([1], "int32"), [3, 4]),
    ),
  Cumprod: (r) => on([r.normal(r.shape(3))], (x: tf.Tensor) => tf.cumprod(x, 1)),
  DepthToSpace: (r) => on([r.normal([1, 2, 3, 8])], (x: T4) => tf.depthToSpace(x, 2)),
  Diag: (r) => on([r.normal([r.size(1, 5)])], (x: tf.Tensor) => tf.diag(x)),
  Fill: (r) => {
    const shape = r.shape(3);
    return on([], () => tf.fill(shape, 2.5));
  },
  FlipLeftRight: (r) => on([images(r)], (x: T4) => tf.image.flipLeftRight(x)),
  FloorDiv: (r) =>
    on([r.ids([5], 90), r.ids([5], 9)], (a: tf.Tensor, b: tf.Tensor) =>
      tf.floorDiv(a, tf.add(b, tf.scalar(1, "int32"))),
    ),
  FusedConv2D: fusedConv2d,
  FusedDepthwiseConv2D: (r) => {
    const { batch, height, width, filter, pad, channels } = convolution(r);
    return on([r.normal([batch, height, width, channels]), r.normal([...filter, channels, 1])], (x: T4, w: T4) =>
      tf.fused.depthwiseConv2d({ x, filter: w, strides: 1, pad, activation: "relu" }),
    );
  },
  GatherNd: (r) =>
    on([r.normal([3, 4])], (x: tf.Tensor) =>
      tf.gatherND(
        x,
        tf.tensor2d(
          [
            [0, 1],
            [2, 3],
          ],
          [2, 2],
          "int32",
        ),
      ),
    ),
  IsFinite: unary(tf.isFinite),
  IsInf: unary(tf.isInf),
  IsNan: unary(tf.isNaN),
  LinSpace: () => on([], () => tf.linspace(-1, 2, 7)),
  MaxPoolWithArgmax: pool((x, window, strides, pad) => tf.maxPoolWithArgmax(x, window, strides, pad)["result"]!),
  NonMaxSuppressionV3: (r) =>
    on(boxes(r), (b: tf.Tensor2D, s: tf.Tensor1D) => tf.image.nonMaxSuppression(b, s, 5, 0.4)),
  NonMaxSuppressionV4: (r) =>
    on(
      boxes(r),
      (b: tf.Tensor2D, s: tf.Tensor1D) => tf.image.nonMaxSuppressionPadded(b, s, 5, 0.4, 0.1, true)["selectedIndices"]!,
    ),
  NonMaxSuppressionV5: (r) =>
    on(
      boxes(r),
      (b: tf.Tensor2D, s: tf.Tensor1D) =>
        tf.image.nonMaxSuppressionWithScore(b, s, 5, 0.4, 0.1, 0.5)["selectedScores"]!,
    ),
  OneHot: (r) => {
    const dtype = r.size(0, 1) === 0 ? "float32" : "int32";
    return on([r.ids([r.size(1, 6)], 5)], (x: tf.Tensor) => tf.oneHot(x, 4, 3, 1, dtype));
  },
  Range: () => on([], () => tf.range(0, 9, 2)),
  RotateWithOffset: (r) => on([r.normal([1, 5, 5, 2])], (x: T4) => tf.image.rotateWithOffset(x, 0.4, 0, 0.5)),
  ScatterNd: (r) =>
    on([r.normal([3])], (x: tf.Tensor) => tf.scatterND(tf.tensor2d([[1], [4], [1]], [3, 1], "int32"), x, [6])),
  SearchSorted: (r) =>
    on([r.normal([2, 4])], (x: tf.Tensor) =>
      tf.searchSorted(
        tf.tensor2d([
          [-1, 0, 1],
          [-2, 0, 2],
        ]),
        x,
      ),
    ),
  SparseFillEmptyRows: () =>
    on(
      [],
      () =>
        tf.sparse.sparseFillEmptyRows(
          tf.tensor2d(
            [
              [0, 0],
              [2, 1],
            ],
            [2, 2],
            "int32",
          ),
          tf.tensor1d([3, 4], "int32"),
          tf.tensor1d([3, 4], "int32"),
          tf.scalar(-1, "int32"),
        )["outputValues"]!,
    ),
  SparseReshape: () =>
    on(
      [],
      () =>
        tf.sparse.sparseReshape(
          tf.tensor2d(
            [
              [0, 1],
              [1, 2],
            ],
            [2, 2],
            "int32",
          ),
          tf.tensor1d([2, 3], "int32"),
          tf.tensor1d([3, 2], "int32"),
        )["outputIndices"]!,
    ),
  SparseSegmentMean: (r) =>
    on([r.normal([4, 3])], (x: tf.Tensor2D) =>
      tf.sparse.sparseSegmentMean(x, tf.tensor1d([0, 2, 3], "int32"), tf.tensor1d([0, 0, 1], "int32")),
    ),
  SparseSegmentSum: (r) =>
    on([r.normal([4, 3])], (x: tf.Tensor2D) =>
      tf.sparse.sparseSegmentSum(x, tf.tensor1d([0, 2, 3], "int32"), tf.tensor1d([0, 0, 1], "int32")),
    ),
  SparseToDense: () =>
    on([], () => tf.sparseToDense(tf.tensor1d([1, 3], "int32"), tf.tensor1d([2, 5]), [5], tf.scalar(0))),
  StridedSlice: (r) => on([r.normal([5, 6])], (x: tf.Tensor) => tf.stridedSlice(x, [0, 1], [5, 6], [2, 3])),
  TensorScatterUpdate: (r) =>
    on([r.normal([5]), r.normal([2])], (x: tf.Tensor, u: tf.Tensor) =>
      tf.tensorScatterUpdate(x, tf.tensor2d([[1], [3]], [2, 1], "int32"), u),
    ),
  TopK: (r) => on([r.normal([3, 7])], (x: tf.Tensor) => tf.topk(x, 3).values),
  Transform: (r) =>
    on([r.normal([1, 4, 4, 2])], (x: T4) => tf.image.transform(x, tf.tensor2d([[1, 0, 0.5, 0, 1, 0.5, 0, 0]]))),
  Unique: (r) => on([r.ids([9], 4)], (x: tf.Tensor) => tf.unique(x).values),
  BitwiseAnd: (r) => on([r.ids([6], 64), r.ids([6], 64)], tf.bitwiseAnd as Op),
  BroadcastArgs: () => on([], () => tf.broadcastArgs(tf.tensor1d([1, 3], "int32"), tf.tensor1d([4, 1], "int32"))),
  _FusedMatMul: fusedMatMul,
};
