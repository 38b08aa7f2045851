import type { Dim, Node, Shape } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { axisOfFirst } from "./channels-first.ts";
import { type Attributes, type Dialect, type GraphWriter, ints, type Value } from "./graph-writer.ts";
import type { OnnxOperator } from "./operators.ts";

/** A node of the graph with the values that it reads and the one that it makes. */
export interface Writing {
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly name: string;
  readonly value: Value;
  /** Whether the value is an image with its channels first. */
  readonly isChannelsFirst: boolean;
}

/** Writes the ONNX nodes of one node of the graph. Its last node makes `result`; those before are named after it. */
export class NodeWriter {
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly writer: GraphWriter;
  private readonly name: string;
  private readonly value: Value;
  private readonly isChannelsFirst: boolean;

  constructor(writer: GraphWriter, { node, inputs, name, value, isChannelsFirst }: Writing) {
    this.writer = writer;
    this.node = node;
    this.inputs = inputs;
    this.name = name;
    this.value = value;
    this.isChannelsFirst = isChannelsFirst;
  }

  /** A node on the way, `<name>/<role>`, with the shape and type of the result unless told otherwise. */
  step(
    role: string,
    opType: OnnxOperator,
    inputs: readonly Value[],
    attributes?: Attributes,
    type?: Partial<Value>,
  ): Value {
    const name = this.writer.unique(`${this.name}/${role}`);
    const value = this.writer.edge({ ...this.value, ...type, name });
    return this.writer.node(opType, name, inputs, value, attributes);
  }

  /** The node that makes the result. */
  result(opType: OnnxOperator, inputs: readonly Value[], attributes?: Attributes): void {
    this.writer.node(opType, this.name, inputs, this.value, attributes);
  }

  /** Of the result, as it is written. */
  get shape(): Shape {
    return this.value.shape;
  }

  /** The attribute `axis` of an operation, of the result as it is written. */
  get axis(): number {
    const axis = this.node.attributes["axis"] as number;
    return this.isChannelsFirst ? axisOfFirst(axis) : axis;
  }

  get dialect(): Dialect {
    return this.writer.dialect;
  }

  /** A constant scalar, `<name>/<role>`. */
  scalar(role: string, value: number): Value {
    return this.writer.floats(this.writer.unique(`${this.name}/${role}`), [], Float32Array.of(value));
  }

  /** A constant vector, `<name>/<role>`. */
  vector(role: string, values: Float32Array): Value {
    return this.writer.floats(this.writer.unique(`${this.name}/${role}`), [values.length], values);
  }

  /** A constant vector of int64, `<name>/<role>`. */
  integers(role: string, values: readonly number[]): Value {
    return this.writer.integers(`${this.name}/${role}`, values);
  }

  /** A matrix transposed by a node of its own. */
  transposed(role: string, x: Value): Value {
    const [rows, columns] = x.shape as [Dim, Dim];
    return this.step(role, "Transpose", [x], { perm: ints([1, 0]) }, { shape: [columns, rows] });
  }

  refuse(why: string): never {
    const details = { operation: this.node.op, node: this.node.name ?? this.node.id };
    throw new IsthmusError(
      "ONNX_OPERATION",
      `onnx: operation "${this.node.op}" (node ${details.node}) ${why}`,
      details,
    );
  }
}
