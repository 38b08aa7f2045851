/** Graphs put together at random: a few moves, each a layer or an operation on something that is there already. */
import { batchNorm, elementCount, GraphBuilder, layerNorm, type Node, type Program } from "@isthmus/graph";
import fc from "fast-check";
import type { Parameters } from "../../src/index.ts";
import { stored } from "../../src/rewrite.ts";
import { pseudoRandom } from "./models.ts";

/** What a move is, what it works on, and numbers that decide how; each is taken modulo what there is. */
export interface Move {
  readonly kind: number;
  readonly at: number;
  readonly numbers: readonly number[];
}

const number = fc.nat(1000);

export const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.record({ kind: number, at: number, numbers: fc.array(number, { minLength: 8, maxLength: 8 }) }),
  { minLength: 1, maxLength: 9 },
);

type Numbers = readonly number[];
/** Nothing where the move does not go. May throw a `RangeError` of the builder's instead. */
type Grow = (growth: Growth, x: Node, numbers: Numbers) => Node | undefined;

const MOST_ELEMENTS = 600;

/** A graph that grows move by move, with parameters away from 0 and 1. */
class Growth {
  readonly build: GraphBuilder = new GraphBuilder();
  readonly parameters: Record<string, Parameters[string]> = {};
  readonly pool: Node[] = [];

  /** A parameter whose sums of products with numbers near 1 are near 1. */
  weight(shape: readonly number[], fanIn: number): Node {
    const name = `w${Object.keys(this.parameters).length}`;
    const scale = 1 / Math.sqrt(fanIn);
    const data = pseudoRandom(elementCount(shape), name.length + elementCount(shape)).map((value) => value * scale);
    this.parameters[name] = { shape, data };
    return this.build.state(name, stored(shape));
  }

  /** What `batchNorm` and `layerNorm` ask for, as they have begun; variances are not negative. */
  private begun(program: Program): Parameters {
    const made = Object.entries(program.state).filter(([name]) => !Object.hasOwn(this.parameters, name));
    const values = made.map(([name, { shape }], salt) => {
      const data = pseudoRandom(elementCount(shape), salt).map((value) => 1 + value / 2);
      return [name, { shape, data }] as const;
    });
    return { ...this.parameters, ...Object.fromEntries(values) };
  }

  finish(): { readonly program: Program; readonly parameters: Parameters } {
    const grown = this.pool.slice(2);
    const last = grown.at(-1) ?? this.pool[0]!;
    const program = this.build.program({ outputs: { last, other: grown[Math.floor(grown.length / 2)] ?? last } });
    return { program, parameters: this.begun(program) };
  }
}

const sizeOf = (node: Node): number => elementCount(node.shape, 1);
const last = (node: Node): number => node.shape.at(-1) as number;
const isImage = (node: Node): boolean => node.shape.length === 4;
const isMatrix = (node: Node): boolean => node.shape.length === 2;
const between = (from: number, to: number, number: number): number => from + (number % (to - from + 1));
/** One of the axes behind the batch. */
const axisOf = (x: Node, number: number): number => between(1, x.shape.length - 1, number);

const curves: readonly ((build: GraphBuilder, x: Node) => Node)[] = [
  (build, x) => build.neg(x),
  (build, x) => build.abs(x),
  (build, x) => build.tanh(x),
  (build, x) => build.sigmoid(x),
  (build, x) => build.softplus(x),
  (build, x) => build.relu(x),
  (build, x) => build.erf(x),
  (build, x) => build.exp(build.tanh(x)),
  (build, x) => build.expm1(build.tanh(x)),
  (build, x) => build.square(build.tanh(x)),
  (build, x) => build.log1p(build.abs(x)),
  (build, x) => build.log(build.add(build.abs(x), build.scalar(0.5))),
  (build, x) => build.sqrt(build.add(build.square(build.tanh(x)), build.scalar(0.1))),
  (build, x) => build.maximum(x, build.mul(build.scalar(0.2), x)),
  (build, x) => build.stopGradient(x),
];

