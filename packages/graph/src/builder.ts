import {
  composedCholesky,
  composedDigamma,
  composedLogBeta,
  composedLogGamma,
  composedSolveTriangular,
  composedTrigamma,
  hash32,
  type MathOps,
  type MatmulOptions,
  type ReduceOptions,
  type SliceOptions,
  type SolveOptions,
  unsupported,
} from "@isthmus/math";
import { brief } from "./attributes.ts";
import { canonicalJson } from "./canonical-json.ts";
import { inferType } from "./infer.ts";
import type { DType, JsonObject, Node, Program, Shape, StateSpec, StateTensor } from "./ir.ts";
import { operationNamed } from "./operations/index.ts";
import { requireFloat } from "./operations/require.ts";
import {
  pairOf,
  requireFilter,
  requireImage,
  transposedSize,
  windowAttributes,
  type WindowOptions,
} from "./operations/window.ts";
import { makeProgram } from "./program.ts";
import { elementCount, normaliseAxes, reduceShape, sameShape } from "./shape.ts";
import { requireInitialiser } from "./state-checks.ts";

/** Which noise: seed and step are `i32` inputs of shape [2] (low, high word); `stream` names the use. */
export interface NoiseSource {
  readonly seed: Node;
  readonly step: Node;
  readonly stream: string;
}

/** How a pool's window moves. */
export type PoolOptions = Pick<WindowOptions, "strides" | "padding">;

export interface ProgramRoots {
  readonly outputs: Readonly<Record<string, Node>>;
  /** State name -> its next value. */
  readonly updates?: Readonly<Record<string, Node>>;
  /** A scalar; updates commit only when it is finite. */
  readonly guard?: Node;
}

export interface PadOptions {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

/** What stands where a graph has no operation of that name. */
const missing = (
  operation: string,
  advice = "compute it on ndArrayOps and feed the result as an input",
): (() => never) => unsupported("a graph", operation, advice);

/**
 * Writes a graph. A builder is a `MathOps<Node>`, so every formula of `@isthmus/math` over core operations can be written
 * into it; special functions without a kernel refuse by name. Equal operations on equal inputs are one node.
 *
 * @example
 * const build = new GraphBuilder();
 * const x = build.input("x", ["batch", 3]);
 * const program = build.program({ outputs: { total: build.sum(build.square(x), { axes: [1] }) } });
 */
export class GraphBuilder implements MathOps<Node> {
  readonly nodes: Node[] = [];
  private readonly known = new Map<string, Node>();
  private readonly streams = new Map<number, string>();
  private readonly stateTensors = new Map<string, StateTensor>();
  private readonly path: string[] = [];

  readonly erfc: () => never = missing("erfc", "write 1 - erf(x), which loses the upper tail");
  readonly erfInv: () => never = missing("erfInv");
  readonly normalCdf: () => never = missing(
    "normalCdf",
    "write (1 + erf(x / sqrt(2))) / 2, which loses the lower tail",
  );
  readonly logNormalCdf: () => never = missing("logNormalCdf");
  readonly normalQuantile: () => never = missing("normalQuantile");
  readonly gammaP: () => never = missing("gammaP");
  readonly gammaQ: () => never = missing("gammaQ");
  readonly gammaPInv: () => never = missing("gammaPInv");
  readonly gammaSampleSlope: () => never = missing("gammaSampleSlope");
  readonly betaI: () => never = missing("betaI");
  readonly betaIInv: () => never = missing("betaIInv");
  readonly betaSampleSlope: () => never = missing("betaSampleSlope");
  readonly logBesselI: () => never = missing("logBesselI");
  readonly singularValues: () => never = missing("singularValues");

  /** Names given inside `body` start with `name/`. */
  scope<R>(name: string, body: () => R): R {
    this.path.push(name);
    try {
      return body();
    } finally {
      this.path.pop();
    }
  }

