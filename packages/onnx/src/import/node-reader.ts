import { type Dim, elementCount, type GraphBuilder, type Node } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { dataTypes, FLOAT } from "../data-types.ts";
import type { AttributeValue, OnnxNode, Tensor } from "../messages.ts";
import {
  arranged,
  type Flow,
  flow,
  inverse,
  isSequence,
  isSmall,
  plain,
  sequence,
  shapeOf,
  unfolded,
  type Value,
} from "./flow.ts";
import { type Known, MADE_LIMIT, reshapeKnown, transposeKnown } from "./known.ts";

type ValueOf<T extends AttributeValue["type"]> = { [V in AttributeValue as V["type"]]: V["value"] }[T];

/** The graph that nodes of a file are written into. */
export interface Destination {
  readonly build: GraphBuilder;
  /** The values as a node of the graph: a parameter, or a constant where there is only one number. */
  place(known: Known): Node;
  /** What was placed there; nothing for other nodes. */
  placed(node: Node): Known | undefined;
}

/** Values with their axes in one order. */
export interface Together {
  readonly nodes: readonly Node[];
  readonly order: readonly number[];
}

/** What one node of the file says and is given. Everything that the graph cannot hold is refused by the node's name. */
export class NodeReader {
  readonly node: OnnxNode;
  /** Of ONNX's own operators. */
  readonly version: number;
  readonly build: GraphBuilder;
  /** The node's inputs; undefined for one that is left out. */
  readonly given: readonly (Value | undefined)[];
  private readonly destination: Destination;
  private readonly wanted: ReadonlySet<string>;

  constructor(
    node: OnnxNode,
    given: readonly (Value | undefined)[],
    context: { readonly version: number; readonly destination: Destination; readonly wanted: ReadonlySet<string> },
  ) {
    this.node = node;
    this.given = given;
    this.version = context.version;
    this.destination = context.destination;
    this.build = context.destination.build;
    this.wanted = context.wanted;
  }

  /** @throws IsthmusError `ONNX_OPERATION` */
  refuse(what: string): never {
    throw refusal(this.node, what);
  }

  /** Whether somebody reads the output of this index. */
  wants(index: number): boolean {
    return this.wanted.has(this.node.outputs[index] ?? "");
  }