const pairs = ["add", "sub", "mul", "maximum", "minimum"] as const;

/** Something that broadcasts to `x`: a number, a vector of its last axis, itself with one axis reduced, another of its shape. */
function operandFor(growth: Growth, x: Node, [which = 0, axis = 0]: Numbers): Node {
  const { build, pool } = growth;
  switch (which % 4) {
    case 0:
      return build.scalar(0.7);
    case 1:
      return growth.weight([last(x)], 1);
    case 2:
      return build.mean(x, { axes: [axisOf(x, axis)], keepDims: true });
    default:
      return pool.find((node) => node !== x && node.shape.join() === x.shape.join()) ?? build.tanh(x);
  }
}

const windows = ([rows = 0, columns = 0, strideRows = 0, strideColumns = 0, pads = 0, dilation = 0]: Numbers) => {
  const window = [between(1, 4, rows), between(1, 4, columns)] as const;
  // Less than the window, so that no window of a pool is padding alone.
  const pad = (axis: 0 | 1, shift: number) => (pads >> shift) % window[axis];
  const uneven = [[pad(0, 2), pad(0, 4)] as const, [pad(1, 6), pad(1, 3)] as const] as const;
  return {
    window,
    moves: {
      strides: [between(1, 3, strideRows), between(1, 3, strideColumns)] as const,
      padding: (["same", "valid", uneven] as const)[pads % 3]!,
      dilations: dilation % 3 === 0 ? 2 : 1,
    },
  };
};

/** Each with a bias, or without. */
function biased(growth: Growth, y: Node, number: number): Node {
  return number % 2 ? growth.build.add(y, growth.weight([last(y)], 1)) : y;
}