  /** The node for an operation; `name` is for people and exporters and does not make a node different. */
  emit(op: string, inputs: readonly Node[], attributes: JsonObject = {}, name?: string): Node {
    const operation = operationNamed(op);
    for (const [index, input] of inputs.entries()) {
      this.requireOwn(op, operation.operands[index] ?? `inputs[${index}]`, input);
    }
    const ids = inputs.map((input) => input.id);
    const key = canonicalJson([op, ids, attributes]);
    const existing = this.known.get(key);
    if (existing) return existing;
    const type = inferType(operation, inputs, attributes);
    const label = name === undefined ? {} : { name: [...this.path, name].join("/") };
    const node: Node = { id: this.nodes.length, op, inputs: ids, attributes, ...type, ...label };
    this.nodes.push(node);
    this.known.set(key, node);
    return node;
  }

  /** @throws TypeError naming `operation` and `argument` unless `value` is a node of this builder. */
  requireOwn(operation: string, argument: string, value: Node): void {
    if (this.isOwn(value)) return;
    const got = typeof value?.op === "string" ? "one of another" : brief(value);
    throw new TypeError(`${operation}: "${argument}" expected a node of this builder, got ${got}`);
  }

  private isOwn(value: Node): boolean {
    return typeof value === "object" && value !== null && this.nodes[value.id] === value;
  }

  /** The nodes that `node` was made from. */
  inputsOf(node: Node): readonly Node[] {
    return node.inputs.map((id) => this.nodes[id] as Node);
  }

  /** A value the caller feeds at each run. */
  input(name: string, shape: Shape, dtype: DType = "f32"): Node {
    return this.emit("input", [], { name, shape, dtype }, name);
  }

  /** A tensor of the state shared by programs; the same name is the same tensor. */
  state(name: string, tensor: StateTensor): Node {
    requireInitialiser(name, tensor.init);
    const text = canonicalJson({ ...tensor });
    const known = canonicalJson({ ...(this.stateTensors.get(name) ?? tensor) });
    if (known !== text) throw new RangeError(`state "${name}": declared twice, as ${known} and ${text}`);
    const node = this.emit("state", [], { name, shape: [...tensor.shape] }, name);
    this.stateTensors.set(name, { shape: [...tensor.shape], init: { ...tensor.init } });
    return node;
  }

  /** Everything declared with `state` so far. */
  get stateSpec(): StateSpec {
    return Object.fromEntries(this.stateTensors);
  }

  /** Finite values written into the graph, row-major. JSON has one zero, so a negative zero becomes the positive one. */
  constant(shape: readonly number[], values: readonly number[]): Node {
    if (!values.every(Number.isFinite)) throw new RangeError(`constant: "values" expected finite numbers`);
    return this.emit("constant", [], { shape: [...shape], values: values.map((value) => value + 0) });
  }

  scalar(value: number): Node {
    return this.constant([], [value]);
  }

  shape(x: Node): Shape {
    this.requireOwn("shape", "x", x);
    return x.shape;
  }

  /** The values of a constant; nothing of what only a run will know. */
  values(x: Node): readonly number[] | undefined {
    this.requireOwn("values", "x", x);
    return x.op === "constant" ? (x.attributes["values"] as readonly number[]) : undefined;
  }

  randomUniform(shape: Shape, source: NoiseSource): Node {
    return this.noise("randomUniform", shape, source);
  }

  randomNormal(shape: Shape, source: NoiseSource): Node {
    return this.noise("randomNormal", shape, source);
  }

  private noise(op: string, shape: Shape, { seed, step, stream }: NoiseSource): Node {
    const hash = hash32(stream);
    const taken = this.streams.get(hash);
    if (taken !== undefined) {
      throw new RangeError(
        `${op}: stream "${stream}" ${taken === stream ? "is used twice" : `collides with "${taken}"`}`,
      );
    }
    const node = this.emit(op, [seed, step], { shape, stream }, stream);
    this.streams.set(hash, stream);
    return node;
  }

