/** Of plans in integers; changes when their meaning changes. Another is refused. */
export const PLAN_VERSION = 1;
/** Of plans in floats, likewise. */
export const FLOAT_PLAN_VERSION = 2;

export type Plan = IntegerPlan | FloatPlan;

/**
 * A network in integers: a list of kernel calls over one memory, of which the first bytes are constants and the rest a workspace.
 * The arithmetic of each call is written down to the bit in `docs/integer.md`. Addresses are in bytes.
 */
export interface IntegerPlan {
  readonly version: number;
  /** What the memory begins with: weights, channels, tables, images. */
  readonly constants: Uint8Array;
  /** Size of the memory: constants and workspace. */
  readonly memoryBytes: number;
  readonly input: PlanInput;
  /** What comes out, as int32, one after the other. */
  readonly outputs: readonly PlanOutput[];
  readonly calls: readonly PlanCall[];
}

/** Where the int8 q of an item go. The number that a q stands for is `scale` (q - `zero`). */
export interface PlanInput {
  readonly address: number;
  readonly length: number;
  /** A finite float64 > 0. */
  readonly scale: number;
  /** In [-128, 127]. */
  readonly zero: number;
}

export interface PlanOutput {
  readonly name: string;
  /** A multiple of 4. */
  readonly address: number;
  /** In int32. */
  readonly length: number;
}

/** How a channel's sum becomes what is stored: clamp(zero + round(sum * multiplier / 2^shift), low, high). */
export interface Rounding {
  /** Of what is stored. */
  readonly zero: number;
  readonly low: number;
  readonly high: number;
  /** Whether int32 are stored, from an address that is a multiple of 4, rather than int8. */
  readonly wide: boolean;
}

/** A window that slides over an image `[height, width, channels]` and makes one `[yHeight, yWidth, yChannels]`. */
export interface PlanWindow {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly yHeight: number;
  readonly yWidth: number;
  readonly yChannels: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly rowDilation: number;
  readonly columnDilation: number;
  readonly top: number;
  readonly left: number;
}

/**
 * `conv2d`: weights int8 [yChannels, row], a row `rows` x `columns` x `channels` numbers and zeros up to the next multiple of 16. A dense
 * layer is one with a window of 1 x 1 over an image of 1 x 1.
 * `conv2dTranspose`: the same over an image whose pixels stand a stride apart: the number under row r of the window at i is that of the
 * pixel (i + `top` - r `rowDilation`) / `rowStride` where there is one, else the padding; columns likewise.
 * `depthwise`: weights int8 [rows, columns, yChannels]; channel c of y reads channel c / (yChannels / channels) of x.
 */
export interface ConvolutionCall extends Rounding {
  readonly kernel: "conv2d" | "conv2dTranspose" | "depthwise";
  readonly x: number;
  readonly y: number;
  readonly weights: number;
  /** One {@link Channel} for each channel of y. */
  readonly channels: number;
  readonly window: PlanWindow;
  /** What lies around the image: the int8 that stands for 0. */
  readonly padding: number;
  /** Of all but `depthwise`: bytes for one patch, `rows` x `columns` x `channels` up to the next multiple of 16. */
  readonly scratch: number;
}

/** The largest int8 of each window, the padding aside. */
export interface MaxPoolCall {
  readonly kernel: "maxPool";
  readonly x: number;
  readonly y: number;
  readonly window: PlanWindow;
}

/** y = table[x + 128], for `length` int8. y may be x. */
export interface LookupCall {
  readonly kernel: "lookup";
  readonly x: number;
  readonly y: number;
  /** 256 int8. */
  readonly table: number;
  readonly length: number;
}

export type PlanCall = ConvolutionCall | MaxPoolCall | LookupCall;

/**
 * Of one output channel, as four int32 from an address that is a multiple of 4: the sum begins with `bias`, and is multiplied by
 * `multiplier`, or by `negative` where it is below 0, and divided by 2^`shift`.
 */
export interface Channel {
  /** In [-2^30, 2^30], with the zero point of x folded in. */
  readonly bias: number;
  /** In [0, 2^31). */
  readonly multiplier: number;
  /** In [0, 2^31). The same as `multiplier` unless the activation is a leaky ReLU. */
  readonly negative: number;
  /** In [17, 62]. */
  readonly shift: number;
}

/** Bytes of a {@link Channel}. */
export const CHANNEL_BYTES = 16;

/** The most products in one sum: 128 * 127 * 2^15 < 2^29, so that with a bias no order of adding leaves int32. */
export const MAX_TAPS: number = 2 ** 15;
export const MAX_BIAS: number = 2 ** 30;
export const MIN_SHIFT = 17;
export const MAX_SHIFT = 62;

/** Bytes of a row of weights: `taps` up to the next multiple of 16. */
export function rowBytes(taps: number): number {
  return (taps + 15) & -16;
}

/** A network in float32, to the bit as `docs/float.md` says: the same memory, and calls of other kernels. Addresses of floats are multiples of 4. */
export interface FloatPlan extends Pick<IntegerPlan, "version" | "constants" | "memoryBytes"> {
  /** Where the float32 of an item go. */
  readonly input: Pick<PlanInput, "address" | "length">;
  readonly outputs: readonly FloatOutput[];
  readonly calls: readonly FloatCall[];
}

/** Float32 of which symbols are made: round((y - offset) / step) in float64, halves to the even integer. */
export interface FloatOutput extends PlanOutput {
  /** Where the constants have the float32 steps of the channels, then their offsets. */
  readonly grid: number;
  /** In the last axis: number i is of channel i mod `channels`. */
  readonly channels: number;
}

/**
 * `floatConv2d`: weights float32 [rows, columns, channels, yChannels], and biases [yChannels], with yChannels up to the next multiple of four.
 * `floatDepthwise`: weights float32 [rows, columns, yChannels], and biases [yChannels].
 */
export interface FloatConvolutionCall {
  readonly kernel: "floatConv2d" | "floatDepthwise";
  readonly x: number;
  readonly y: number;
  readonly weights: number;
  readonly biases: number;
  readonly window: PlanWindow;
  /** Of `floatConv2d`: `rows` x `columns` x `channels` floats for one patch. */
  readonly scratch: number;
}

/** The largest number of each window, what lies beside the image left out. */
export interface FloatPoolCall {
  readonly kernel: "floatMaxPool";
  readonly x: number;
  readonly y: number;
  readonly window: PlanWindow;
}

/** A function of each number, or of two: operand x and the other one begin anew after so many numbers as they have. All counts are multiples of four. */
export interface ElementwiseCall {
  readonly kernel: FloatFunctionName;
  readonly x: number;
  readonly y: number;
  readonly length: number;
  readonly xLength: number;
  /** Of a function of one number: x again. */
  readonly other: number;
  readonly otherLength: number;
}

export type FloatFunctionName =
  | ("abs" | "sqrt" | "exp" | "expm1" | "erf" | "sigmoid" | "tanh" | "softplus")
  | ("add" | "sub" | "mul" | "div" | "maximum" | "minimum");

export type FloatCall = FloatConvolutionCall | FloatPoolCall | ElementwiseCall;

export function isFloatPlan(plan: Plan): plan is FloatPlan {
  return plan.version === FLOAT_PLAN_VERSION;
}

/** Numbers in a row of weights of `floatConv2d`: `count` up to the next multiple of four. */
export function floatRow(count: number): number {
  return (count + 3) & -4;
}
