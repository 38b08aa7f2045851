/**
 * The functions of a build. Addresses are bytes in the imported memory, buffers 16-byte aligned, counts in elements of float32 unless
 * said otherwise. Nothing outside the arrays is touched; any count from 0 up is right. Element-wise results may overwrite
 * an operand of the same layout.
 */

/** y = f(x). */
export type Unary = (x: number, y: number, n: number) => void;

/** y[outer, inner] = f(a, b), y dense. Outer strides are in elements (0 repeats a row), inner ones 0 (repeats one element) or 1. */
export type Binary = (
  a: number,
  b: number,
  y: number,
  outer: number,
  inner: number,
  aOuter: number,
  aInner: number,
  bOuter: number,
  bInner: number,
) => void;

/** dx[outer, inner] from the cotangent g (strided as in {@link Binary}) and the function's own dense result y. */
export type UnaryGrad = (
  g: number,
  y: number,
  dx: number,
  outer: number,
  inner: number,
  gOuter: number,
  gInner: number,
) => void;

/** y[outer, inner] from x[outer, n, inner], whose rows are `rowStride` elements apart (default: `inner`). */
export type Reduction = (x: number, y: number, outer: number, n: number, inner: number, rowStride?: number) => void;

/**
 * `seedPtr` and `stepPtr` point at two uint32 words [low, high]; `stream` is the hash of the stream's name. The numbers are those of
 * the stream from element 4 `block` on.
 */
export type Random = (y: number, n: number, seedPtr: number, stepPtr: number, stream: number, block?: number) => void;

/** What {@link KernelExports.gemm} applies last. */
export const ACTIVATIONS: Readonly<Record<"none" | "relu" | "sigmoid" | "tanh" | "softplus", number>> = {
  none: 0,
  relu: 1,
  sigmoid: 2,
  tanh: 3,
  softplus: 4,
};

/** Gradients through an activation, from its result, that {@link KernelExports.gemm} applies last. */
export const GATES: Readonly<Record<"reluGrad" | "sigmoidGrad" | "tanhGrad", number>> = {
  reluGrad: 5,
  sigmoidGrad: 6,
  tanhGrad: 7,
};

/** What kernels with a window read at `window`. x are the images that it moves over, y those with one element for each of its places. */
export type WindowField =
  | "batch"
  | "height"
  | "width"
  | "channels"
  | "yHeight"
  | "yWidth"
  | "yChannels"
  | "rows"
  | "columns"
  | "rowStride"
  | "columnStride"
  | "rowDilation"
  | "columnDilation"
  | "top"
  | "left";

/** In this order, as int32. */
export const WINDOW_FIELDS: readonly WindowField[] = [
  ...["batch", "height", "width", "channels"],
  ...["yHeight", "yWidth", "yChannels"],
  ...["rows", "columns", "rowStride", "columnStride", "rowDilation", "columnDilation"],
  ...["top", "left"],
] as WindowField[];

/** Images in and images out, `[batch, height, width, channels]`. */
export type WindowMap = (window: number, x: number, y: number) => void;

/** `a` has x's shape, `b` x's or y's, the last is the result. */
export type WindowJoin = (window: number, a: number, b: number, result: number) => void;

/**
 * A convolution, or the derivative of one by its input: `from` and `to` are images, the filter lies in between. `bias`: one float for
 * each channel of the result, or 0. `activation`: of {@link ACTIVATIONS}.
 */
export type Convolution = (
  window: number,
  from: number,
  filter: number,
  to: number,
  bias: number,
  activation: number,
  scratch: number,
) => void;

/** Bytes of scratch for a window; takes its fields in their order, of which the sizes (the first nine) count. */
export type ConvolutionScratch = (...fields: readonly number[]) => number;

/** y = f(x), row by row of [rows, n]; y may be x. */
type Rows = (x: number, y: number, rows: number, n: number) => void;

/** dx from the cotangent g and the function's own result y, row by row; dx may be g or y. */
type RowsGrad = (g: number, y: number, dx: number, rows: number, n: number) => void;

