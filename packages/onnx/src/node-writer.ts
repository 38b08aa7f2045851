import type { Dim, Node, Shape } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { type Attributes, type GraphWriter, ints, type Value } from "./graph-writer.ts";
import type { OnnxOperator } from "./opset17.ts";

/** Writes the ONNX nodes of one node of the graph. Its last node makes `result`; those before are named after it. */
export class NodeWriter {
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly writer: GraphWriter;
  private readonly name: string;
  private readonly value: Value;

  constructor(writer: GraphWriter, node: Node, inputs: readonly Value[], name: string, value: Value) {
    this.writer = writer;
    this.node = node;
    this.inputs = inputs;
    this.name = name;
    this.value = value;
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

  /** A constant scalar, `<name>/<role>`. */
  scalar(role: string, value: number): Value {
    return this.writer.floats(this.writer.unique(`${this.name}/${role}`), [], Float32Array.of(value));
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