  private attribute<T extends AttributeValue["type"]>(name: string, type: T): ValueOf<T> | undefined {
    if (!Object.hasOwn(this.node.attributes, name)) return undefined;
    const found = this.node.attributes[name];
    if (found?.type !== type) return this.refuse(`has an attribute "${name}" that is not of type ${type}`);
    return found.value as ValueOf<T>;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.node.attributes, name);
  }
  int(name: string, fallback: number): number {
    return this.attribute(name, "int") ?? fallback;
  }
  float(name: string, fallback: number): number {
    return this.attribute(name, "float") ?? fallback;
  }
  string(name: string, fallback: string): string {
    return this.attribute(name, "string") ?? fallback;
  }
  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, "ints");
  }
  floats(name: string): readonly number[] | undefined {
    return this.attribute(name, "floats");
  }
  tensor(name: string): Tensor | undefined {
    return this.attribute(name, "tensor");
  }

  /** Integers that were an attribute in older operator sets and are an input in newer ones. */
  intsOrInput(name: string, input: number): readonly number[] | undefined {
    return this.given[input] ? this.numbers(input) : this.ints(name);
  }

  value(index: number): Value {
    return this.given[index] ?? this.refuse(`has no input ${index}`);
  }

  /** All inputs, of which there must be so many. */
  operands(count: number): readonly Value[] {
    if (this.given.length !== count) this.refuse(`has ${this.given.length} inputs instead of ${count}`);
    return this.given.map((_, i) => this.value(i));
  }

  /** An input that must not depend on a run. */
  known(index: number): Known {
    const value = this.value(index);
    if (value.kind === "known") return value;
    return this.refuse(`computes its input ${index} ("${this.node.inputs[index]}"), which must be a constant here`);
  }

  /** The numbers of an input that must not depend on a run, nor on the size of the batch. */
  numbers(index: number): number[] {
    return this.dims(index).map((dim) =>
      dim === "batch" ? this.refuse(`computes with the size of the batch, which only a run knows`) : dim,
    );
  }

  dims(index: number): Dim[] {
    return Array.from(this.known(index).data);
  }

  /** The one number of an input. */
  number(index: number): number {
    const numbers = this.numbers(index);
    return numbers.length === 1 ? numbers[0]! : this.refuse(`has ${numbers.length} numbers in input ${index}, not one`);
  }

  /** An input in float32, whoever made it. */
  flow(index: number): Flow {
    return unfolded(this.build, this.asFlow(this.value(index)));
  }

  /** The same of any value; one that was folded stays so. */
  asFlow(value: Value): Flow {
    if (value.kind === "known") return flow(this.destination.place(value), value.elementType);
    if (value.node.dtype === "f32") return value;
    if (!isSmall(value.elementType)) this.refuse("computes with integers, which the graph only has as ids");
    return { ...value, node: this.build.cast(value.node) };
  }

  /** A shape that a known value is made in, not larger than files may ask for, or than what it is made of. */
  made(shape: readonly number[]): readonly number[] {
    const stored = this.given.reduce((sum, value) => sum + (value?.kind === "known" ? value.data.length : 0), 0);
    const isSound = shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
    if (isSound && elementCount(shape) <= Math.max(MADE_LIMIT, stored)) return shape;
    return this.refuse(`makes a constant of shape [${shape.join(", ")}]; at most ${MADE_LIMIT} elements are made`);
  }

  /**
   * The operands of a comparison. An integer that a run feeds is compared rightly with constants that float32 holds: it is
   * rounded to none of them.
   */
  comparable(): readonly Value[] {
    const values = this.operands(2);
    const isFed = (value: Value) => value.kind === "flow" && value.node.dtype === "i32";
    const isExact = (value: Value) =>
      value.kind === "known" && Array.from(value.data).every((x) => typeof x === "number" && Math.abs(x) < 2 ** 24);
    const fed = values.filter(isFed);
    if (fed.length !== 1 || !values.some(isExact)) return values;
    return values.map((value) => (isFed(value) ? this.cast(value as Flow) : value));
  }

  /** Integers as float32, rounded where they are large. */
  private cast(value: Flow): Flow {
    return { ...value, node: this.build.cast(value.node), elementType: FLOAT };
  }

  isInteger({ elementType }: Value): boolean {
    return dataTypes[elementType]?.kind === "integer";
  }

  /** A known value as a node. */
  place(known: Known): Node {
    return this.destination.place(known);
  }

  /** The values of a node that `place` made. */
  placed(node: Node): Known | undefined {
    return this.destination.placed(node);
  }

  /** An axis of the file's value, counted from 0. */
  axis(axis: number, rank: number): number {
    if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
    return this.refuse(`speaks of axis ${axis} of ${rank}`);
  }

  axes(axes: readonly number[], rank: number): number[] {
    const normal = axes.map((axis) => this.axis(axis, rank));
    if (new Set(normal).size < normal.length) this.refuse(`names an axis twice: [${axes.join(", ")}]`);
    return normal;
  }

  /** The node with the file's own axes. */
  plain(value: Flow): Node {
    return plain(this.build, value);
  }

  /** The node with the file's axis `i` at `order[i]`. */
  arranged(value: Flow, order: readonly number[]): Node {
    return arranged(this.build, value, order);
  }

  /** The operands of an elementwise operation with their axes in one order, that of the largest where it has one of its own. */
  together(values: readonly Value[]): Together {
    const flows = values.map((value) => (value.kind === "known" ? value : this.asFlow(value)));
    const rank = Math.max(...flows.map((value) => shapeOf(value).length));
    const whole = flows.filter((value): value is Flow => value.kind === "flow" && value.order.length === rank);
    const order = (whole.find((value) => !isSequence(value.order)) ?? whole[0])?.order ?? sequence(rank);
    return { nodes: flows.map((value) => this.inOrder(value, order)), order };
  }

  private inOrder(value: Value, order: readonly number[]): Node {
    const missing = order.length - shapeOf(value).length;
    if (value.kind === "known") return this.place(alignedKnown(value, order));
    if (missing === 0) return arranged(this.build, value, order);
    const own = arranged(this.build, value, sequence(value.order.length));
    if (isSequence(order) || own.shape.length === 0) return own;
    const wide = this.build.reshape(own, [...new Array<number>(missing).fill(1), ...own.shape]);
    return arranged(this.build, flow(wide, value.elementType), order);
  }

  /** An elementwise operation on all inputs, or on the values given. */
  elementwise(
    operation: (...nodes: Node[]) => Node,
    { values = this.given.map((_, i) => this.value(i)), elementType = FLOAT }: ElementwiseOptions = {},
  ): Flow {
    const only = values.length === 1 ? this.asFlow(values[0]!) : undefined;
    if (only) return { ...only, node: operation(only.node), elementType };
    const { nodes, order } = this.together(values);
    return { kind: "flow", node: operation(...nodes), order, elementType };
  }

  /** The operation on the one input, a float. */
  unary(operation: (x: Node) => Node): Flow {
    return this.elementwise(operation, { values: [this.value(0)] });
  }
}

interface ElementwiseOptions {
  readonly values?: readonly Value[];
  readonly elementType?: number;
}

/** A known value that is broadcast to the given order, without the axes of size 1 in front; one number keeps its rank of 1. */
function alignedKnown(known: Known, order: readonly number[]): Known {
  const missing = order.length - known.shape.length;
  const wide = reshapeKnown(known, [...new Array<number>(missing).fill(1), ...known.shape]);
  const { shape, ...turned } = transposeKnown(wide, inverse(order));
  const first = shape.findIndex((dim) => dim !== 1);
  return { ...turned, shape: first < 0 ? known.shape.slice(-1) : shape.slice(first) };
}

/** The error for a node of the file that the graph cannot hold. */
export function refusal({ name, outputs, opType }: OnnxNode, what: string, cause?: unknown): IsthmusError {
  const node = name || `making "${outputs[0] ?? ""}"`;
  const options = cause === undefined ? undefined : { cause };
  return new IsthmusError("ONNX_OPERATION", `onnx: node ${node} (${opType}) ${what}`, { node, opType }, options);
}