  add(a: Node, b: Node): Node {
    if (this.isScalar(a, 0)) return this.unchanged("add", "b", b);
    return this.isScalar(b, 0) ? this.unchanged("add", "a", a) : this.emit("add", [a, b]);
  }
  sub(a: Node, b: Node): Node {
    return this.isScalar(b, 0) ? this.unchanged("sub", "a", a) : this.emit("sub", [a, b]);
  }
  mul(a: Node, b: Node): Node {
    if (this.isScalar(a, 1)) return this.unchanged("mul", "b", b);
    return this.isScalar(b, 1) ? this.unchanged("mul", "a", a) : this.emit("mul", [a, b]);
  }
  div(a: Node, b: Node): Node {
    return this.isScalar(b, 1) ? this.unchanged("div", "a", a) : this.emit("div", [a, b]);
  }
  maximum(a: Node, b: Node): Node {
    return this.emit("maximum", [a, b]);
  }
  minimum(a: Node, b: Node): Node {
    return this.emit("minimum", [a, b]);
  }
  greater(a: Node, b: Node): Node {
    return this.emit("greater", [a, b]);
  }
  equal(a: Node, b: Node): Node {
    return this.emit("equal", [a, b]);
  }
  /** 1 where `a < b`, else 0. */
  less(a: Node, b: Node): Node {
    return this.greater(b, a);
  }
  /** 1 where `a >= b`, else 0; NaN is neither. */
  greaterEqual(a: Node, b: Node): Node {
    return this.add(this.greater(a, b), this.equal(a, b));
  }
  /** 1 where `a <= b`, else 0. */
  lessEqual(a: Node, b: Node): Node {
    return this.greaterEqual(b, a);
  }
  /** 1 where `a` is not `b`, as NaN never is, else 0. */
  notEqual(a: Node, b: Node): Node {
    return this.sub(this.scalar(1), this.equal(a, b));
  }
  select(condition: Node, a: Node, b: Node): Node {
    return this.emit("select", [condition, a, b]);
  }

  neg(x: Node): Node {
    return this.emit("neg", [x]);
  }
  abs(x: Node): Node {
    return this.emit("abs", [x]);
  }
  sign(x: Node): Node {
    return this.emit("sign", [x]);
  }
  step(x: Node): Node {
    return this.emit("step", [x]);
  }
  exp(x: Node): Node {
    return this.emit("exp", [x]);
  }
  expm1(x: Node): Node {
    return this.emit("expm1", [x]);
  }
  log(x: Node): Node {
    return this.emit("log", [x]);
  }
  log1p(x: Node): Node {
    return this.emit("log1p", [x]);
  }
  sqrt(x: Node): Node {
    return this.emit("sqrt", [x]);
  }
  square(x: Node): Node {
    return this.emit("square", [x]);
  }
  sigmoid(x: Node, name?: string): Node {
    return this.emit("sigmoid", [x], {}, name);
  }
  tanh(x: Node, name?: string): Node {
    return this.emit("tanh", [x], {}, name);
  }
  softplus(x: Node, name?: string): Node {
    return this.emit("softplus", [x], {}, name);
  }
  relu(x: Node, name?: string): Node {
    return this.emit("relu", [x], {}, name);
  }
  /** (2 / sqrt(pi)) times the integral of exp(-t^2) from 0 to x. */
  erf(x: Node): Node {
    return this.emit("erf", [x]);
  }
  /** To the nearest integer, halves to the even one; its derivative is 0. */
  round(x: Node): Node {
    return this.emit("round", [x]);
  }
  /**
   * max(x, bound), through which a gradient passes where x is at least the bound, and below it where a step against the
   * gradient would raise x.
   */
  lowerBound(x: Node, bound: number): Node {
    return this.emit("lowerBound", [x], { bound });
  }
  /** Written out over primitives, as are its derivatives: right to float32, for x > 0. */
  logGamma(x: Node): Node {
    return composedLogGamma(this, x);
  }
  digamma(x: Node): Node {
    return composedDigamma(this, x);
  }
  trigamma(x: Node): Node {
    return composedTrigamma(this, x);
  }
  logBeta(a: Node, b: Node): Node {
    return composedLogBeta(this, a, b);
  }
  /** exp(x) / sum exp(x) along the last axis. */
  softmax(x: Node, name?: string): Node {
    return this.emit("softmax", [x], {}, name);
  }
  /** log softmax(x) along the last axis. */
  logSoftmax(x: Node, name?: string): Node {
    return this.emit("logSoftmax", [x], {}, name);
  }
  /** (x - mean) / sqrt(variance + epsilon) along the last axis. */
  standardise(x: Node, epsilon: number): Node {
    return this.emit("standardise", [x], { epsilon });
  }
  /**
   * Cross-entropy along the last axis, in nats: [..., classes] -> [...]. `target` holds probabilities of the logits'
   * shape, or i32 labels without the last axis.
   */
  softmaxCrossEntropy(logits: Node, target: Node): Node {
    this.requireOwn("softmaxCrossEntropy", "target", target);
    if (target.dtype !== "i32") return this.emit("softmaxCrossEntropy", [logits, target]);
    this.requireOwn("softmaxCrossEntropy", "logits", logits);
    return this.emit("softmaxCrossEntropy", [logits, this.oneHot(target, logits.shape.at(-1) as number)]);
  }
  sigmoidCrossEntropy(logits: Node, x: Node): Node {
    return this.emit("sigmoidCrossEntropy", [logits, x]);
  }
  /** `g (sigmoid(l) - x)`. */
  sigmoidCrossEntropyGrad(logits: Node, x: Node, g: Node): Node {
    return this.emit("sigmoidCrossEntropyGrad", [logits, x, g]);
  }
  /** `g` where `y > 0`, else 0. */
  reluGrad(g: Node, y: Node): Node {
    return this.emit("reluGrad", [g, y]);
  }
  /** `g y (1 - y)`. */
  sigmoidGrad(g: Node, y: Node): Node {
    return this.emit("sigmoidGrad", [g, y]);
  }
  /** `g (1 - y^2)`. */
  tanhGrad(g: Node, y: Node): Node {
    return this.emit("tanhGrad", [g, y]);
  }

