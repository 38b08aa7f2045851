import { type DType, elementCount, type Shape } from "@isthmus/graph";
import type { Bytes } from "./lazy-bytes.ts";
import {
  type AttributeValue,
  type ElementType,
  elementTypes,
  type OnnxNode,
  type ValueInfo,
  type WrittenTensor,
} from "./messages.ts";
import type { Weight } from "./network.ts";
import type { OnnxOperator } from "./operators.ts";

/** A value of the ONNX graph that is being written. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** What decides how something is written. */
export interface Dialect {
  readonly opset: number;
  /** `portable`: what every runtime takes; `compact`: as few nodes as ONNX can do with. */
  readonly profile: "portable" | "compact";
}

/** Collects the nodes, initialisers and value types of one ONNX graph, each under a name of its own. */
export class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly initialisers: WrittenTensor[] = [];
  /** Types of the values between nodes. */
  readonly edges: ValueInfo[] = [];
  readonly dialect: Dialect;
  /** What of the network the nodes are that are being written. */
  origin = "";
  private readonly taken: Set<string>;
  private readonly batchAxis: { readonly value: Value; readonly axis: number } | undefined;
  private batch: Value | undefined;

  /** `reserved` are the names that inputs, outputs and parameters hold. */
  constructor(dialect: Dialect, reserved: Iterable<string>, inputs: readonly Value[]) {
    this.dialect = dialect;
    this.taken = new Set(reserved);
    const value = inputs.find(({ shape }) => shape.includes("batch"));
    this.batchAxis = value && { value, axis: value.shape.indexOf("batch") };
  }

  /** `wanted`, or `wanted_2`, `wanted_3`, ... when it is taken. */
  unique(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.taken.has(name); count++) name = `${wanted}_${count}`;
    this.taken.add(name);
    return name;
  }

  /**
   * A node that makes `value`. Graph outputs carry their types themselves, so only other values become edges. What it says of
   * itself is `origin`.
   */
  node(opType: OnnxOperator, name: string, inputs: readonly Value[], value: Value, attributes: Attributes = {}): Value {
    const names = inputs.map((input) => input.name);
    const docString = this.origin;
    const node = { name, opType, domain: "", inputs: names, outputs: [value.name], attributes };
    this.nodes.push({ ...node, ...(docString && { docString }) });
    return value;
  }

  edge(value: Value): Value {
    this.edges.push(valueInfo(value));
    return value;
  }

  /** A vector of the channels as `[channels, 1, 1]`, which broadcasts along an image with its channels first. */
  column(vector: Value): Value {
    const shape = [vector.shape[0]!, 1, 1];
    const column = this.edge({ ...vector, name: this.unique(`${vector.name}/column`), shape });
    return this.node(
      "Reshape",
      column.name,
      [vector, this.integers(`${column.name}/shape`, shape as number[])],
      column,
    );
  }

  floats(name: string, shape: readonly number[], data: Float32Array): Value {
    return this.initialiser({ name, type: "f32", shape }, bytesIn(data));
  }

  /** A parameter, whose values are asked for when they are written. */
  weight(name: string, { shape, values }: Weight): Value {
    const length = elementCount(shape) * Float32Array.BYTES_PER_ELEMENT;
    return this.initialiser({ name, type: "f32", shape }, { length, make: () => bytesIn(values()) });
  }

  /** A vector of int64. */
  integers(name: string, values: readonly number[]): Value {
    const value: Value = { name: this.unique(name), type: "i64", shape: [values.length] };
    return this.initialiser(value, bytesIn(BigInt64Array.from(values, BigInt)));
  }

  private initialiser(value: Value, data: Bytes): Value {
    this.initialisers.push({
      name: value.name,
      elementType: elementTypes[value.type],
      dims: value.shape as readonly number[],
      data,
    });
    return value;
  }

  /** The size of the batch as int64 `[1]`, read off an input; undefined when no input has a batch axis. */
  batchSize(): Value | undefined {
    if (!this.batch && this.batchAxis) this.batch = this.writeBatchSize(this.batchAxis);
    return this.batch;
  }

  /** `Shape` can give one size alone from operator set 15 on. */
  private writeBatchSize({ value, axis }: { readonly value: Value; readonly axis: number }): Value {
    const name = this.unique("batch_size");
    const size: Value = { name, type: "i64", shape: [1] };
    if (this.dialect.opset >= 15) {
      return this.node("Shape", name, [value], this.edge(size), { start: int(axis), end: int(axis + 1) });
    }
    const whole = this.edge({ name: this.unique(`${name}/shape`), type: "i64", shape: [value.shape.length] });
    this.node("Shape", whole.name, [value], whole);
    const bounds = [axis, axis + 1, 0].map((at, i) => this.integers(`${name}/${["begin", "end", "axes"][i]}`, [at]));
    return this.node("Slice", name, [whole, ...bounds], this.edge(size));
  }
}

/** An array's bytes where they are; every machine that runs this is little-endian. */
function bytesIn({ buffer, byteOffset, byteLength }: Float32Array | BigInt64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export function int(value: number): AttributeValue {
  return { type: "int", value };
}

export function ints(value: readonly number[]): AttributeValue {
  return { type: "ints", value };
}

export function float(value: number): AttributeValue {
  return { type: "float", value };
}

export function valueInfo({ name, type, shape }: Value): ValueInfo {
  return { name, elementType: elementTypes[type], shape };
}

/** The value a node of the graph has, under `name`. */
export function valueOf(node: { readonly dtype: DType; readonly shape: Shape }, name: string): Value {
  return { name, type: node.dtype, shape: node.shape };
}
