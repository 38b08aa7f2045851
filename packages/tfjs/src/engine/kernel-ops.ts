import {
  type ArrayOps,
  composedLogSoftmax,
  composedSoftmax,
  composedSoftmaxCrossEntropy,
  type ReduceOptions,
} from "@isthmus/math";
import { type FormOps, stableForms } from "../stable-forms.ts";
import type { Device, Value } from "./device.ts";
import { broadcastPair, commonShape, type Sizes, sizeOf } from "./sizes.ts";

/** The operations of formulas on kernels, and those that graphs need beside them. */
export interface KernelOps extends ArrayOps<Value> {
  readonly device: Device;
  readonly erf: (x: Value) => Value;
  /** Halves to the even neighbour. */
  round(x: Value): Value;
  /** What `make` makes, made once. */
  cached(key: number | string, make: () => Value): Value;
  reshape(x: Value, shape: Sizes): Value;
  broadcastTo(x: Value, shape: Sizes): Value;
  transpose(x: Value, permutation: readonly number[]): Value;
  reverse(x: Value, axes: readonly number[]): Value;
  /** Elements before and after along each axis: `fill`, or cut away where the number is negative. */
  resize(x: Value, sides: readonly (readonly [before: number, after: number])[], fill?: number): Value;
  /** Every `strides[axis]`-th element from `begin[axis]` on, `size[axis]` of them. */
  pick(x: Value, at: Record<"begin" | "size" | "strides", Sizes>): Value;
}

/** log 2 to twelve bits: its product with a whole number below 4096 is exact. */
const LN2_HIGH = 2839 / 4096;

/** Sums longer than this are made in two steps where a backend adds one term after the other. */
const LONG = 32;

/**
 * @param scalars what was made of numbers before, kept across calls; its owner releases it
 */