  sum(x: Node, options: ReduceOptions = {}): Node {
    return this.reduce("sum", x, options);
  }
  max(x: Node, options: ReduceOptions = {}): Node {
    return this.reduce("max", x, options);
  }
  mean(x: Node, options: ReduceOptions = {}): Node {
    return this.div(this.sum(x, options), this.size(x, options.axes));
  }

  private reduce(op: "sum" | "max", x: Node, { axes, keepDims = false }: ReduceOptions): Node {
    this.unchanged(op, "x", x);
    const normal = normaliseAxes(op, x.shape.length, axes);
    if (normal.length === 0) return x;
    if (normal.every((axis) => x.shape[axis] === 1)) return this.reshape(x, reduceShape(x.shape, normal, keepDims));
    return this.emit(op, [x], { axes: normal, keepDims });
  }

  /** The root of the sum of all squares, a scalar; no square overflows. */
  euclideanNorm(x: Node): Node {
    return this.emit("euclideanNorm", [x]);
  }

  size(x: Node, axes?: readonly number[]): Node {
    this.requireOwn("size", "x", x);
    const dims = normaliseAxes("size", x.shape.length, axes).map((axis) => x.shape[axis] ?? 1);
    const fixed = this.scalar(elementCount(dims));
    return dims.reduce(
      (product, dim) => (dim === "batch" ? this.mul(product, this.emit("batchSize", [])) : product),
      fixed,
    );
  }

  reshape(x: Node, shape: Shape): Node {
    this.requireOwn("reshape", "x", x);
    return sameShape(x.shape, shape) ? x : this.emit("reshape", [x], { shape });
  }
  /** An axis of size 1 at `axis` of the result, which may be negative. */
  expandDims(x: Node, axis: number): Node {
    this.requireOwn("expandDims", "x", x);
    const [at] = normaliseAxes("expandDims", x.shape.length + 1, [axis]) as [number];
    return this.reshape(x, x.shape.toSpliced(at, 0, 1));
  }
  broadcastTo(x: Node, shape: Shape): Node {
    this.requireOwn("broadcastTo", "x", x);
    return sameShape(x.shape, shape) ? x : this.emit("broadcastTo", [x], { shape });
  }
  transpose(x: Node, permutation: readonly number[]): Node {
    return this.emit("transpose", [x], { permutation });
  }