/**
 * One step of an optimiser, in place, over `count` segments: at each entry of {@link SEGMENT_WORDS} int32 the number of elements, the
 * addresses of g, p and the slots, and then two zeros, or, where g is the product of a column and a row, so that g is never in memory, the address
 * of the column and the length of the row, which g's address leads to. `coefficients` are float32; each schedule pointer points at one. `share` 0 makes all of it,
 * 256 s + i the i-th of s shares. What decays is rounded to multiples of 2^-120 and an
 * average of squares gets 2^-124 more, so that nothing becomes denormal and slows down later steps.
 */
type Optimiser<Schedule extends readonly number[]> = (
  segments: number,
  count: number,
  coefficients: number,
  share: number,
  ...schedule: Schedule
) => void;

/** In int32 words; what a method does not have is 0. */
export const SEGMENT_WORDS = 7;

export interface KernelExports {
  /** Bytes of scratch for each share of {@link KernelExports.gemm} with these arguments. */
  readonly gemmScratch: (transA: number, transB: number, m: number, n: number, k: number) => number;
  /**
   * C[m, n] = activation(op(A) op(B) + bias[n]), row-major; A is [m, k], or [k, m] when `transA`; B is [k, n], or [n, k] when
   * `transB`; `bias` 0 means none. With one of {@link GATES} as activation C is the gradient through it of op(A) op(B), and `bias`
   * is the address of the activation's result y[m, n]. C overlaps no operand. The order of summation depends on shape and build alone.
   * `share`, `count << 8 | index`, makes one of `count` <= 255 disjoint parts of C, which together are the whole of it to the bit.
   */
  readonly gemm: (
    transA: number,
    transB: number,
    m: number,
    n: number,
    k: number,
    a: number,
    b: number,
    c: number,
    bias: number,
    activation: number,
    scratch: number,
    share?: number,
  ) => void;

  /** Stores at `tally`, as two words, how many of n floats are not zero, and 1 if they are at most `atMost`, else 0. */
  readonly countNonZero: (x: number, n: number, atMost: number, tally: number) => void;
  /** Bytes of scratch for each share of {@link KernelExports.sparseGemm} with these arguments. */
  readonly sparseGemmScratch: (transposed: number, m: number, n: number, k: number) => number;
  /**
   * {@link KernelExports.gemm} to the same bits, for an A or a B that may be mostly zero: if the tally of A ends in 1, or else that of B, only
   * elements of it that are not zero are multiplied. `transposed` is 1 for A, 2 for B, or their sum; m is at least 4. A tally is 0 where none was
   * made; `tallyB` must be 0 where n is not a multiple of 8, or there is a bias or an activation.
   */
  readonly sparseGemm: (
    transposed: number,
    m: number,
    n: number,
    k: number,
    a: number,
    b: number,
    c: number,
    bias: number,
    activation: number,
    scratch: number,
    tallyA: number,
    tallyB: number,
    share?: number,
  ) => void;
  /** Bytes of scratch for each share of {@link KernelExports.gatedGemm} with these arguments. */
  readonly gatedGemmScratch: (m: number, n: number, k: number) => number;
  /**
   * C[m, n] = A[m, k] B[n, k]' where the result y[m, n] of relu is above 0, else 0. If the tally of y ends in 1 nothing else is computed, and the
   * sums are in another order than those of {@link KernelExports.gemm}, which makes it otherwise.
   */
  readonly gatedGemm: (
    m: number,
    n: number,
    k: number,
    a: number,
    b: number,
    c: number,
    y: number,
    scratch: number,
    tally: number,
    share?: number,
  ) => void;
  /**
   * {@link KernelExports.gemm} to the same bits, without transposes, for at most 3 rows of an A that may be mostly zero: if the tally of A ends
   * in 1 and the int32 at `finite` is not 0, rows of B that only zeros would multiply are not read. Set it only while all of B is finite.
   */
  readonly sparseRows: (
    m: number,
    n: number,
    k: number,
    a: number,
    b: number,
    c: number,
    bias: number,
    activation: number,
    tally: number,
    finite: number,
  ) => void;

  readonly conv2dScratch: ConvolutionScratch;
  /** x `[batch, height, width, channels]`, filter `[rows, columns, channels, yChannels]`; padding is zero. */
  readonly conv2d: Convolution;
  readonly conv2dInputGradScratch: ConvolutionScratch;
  /** x from y, the transpose of {@link KernelExports.conv2d}; `bias` has x's channels. */
  readonly conv2dInputGrad: Convolution;
  readonly conv2dFilterGradScratch: ConvolutionScratch;
  readonly conv2dFilterGrad: (window: number, x: number, y: number, filter: number, scratch: number) => void;