export function kernelOps(device: Device, scalars: Map<number | string, Value>): KernelOps {
  const { traits } = device;
  const unary = (kernel: string) => (x: Value) => device.call(kernel, { x });
  const float = (x: Value) => device.call("Cast", { x }, { dtype: "float32" });

  /** Backends know up to four axes for certain; axes that broadcast alike are one. */
  const merged = (f: (a: Value, b: Value) => Value) => (a: Value, b: Value) => {
    if (Math.max(a.shape.length, b.shape.length) <= 4) return f(a, b);
    const { left, right, common } = broadcastPair(a.shape, b.shape);
    return reshape(f(reshape(a, left), reshape(b, right)), common);
  };
  const binary = (kernel: string) => merged((a, b) => device.call(kernel, { a, b }));
  /** The same, of operands stretched before where the kernel is slow at it. */
  const stretched = (kernel: string) => {
    const plain = binary(kernel);
    if (!traits.slowBroadcasts) return plain;
    return (a: Value, b: Value) => {
      const shape = commonShape(a.shape, b.shape);
      return plain(broadcastTo(a, shape), broadcastTo(b, shape));
    };
  };

  const extreme = (kernel: "Maximum" | "Minimum") => {
    const plain = stretched(kernel);
    if (!traits.dropsNaN) return plain;
    return (a: Value, b: Value) => {
      const made = plain(a, b);
      const second = broadcastTo(b, made.shape);
      return where(device.call("NotEqual", { a: second, b: second }), second, made);
    };
  };

  const cached = (key: number | string, make: () => Value): Value => {
    const known = scalars.get(key);
    if (known) return known;
    const made = device.kept(make);
    scalars.set(key, made);
    return made;
  };
  const scalar = (value: number) => cached(Object.is(value, -0) ? "-0" : value, () => device.upload([value], []));
  const where = (condition: Value, a: Value, b: Value) => device.call("Select", { condition, t: a, e: b });
  const greater = stretched("Greater");
  const notEqual = stretched("NotEqual");
  const multiply = binary("Multiply");

  function reshape(x: Value, shape: Sizes): Value {
    return device.call("Reshape", { x }, { shape: [...shape] });
  }

  /** Times one: what is infinite, NaN or a negative zero stays so. */
  function broadcastTo(x: Value, shape: Sizes): Value {
    if (x.shape.length === shape.length && x.shape.every((size, axis) => size === shape[axis])) return x;
    const ones = device.call("Fill", {}, { shape: [...shape], value: 1, dtype: "float32" });
    return multiply(x, ones);
  }

  function transpose(x: Value, permutation: readonly number[]): Value {
    return device.call("Transpose", { x }, { perm: [...permutation] });
  }

  function sum(x: Value, { axes, keepDims = false }: ReduceOptions = {}): Value {
    const along = normalise(x, axes);
    if (along.length === 0) return x;
    const count = along.reduce((product, axis) => product * x.shape[axis]!, 1);
    const whole = keptShape(x.shape, along, keepDims);
    if (!traits.naiveSums || count <= LONG) {
      return reshape(device.call("Sum", { x }, { axis: along, keepDims: false }), whole);
    }
    const rest = x.shape.map((_, axis) => axis).filter((axis) => !along.includes(axis));
    const rows = sizeOf(x.shape) / count;
    const inner = along.every((axis, i) => axis === rest.length + i) ? x : transpose(x, [...rest, ...along]);
    const length = Math.ceil(Math.sqrt(count));
    const parts = Math.ceil(count / length);
    const filled = ops.resize(reshape(inner, [rows, count]), [
      [0, 0],
      [0, parts * length - count],
    ]);
    const partial = device.call("Sum", { x: reshape(filled, [rows * parts, length]) }, { axis: [1], keepDims: false });
    return reshape(device.call("Sum", { x: reshape(partial, [rows, parts]) }, { axis: [1], keepDims: false }), whole);
  }

  function matmul(a: Value, b: Value, transposeA: boolean, transposeB: boolean): Value {
    const flip = traits.plainProducts === true;
    const [left, right] = [
      transposeA && flip ? transpose(a, [1, 0]) : a,
      transposeB && flip ? transpose(b, [1, 0]) : b,
    ];
    const product = device.call(
      "BatchMatMul",
      { a: reshape(left, [1, ...left.shape]), b: reshape(right, [1, ...right.shape]) },
      { transposeA: transposeA && !flip, transposeB: transposeB && !flip },
    );
    return reshape(product, product.shape.slice(1));
  }

  const forms: FormOps<Value, Value> = {
    scalar,
    ...{ add: binary("Add"), sub: binary("Sub"), mul: multiply, div: binary("RealDiv") },
    ...{ neg: unary("Neg"), square: unary("Square"), relu: unary("Relu") },
    // The kernel of the CPU leaves a tensor with tfjs's engine.
    abs: (x) => device.call("Maximum", { a: x, b: device.call("Neg", { x }) }),
    exp: traits.roughFunctions ? exp : unary("Exp"),
    log: traits.roughFunctions ? log : unary("Log"),
    ...{ erf: unary("Erf"), zerosLike: unary("ZerosLike") },
    within: (x, low, high) =>
      device.call("LogicalAnd", {
        a: device.call("GreaterEqual", { a: x, b: scalar(low) }),
        b: device.call("LessEqual", { a: x, b: scalar(high) }),
      }),
    where,
  };

  const stable = stableForms(forms);

  /** exp(x - n log 2) 2^n with n = x / log 2, rounded: the kernel's error grows with its operand. */
  function exp(x: Value): Value {
    const whole = unary("Round")(multiply(x, scalar(1 / Math.LN2)));
    const n = binary("Minimum")(binary("Maximum")(whole, scalar(-126)), scalar(127));
    const near = forms.sub(forms.sub(x, multiply(n, scalar(LN2_HIGH))), multiply(n, scalar(Math.LN2 - LN2_HIGH)));
    return multiply(unary("Exp")(near), powerOfTwo(n));
  }

  /** Whole numbers n from -126 to 127, and what is NaN. */
  function powerOfTwo(n: Value): Value {
    const table = cached("powers of two", () =>
      device.upload(
        Array.from({ length: 254 }, (_, i) => 2 ** (i - 126)),
        [254],
      ),
    );
    const places = device.call("Cast", { x: forms.add(n, scalar(126)) }, { dtype: "int32" });
    const flat = reshape(places, [sizeOf(n.shape)]);
    return reshape(device.call("GatherV2", { x: table, indices: flat }, { axis: 0, batchDims: 0 }), n.shape);
  }

  /** Near 1, where the kernel's error is not small beside the logarithm, that of 1 + (x - 1). */
  function log(x: Value): Value {
    const isNear = forms.within(x, 0.5, 2);
    const near = where(isNear, forms.sub(x, scalar(1)), forms.zerosLike(x));
    return where(isNear, stable.logOnePlus(near), unary("Log")(x));
  }

  /** With e = exp(-2 |x|) - 1: sign(x) (-e) / (e + 2). */
  function tanh(x: Value): Value {
    const e = stable.expm1(multiply(scalar(-2), forms.abs(x)));
    return multiply(unary("Sign")(x), forms.div(forms.neg(e), forms.add(e, scalar(2))));
  }

  const ops: KernelOps = {
    device,
    cached,
    ...forms,
    ...stable,
    constant: (shape, values) => device.upload(values, shape),
    shape: (x) => x.shape,
    maximum: extreme("Maximum"),
    minimum: extreme("Minimum"),
    greater: (a, b) => float(greater(a, b)),
    equal: (a, b) => float(stretched("Equal")(a, b)),
    select: (condition, a, b) => {
      const shape = [condition, a, b].reduce<Sizes>((common, x) => commonShape(common, x.shape), []);
      const isTrue = notEqual(broadcastTo(condition, shape), scalar(0));
      return where(isTrue, broadcastTo(a, shape), broadcastTo(b, shape));
    },
    // Kernels make 0 of NaN.
    sign: (x) => where(device.call("Equal", { a: x, b: x }), unary("Sign")(x), x),
    sqrt: unary("Sqrt"),
    sigmoid: unary("Sigmoid"),
    tanh: traits.roughFunctions ? tanh : unary("Tanh"),
    round: unary("Round"),
    softmax: (x) => composedSoftmax(ops, x),
    logSoftmax: (x) => composedLogSoftmax(ops, x),
    softmaxCrossEntropy: (logits, p) => composedSoftmaxCrossEntropy(ops, logits, p),
    sum,
    mean: (x, options = {}) => ops.div(sum(x, options), ops.size(x, options.axes)),
    max: (x, { axes, keepDims = false } = {}) => {
      const along = normalise(x, axes);
      if (along.length === 0) return x;
      const made = device.call("Max", { x }, { reductionIndices: along, keepDims: false });
      return reshape(made, keptShape(x.shape, along, keepDims));
    },
    size: (x, axes) => scalar(normalise(x, axes).reduce((product, axis) => product * x.shape[axis]!, 1)),
    expandDims: (x, axis) => reshape(x, x.shape.toSpliced(axis < 0 ? axis + x.shape.length + 1 : axis, 0, 1)),
    slice: (x, { axis, begin, end }) => {
      const at = axis < 0 ? axis + x.shape.length : axis;
      const begins = x.shape.map((__size, i) => (i === at ? begin : 0));
      return device.call("Slice", { x }, { begin: begins, size: x.shape.with(at, end - begin) });
    },
    concat: (xs, axis) => device.call("Concat", xs as never, { axis: axis < 0 ? axis + xs[0]!.shape.length : axis }),
    matmul: (a, b, { transposeA = false, transposeB = false } = {}) => matmul(a, b, transposeA, transposeB),
    stopGradient: (x) => x,

    reshape,
    broadcastTo,
    transpose,
    reverse: (x, axes) => device.call("Reverse", { x }, { dims: [...axes] }),
    resize: (x, sides, fill = 0) => {
      const cut = sides.some((side) => Math.min(...side) < 0);
      const kept = x.shape.map((size, axis) => size + Math.min(0, sides[axis]![0]) + Math.min(0, sides[axis]![1]));
      const begin = sides.map(([before]) => Math.max(0, -before));
      const inner = cut ? device.call("Slice", { x }, { begin, size: kept }) : x;
      if (sides.every((side) => Math.max(...side) <= 0)) return inner;
      const paddings = sides.map(([before, after]) => [Math.max(0, before), Math.max(0, after)]);
      return device.call("PadV2", { x: inner }, { paddings, constantValue: fill });
    },
    pick: (x, { begin, size, strides }) => {
      const end = begin.map((from, axis) => from + (size[axis]! - 1) * strides[axis]! + 1);
      const masks = { beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0 };
      return device.call("StridedSlice", { x }, { begin: [...begin], end, strides: [...strides], ...masks });
    },
  };
  return ops;
}

function normalise(x: Value, axes: readonly number[] | undefined): number[] {
  if (axes === undefined) return x.shape.map((_, axis) => axis);
  return axes.map((axis) => (axis < 0 ? axis + x.shape.length : axis)).sort((a, b) => a - b);
}

function keptShape(shape: Sizes, axes: readonly number[], keepDims: boolean): number[] {
  if (keepDims) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return shape.filter((_, axis) => !axes.includes(axis));
}