export const grows: Readonly<Record<string, Grow>> = {
  curve: ({ build }, x, [which]) => curves[which! % curves.length]!(build, x),
  pair: (growth, x, [which, turned, ...numbers]) => {
    const operands: [Node, Node] = [x, operandFor(growth, x, numbers)];
    if (turned! % 2) operands.reverse();
    return growth.build[pairs[which! % pairs.length]!](...operands);
  },
  divide: ({ build }, x, [which]) => {
    const below = build.add(build.scalar(1), build.abs(x));
    return which! % 2 ? build.div(x, below) : build.div(build.scalar(2), below);
  },
  choose: ({ build }, x, [which]) =>
    which! % 2 ? build.select(build.scalar(1), x, build.neg(x)) : build.straightThrough(x, build.tanh(x)),
  reduce: ({ build }, x, [which, axis, keep]) =>
    x.shape.length > 2 || keep! % 2
      ? build[which! % 2 ? "max" : "mean"](x, { axes: [axisOf(x, axis!)], keepDims: keep! % 2 === 1 })
      : undefined,
  stretch: ({ build }, x, [axis]) =>
    build.broadcastTo(build.mean(x, { axes: [axisOf(x, axis!)], keepDims: true }), x.shape),
  flatten: ({ build }, x) => build.reshape(x, ["batch", sizeOf(x)]),
  unflatten: ({ build }, x, [rows, columns]) => {
    const [height, width] = [between(1, 4, rows!), between(1, 4, columns!)];
    if (!isMatrix(x) || last(x) % (height * width)) return undefined;
    return build.reshape(x, ["batch", height, width, last(x) / (height * width)]);
  },
  turn: ({ build }, x, [which]) =>
    isImage(x)
      ? build.transpose(
          x,
          [
            [0, 2, 1, 3],
            [0, 3, 1, 2],
            [0, 1, 3, 2],
          ][which! % 3]!,
        )
      : undefined,
  dense: (growth, x, [units, turned, bias]) => {
    if (!isMatrix(x)) return undefined;
    const shape = [last(x), between(1, 24, units!)] as const;
    const transposeB = turned! % 2 === 1;
    const weight = growth.weight(transposeB ? shape.toReversed() : shape, last(x));
    return biased(growth, growth.build.matmul(x, weight, { transposeB }), bias!);
  },
  convolution: (growth, x, [channels, bias, ...numbers]) => {
    if (!isImage(x)) return undefined;
    const { window, moves: how } = windows(numbers);
    const filter = growth.weight([...window, last(x), between(1, 5, channels!)], window[0] * window[1] * last(x));
    return biased(growth, growth.build.conv2d(x, filter, how), bias!);
  },
  transposed: (growth, x, [channels, bias, ...numbers]) => {
    if (!isImage(x)) return undefined;
    const { window, moves: how } = windows(numbers);
    const filter = growth.weight([...window, between(1, 5, channels!), last(x)], window[0] * window[1] * last(x));
    return biased(growth, growth.build.conv2dTranspose(x, filter, { ...how, dilations: 1 }), bias!);
  },
  depthwise: (growth, x, [multiplier, bias, ...numbers]) => {
    if (!isImage(x)) return undefined;
    const { window, moves: how } = windows(numbers);
    const filter = growth.weight([...window, last(x), between(1, 2, multiplier!)], window[0] * window[1]);
    return biased(growth, growth.build.depthwiseConv2d(x, filter, how), bias!);
  },
  pool: ({ build }, x, [which, ...numbers]) => {
    // Optimised, onnxruntime makes the pads of a pool of a Pad before it, and refuses those as wide as the window.
    if (!isImage(x) || x.op === "pad") return undefined;
    const { window, moves: how } = windows(numbers);
    return build[which! % 2 ? "maxPool2d" : "avgPool2d"](x, window, { strides: how.strides, padding: how.padding });
  },
  join: ({ build }, x, [axis, count]) =>
    build.concat([x, build.tanh(x), build.neg(x)].slice(0, between(2, 3, count!)), axisOf(x, axis!)),
  cut: ({ build }, x, [which, from, to]) => {
    const axis = axisOf(x, which!);
    const size = x.shape[axis] as number;
    const begin = between(0, size - 1, from!);
    return build.slice(x, { axis, begin, end: between(begin + 1, size, to!) });
  },
  pad: ({ build }, x, [axis, before, after]) =>
    build.pad(x, { axis: axisOf(x, axis!), before: before! % 3, after: after! % 3 }),
  softmax: ({ build }, x, [which]) => (which! % 2 ? build.softmax(x) : build.logSoftmax(x)),
  standardise: ({ build }, x) => build.standardise(x, 0.1),
  norm: (growth, x, [which]) => {
    const name = `norm${growth.pool.length}`;
    const { build } = growth;
    return which! % 2 ? layerNorm(build, x, { name, epsilon: 0.1 }) : batchNorm(build, x, { name, training: false }).y;
  },
};

/** What networks are made of comes more often. */
const often = ["dense", "convolution", "convolution", "transposed", "transposed", "depthwise", "pool", "curve"];

/** A graph of these moves on an image and a matrix; those that do not go are left out. */
export function grown(all: readonly Move[], image: readonly [number, number, number], features: number) {
  const growth = new Growth();
  growth.pool.push(growth.build.input("image", ["batch", ...image]), growth.build.input("rows", ["batch", features]));
  const kinds = [...Object.values(grows), ...often.map((name) => grows[name]!)];
  for (const { kind, at, numbers } of all) {
    // What is new is more often built on.
    const x = growth.pool.at(-1 - (at % 2 ? 0 : (at >> 1) % growth.pool.length))!;
    const made = attempt(() => kinds[kind % kinds.length]!(growth, x, numbers));
    if (made && made.shape.length >= 2 && sizeOf(made) <= MOST_ELEMENTS) growth.pool.push(made);
  }
  return growth.finish();
}

/** Nothing where a window is larger than its image, or an axis too short. */
function attempt(grow: () => Node | undefined): Node | undefined {
  try {
    return grow();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