  /** Filter `[rows, columns, channels]`; y has x's channels. */
  readonly depthwiseConv2d: (
    window: number,
    x: number,
    filter: number,
    y: number,
    bias: number,
    activation: number,
  ) => void;
  readonly depthwiseConv2dInputGrad: (window: number, y: number, filter: number, x: number) => void;
  readonly depthwiseConv2dFilterGrad: WindowJoin;

  /** The greatest of each window, NaN if there is one; padding is left out, and no window may be all padding. */
  readonly maxPool2d: WindowMap;
  /** (x, y) to x: each y added where x is greatest in its window, the first of equals. */
  readonly maxPool2dGrad: WindowJoin;
  /** (x, u) to y: of each window the element of u where x is greatest, the first of equals. */
  readonly maxPool2dPick: WindowJoin;
  /** The mean of each window, padding left out. */
  readonly avgPool2d: WindowMap;
  /** y to x. */
  readonly avgPool2dGrad: WindowMap;

  readonly neg: Unary;
  readonly abs: Unary;
  /** 1, -1, or x itself when it is ±0 or NaN. */
  readonly sign: Unary;
  /** 1 where x > 0, else 0. */
  readonly step: Unary;
  readonly erf: Unary;
  /** To the nearest integer, halves to the even one. */
  readonly round: Unary;
  readonly exp: Unary;
  readonly expm1: Unary;
  readonly log: Unary;
  readonly log1p: Unary;
  readonly sqrt: Unary;
  readonly square: Unary;
  readonly sigmoid: Unary;
  readonly tanh: Unary;
  /** log(1 + e^x). */
  readonly softplus: Unary;
  /** max(x, 0); NaN and -0 stay. */
  readonly relu: Unary;

  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly div: Binary;
  /** NaN if either is; +0 is greater than -0. */
  readonly maximum: Binary;
  readonly minimum: Binary;
  /** 1 where a > b, else 0. */
  readonly greater: Binary;
  /** 1 where a equals b, else 0. */
  readonly equal: Binary;

  /** y = a where `cond` is not 0, else b. */
  readonly select: (cond: number, a: number, b: number, y: number, n: number) => void;
  /** g where y > 0, else 0. */
  readonly reluGrad: UnaryGrad;
  /** g y (1 - y). */
  readonly sigmoidGrad: UnaryGrad;
  /** g (1 - y^2). */
  readonly tanhGrad: UnaryGrad;

  /** y = max(l, 0) - l x + log1p(e^-|l|): -log p(x | logits l) of a Bernoulli, nats. */
  readonly sigmoidCrossEntropy: (l: number, x: number, y: number, n: number) => void;
  /** y = g (sigmoid(l) - x); l, x and y dense. */
  readonly sigmoidCrossEntropyGrad: (
    l: number,
    x: number,
    g: number,
    y: number,
    outer: number,
    inner: number,
    gOuter: number,
    gInner: number,
  ) => void;
  /** Both of n elements in one pass, to the same bits, for one g: y = max(l, 0) - l x + log1p(e^-|l|), dl = g (sigmoid(l) - x); dl may be l or x. */
  readonly sigmoidCrossEntropyBoth: (l: number, x: number, g: number, y: number, dl: number, n: number) => void;

  /** y = e^x / sum e^x, row by row of [rows, n]. */
  readonly softmax: Rows;
  /** x - log sum e^x. */
  readonly logSoftmax: Rows;
  /** dx = y (g - sum g y), where y is the softmax. */
  readonly softmaxGrad: RowsGrad;
  /** dx = g - e^y sum g, where y is the logSoftmax. */
  readonly logSoftmaxGrad: RowsGrad;
  /** y[rows] = -sum p log softmax(l), nats. */
  readonly softmaxCrossEntropy: (l: number, p: number, y: number, rows: number, n: number) => void;
  /** y = g (softmax(l) sum p - p) with g[rows]; y may be l, not p. */
  readonly softmaxCrossEntropyGrad: (l: number, p: number, g: number, y: number, rows: number, n: number) => void;
  /** Both in one pass: y as `softmaxCrossEntropy`, up to roundings, unless it is 0; dl as `softmaxCrossEntropyGrad`, which may be l, not p. */
  readonly softmaxCrossEntropyBoth: (
    l: number,
    p: number,
    g: number,
    y: number,
    dl: number,
    rows: number,
    n: number,
  ) => void;