  /**
   * Undoes broadcasting: `g`, which broadcasts to `from`, summed over the axes along which `to` was stretched to
   * `from`. Axes that `g` itself has not stretched yet stay small where `to` is larger.
   */
  unbroadcast(g: Node, from: Shape, to: Shape): Node {
    const axes = from.flatMap((dim, axis) => {
      const target = to[axis - from.length + to.length];
      return target === undefined || (target === 1 && dim !== 1) ? [axis] : [];
    });
    if (axes.length === 0) return g;
    const stretched = from.map((dim, axis) => {
      const own = g.shape[axis - from.length + g.shape.length] ?? 1;
      return axes.includes(axis) ? dim : own;
    });
    const kept = this.sum(this.broadcastTo(g, stretched), { axes, keepDims: true });
    return this.reshape(kept, kept.shape.slice(from.length - to.length));
  }

  matmul(a: Node, b: Node, { transposeA = false, transposeB = false }: MatmulOptions = {}, name?: string): Node {
    return this.emit("matmul", [a, b], { transposeA, transposeB }, name);
  }

  /** Written out column by column: some tens of rows at most. */
  cholesky(a: Node): Node {
    return composedCholesky(this, a);
  }
  /** Written out row by row. */
  solveTriangular(l: Node, b: Node, options: SolveOptions = {}): Node {
    return composedSolveTriangular(this, l, b, options);
  }

  /** Cross-correlation of x `[batch, height, width, in]` with a filter `[rows, columns, in, out]`. */
  conv2d(x: Node, filter: Node, options: WindowOptions = {}, name?: string): Node {
    return this.convolve("conv2d", x, filter, options, name);
  }

  /** Each channel of x with the filters `[rows, columns, in, multiplier]` of its own. */
  depthwiseConv2d(x: Node, filter: Node, options: WindowOptions = {}, name?: string): Node {
    return this.convolve("depthwiseConv2d", x, filter, options, name);
  }

  private convolve(op: string, x: Node, filter: Node, options: WindowOptions, name?: string): Node {
    const { size } = this.image(op, "x", x);
    return this.emit(op, [x, filter], windowAttributes(op, this.windowOf(op, filter), size, options), name);
  }

  /**
   * The transpose of `conv2d`: x `[batch, height, width, in]`, filter `[rows, columns, out, in]` ->
   * `[batch, height', width', out]`, where height' is height * stride for `same`, that and what the window is longer than
   * the stride for `valid` (both as in TensorFlow), and (height - 1) * stride + window - top - bottom for explicit padding.
   */
  conv2dTranspose(x: Node, filter: Node, options: WindowOptions = {}, name?: string): Node {
    const { size: from } = this.image("conv2dTranspose", "x", x);
    const window = this.windowOf("conv2dTranspose", filter);
    const size = transposedSize(window, from, options);
    const attributes = windowAttributes("conv2dTranspose", window, size, options);
    return this.emit("conv2dInputGrad", [x, filter], { ...attributes, size }, name);
  }

  /** Largest of each window `[rows, columns]` (or one number for both); strides are the window unless said otherwise. */
  maxPool2d(x: Node, window: number | readonly [number, number], options: PoolOptions = {}, name?: string): Node {
    return this.pool("maxPool2d", x, window, options, name);
  }

  /** Mean of each window, padding not counted; else as `maxPool2d`. */
  avgPool2d(x: Node, window: number | readonly [number, number], options: PoolOptions = {}, name?: string): Node {
    return this.pool("avgPool2d", x, window, options, name);
  }

  private pool(
    op: string,
    x: Node,
    window: number | readonly [number, number],
    options: PoolOptions,
    name?: string,
  ): Node {
    const { size } = this.image(op, "x", x);
    const [rows, columns] = pairOf(op, "window", window);
    const { strides, pads } = windowAttributes(op, [rows, columns], size, { strides: window, ...options });
    return this.emit(op, [x], { window: [rows, columns], strides, pads }, name);
  }

