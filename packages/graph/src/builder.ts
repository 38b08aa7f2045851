import { type ArrayOps, hash32, type MatmulOptions, type ReduceOptions } from "@isthmus/math";
import { canonicalJson } from "./canonical-json.ts";
import type { DType, JsonObject, Node, Program, Shape, StateSpec, StateTensor } from "./ir.ts";
import { operationNamed } from "./operations/index.ts";
import { makeProgram } from "./program.ts";
import { elementCount, formatShape, normaliseAxes, reduceShape, sameShape } from "./shape.ts";

/** Which noise: seed and step are `i32` inputs of shape [2] (low, high word); `stream` names the use. */
export interface NoiseSource {
  readonly seed: Node;
  readonly step: Node;
  readonly stream: string;
}

export interface ProgramRoots {
  readonly outputs: Readonly<Record<string, Node>>;
  /** State name -> its next value. */
  readonly updates?: Readonly<Record<string, Node>>;
  /** A scalar; updates commit only when it is finite. */
  readonly guard?: Node;
}

/**
 * Writes a graph. A builder is an `ArrayOps<Node>`, so every formula of `@isthmus/math` can be written into it.
 * Equal operations on equal inputs are one node.
 *
 * @example
 * const build = new GraphBuilder();
 * const x = build.input("x", ["batch", 3]);
 * const program = build.program({ outputs: { total: build.sum(build.square(x), { axes: [1] }) } });
 */
export class GraphBuilder implements ArrayOps<Node> {
  readonly nodes: Node[] = [];
  private readonly known = new Map<string, Node>();
  private readonly streams = new Map<number, string>();
  private readonly stateTensors: Record<string, StateTensor> = {};
  private readonly path: string[] = [];

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
    for (const [index, input] of inputs.entries()) this.requireOwn(op, index, input);
    const ids = inputs.map((input) => input.id);
    const key = canonicalJson([op, ids, attributes]);
    const existing = this.known.get(key);
    if (existing) return existing;
    const type = operationNamed(op).infer(inputs, attributes);
    const label = name === undefined ? {} : { name: [...this.path, name].join("/") };
    const node: Node = { id: this.nodes.length, op, inputs: ids, attributes, ...type, ...label };
    this.nodes.push(node);
    this.known.set(key, node);
    return node;
  }

  private requireOwn(op: string, index: number, value: Node): void {
    if (this.nodes[value?.id] !== value) {
      throw new TypeError(`${op}: input ${index} expected a node of this builder, got ${typeof value}`);
    }
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
    const known = this.stateTensors[name];
    if (known && canonicalJson({ ...known }) !== canonicalJson({ ...tensor })) {
      throw new RangeError(`state "${name}": declared twice, as ${formatShape(known.shape)} and ${formatShape(tensor.shape)}`);
    }
    this.stateTensors[name] = tensor;
    return this.emit("state", [], { name, shape: tensor.shape }, name);
  }

  /** Everything declared with `state` so far. */
  get stateSpec(): StateSpec {
    return { ...this.stateTensors };
  }

  /** Values written into the graph, row-major. */
  constant(shape: readonly number[], values: readonly number[]): Node {
    if (values.length !== elementCount(shape)) {
      throw new RangeError(`constant: "values" expected ${elementCount(shape)} for ${formatShape(shape)}, got ${values.length}`);
    }
    if (!values.every(Number.isFinite)) throw new RangeError(`constant: "values" expected finite numbers`);
    return this.emit("constant", [], { shape, values });
  }

  scalar(value: number): Node {
    return this.constant([], [value]);
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
      throw new RangeError(`${op}: stream "${stream}" ${taken === stream ? "is used twice" : `collides with "${taken}"`}`);
    }
    this.streams.set(hash, stream);
    return this.emit(op, [seed, step], { shape, stream }, stream);
  }

  add(a: Node, b: Node): Node {
    if (isScalar(a, 0)) return b;
    return isScalar(b, 0) ? a : this.emit("add", [a, b]);
  }
  sub(a: Node, b: Node): Node {
    return isScalar(b, 0) ? a : this.emit("sub", [a, b]);
  }
  mul(a: Node, b: Node): Node {
    if (isScalar(a, 1)) return b;
    return isScalar(b, 1) ? a : this.emit("mul", [a, b]);
  }
  div(a: Node, b: Node): Node {
    return isScalar(b, 1) ? a : this.emit("div", [a, b]);
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
    const normal = normaliseAxes(op, x.shape.length, axes);
    if (normal.length === 0) return x;
    if (normal.every((axis) => x.shape[axis] === 1)) return this.reshape(x, reduceShape(x.shape, normal, keepDims));
    return this.emit(op, [x], { axes: normal, keepDims });
  }

  size(x: Node, axes?: readonly number[]): Node {
    const dims = normaliseAxes("size", x.shape.length, axes).map((axis) => x.shape[axis] ?? 1);
    const fixed = this.scalar(elementCount(dims));
    return dims.reduce((product, dim) => (dim === "batch" ? this.mul(product, this.emit("batchSize", [])) : product), fixed);
  }

  reshape(x: Node, shape: Shape): Node {
    return sameShape(x.shape, shape) ? x : this.emit("reshape", [x], { shape });
  }
  broadcastTo(x: Node, shape: Shape): Node {
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

  /** An integer tensor as float32. */
  cast(x: Node): Node {
    return x.dtype === "f32" ? x : this.emit("cast", [x]);
  }

  stopGradient(x: Node): Node {
    return this.emit("stopGradient", [x]);
  }
  /** The value of `value` with the derivative of `path`. */
  straightThrough(value: Node, path: Node): Node {
    return this.emit("straightThrough", [value, path]);
  }

  /** The part of the graph that the roots need, renumbered, with its interface. */
  program(roots: ProgramRoots): Program {
    return makeProgram(this.nodes, this.stateTensors, roots);
  }
}

function isScalar(node: Node, value: number): boolean {
  if (node.op !== "constant" || node.shape.length > 0) return false;
  return (node.attributes["values"] as readonly number[])[0] === value;
}