  /** y = (x - mean) / sqrt(variance + epsilon), row by row of [rows, n]; y may be x. */
  readonly standardise: (x: number, y: number, rows: number, n: number, epsilon: number) => void;
  /** dx = (g - mean g - y mean g y) / sqrt(variance + epsilon), where y is the standardised x; dx may be x, not g. */
  readonly standardiseGrad: (x: number, g: number, dx: number, rows: number, n: number, epsilon: number) => void;

  /** `count` blocks of `length` floats: block i from xOffset + i xStride to yOffset + i yStride, in elements. */
  readonly copyBlocks: (
    x: number,
    y: number,
    count: number,
    length: number,
    xStride: number,
    yStride: number,
    xOffset: number,
    yOffset: number,
  ) => void;
  /** `count` blocks of `length` floats, each between `before` and `after` zeros. */
  readonly pad: (x: number, y: number, count: number, length: number, before: number, after: number) => void;
  /** y[i] = table[ids[i]], rows of d floats, int32 ids; NaN where an id is not in [0, n). */
  readonly gather: (table: number, ids: number, y: number, count: number, n: number, d: number) => void;
  /** y[rows, d] = 0, then y[ids[i]] += x[i] in order; an id not in [0, rows) is left out. */
  readonly scatterAdd: (x: number, ids: number, y: number, count: number, rows: number, d: number) => void;
  /** y[count, classes] = 1 at the ids, else 0; all 0 where an id is not in [0, classes). */
  readonly oneHot: (ids: number, y: number, count: number, classes: number) => void;

  /** Error at most 72 eps sum|x| for any n. */
  readonly sum: Reduction;
  /** NaN if there is one; -inf when n is 0. */
  readonly max: Reduction;

  /** y, dense [d0, d1, d2, d3], from x by element strides (0 repeats). */
  readonly copyStrided: (
    x: number,
    y: number,
    d0: number,
    d1: number,
    d2: number,
    d3: number,
    s0: number,
    s1: number,
    s2: number,
    s3: number,
  ) => void;
  readonly fill: (y: number, value: number, n: number) => void;
  /** Bytes; x and y may overlap. */
  readonly copy: (x: number, y: number, bytes: number) => void;
  /** uint8 to float32; x and y do not overlap. */
  readonly castU8: Unary;
  /** int32 to float32, to nearest. */
  readonly castI32: Unary;

  /** The bits of `randomUniform` in `@isthmus/math`. */
  readonly randomUniform: Random;
  /** The bits of `randomNormal` in `@isthmus/math`. */
  readonly randomNormal: Random;

  /** p -= lr g. No coefficients. */
  readonly sgd: Optimiser<[learningRate: number]>;
  /** v = momentum v + g, p -= lr v. Coefficients: momentum. */
  readonly sgdMomentum: Optimiser<[learningRate: number]>;
  /** v = momentum v + g, p -= lr (g + momentum v). Coefficients: momentum. */
  readonly sgdNesterov: Optimiser<[learningRate: number]>;
  /** v = decay v + (1 - decay) g^2, p -= lr g / (sqrt(v) + epsilon). Coefficients: decay, 1 - decay, epsilon. */
  readonly rmsProp: Optimiser<[learningRate: number]>;
  /**
   * m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p -= (stepSize / secondScale) m / (sqrt(v) + epsilon / secondScale), with
   * stepSize = lr / (1 - beta1^t) and secondScale = 1 / sqrt(1 - beta2^t).
   * Coefficients: beta1, beta2, epsilon, 1 - beta1, 1 - beta2.
   */
  readonly adam: Optimiser<[stepSize: number, secondScale: number]>;
  /** As `adam`, but p = keep p - (stepSize / secondScale) m / (sqrt(v) + epsilon / secondScale). */
  readonly adamW: Optimiser<[stepSize: number, secondScale: number, keep: number]>;

  /** y[0] = sqrt(sum x^2) to one ulp, whatever the magnitudes; not finite when an element is not. */
  readonly euclideanNorm: Unary;
}