  private image(operation: string, argument: string, x: Node): ReturnType<typeof requireImage> {
    this.requireOwn(operation, argument, x);
    return requireImage(operation, argument, x);
  }

  private windowOf(operation: string, filter: Node): readonly [number, number] {
    this.requireOwn(operation, "filter", filter);
    const [rows, columns] = requireFilter(operation, filter);
    return [rows, columns];
  }

  /** Arrays of equal shape but for `axis`, which may be negative, one after the other. */
  concat(xs: readonly Node[], axis: number): Node {
    xs.forEach((x, index) => this.requireOwn("concat", `xs[${index}]`, x));
    return this.emit("concat", xs, { axis: this.axis("concat", xs[0], axis) });
  }
  /** Elements `begin` to `end`, which is not included, along `axis`, which may be negative. */
  slice(x: Node, { axis, begin, end }: SliceOptions): Node {
    this.requireOwn("slice", "x", x);
    const normal = this.axis("slice", x, axis);
    if (begin === 0 && end === x.shape[normal]) return this.unchanged("slice", "x", x);
    return this.emit("slice", [x], { axis: normal, begin, end });
  }
  /** Zeros `before` and `after` along `axis`, which may be negative. */
  pad(x: Node, { axis, before, after }: PadOptions): Node {
    this.requireOwn("pad", "x", x);
    if (before === 0 && after === 0) return this.unchanged("pad", "x", x);
    return this.emit("pad", [x], { axis: this.axis("pad", x, axis), before, after });
  }
  private axis(operation: string, x: Node | undefined, axis: number): number {
    return normaliseAxes(operation, x?.shape.length ?? 0, [axis])[0] as number;
  }

  /** Rows of `table` [n, d] by i32 `ids` in [0, n): [...ids, d]. Ids out of range are refused when they are fed. */
  gather(table: Node, ids: Node): Node {
    return this.emit("gather", [table, ids]);
  }
  /** `values` [...ids, d] added into zeros [rows, d], each to the row of its id. */
  scatterAdd(values: Node, ids: Node, rows: number): Node {
    return this.emit("scatterAdd", [values, ids], { rows });
  }
  /** 1 at the place of each i32 id in [0, classes), else 0: [...ids, classes]. */
  oneHot(ids: Node, classes: number): Node {
    return this.emit("oneHot", [ids], { classes });
  }

  /** An integer tensor as float32. */
  cast(x: Node): Node {
    this.requireOwn("cast", "x", x);
    return x.dtype === "f32" ? x : this.emit("cast", [x]);
  }

  stopGradient(x: Node): Node {
    return this.emit("stopGradient", [x]);
  }
  /** The value of `value` with the derivative of `path`. */
  straightThrough(value: Node, path: Node): Node {
    return this.emit("straightThrough", [value, path]);
  }

  /**
   * The part of the graph that the roots need, renumbered, with its interface.
   *
   * @throws TypeError a node of another builder; RangeError an input declared twice with different types, an update
   * of no state tensor or of another shape, a guard that is no scalar
   */
  program(roots: ProgramRoots): Program {
    for (const [name, node] of Object.entries(roots.outputs)) this.requireOwn("program", `outputs.${name}`, node);
    for (const [name, node] of Object.entries(roots.updates ?? {})) this.requireOwn("program", `updates.${name}`, node);
    if (roots.guard) this.requireOwn("program", "guard", roots.guard);
    return makeProgram(this.nodes, this.stateSpec, roots);
  }

  /** The argument itself, where an operation on it changes nothing, checked as the operation would. */
  private unchanged(operation: string, argument: string, x: Node): Node {
    this.requireOwn(operation, argument, x);
    requireFloat(operation, argument, x);
    return x;
  }

  private isScalar(node: Node, value: number): boolean {
    if (!this.isOwn(node) || node.op !== "constant" || node.shape.length > 0) return false;
    return (node.attributes["values"] as readonly number[])[0] === value;
  }
}
