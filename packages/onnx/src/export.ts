import { formatShape, type Node, type Program, sameShape, type StoredTensor } from "@isthmus/graph";
import { channelsFirst, convolutions, findChannelsFirst, Layouts } from "./channels-first.ts";
import { writeConvolution } from "./convolution.ts";
import { encodeModel } from "./encode.ts";
import { findStoredFilters, storedFilter, writeFilter } from "./filters.ts";
import { findGemms, type Gemm, gemmName, writeGemm } from "./gemm.ts";
import { GraphWriter, type Value, valueInfo, valueOf } from "./graph-writer.ts";
import type { OnnxGraph } from "./messages.ts";
import { normalise } from "./normalise.ts";
import { NodeWriter } from "./node-writer.ts";
import { IR_VERSION, OPSET } from "./opset17.ts";
import { translate } from "./translate.ts";

export interface ExportOptions {
  /** Not empty: `decoder`. */
  readonly graphName: string;
  readonly producerVersion?: string;
  /** Operator set; 17, with IR version 8, is the only one so far. */
  readonly opset?: 17;
  /** Written as the model's `metadata_props`, sorted by key. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly docString?: string;
}

/** The values of the state tensors a program reads, by name. */
export type Parameters = Readonly<Record<string, StoredTensor>>;

/**
 * A program as the bytes of an ONNX file: operator set 17, IR version 8, deterministic, no timestamp.
 *
 * Inputs and outputs keep their names; those no output depends on are left out. Their batch axis is the dynamic
 * dimension `batch`. Parameters are initialisers under their own names, as they are stored (dense kernels
 * `[in, out]`), but for filters, which are turned to ONNX's `[out, in, rows, columns]`. A product with a bias is one `Gemm`,
 * a convolution with one a `Conv` with explicit pads. Images keep their channels last at inputs and outputs and have them
 * first in between. Every value carries its type.
 *
 * @throws IsthmusError `ONNX_OPERATION` for an operation that has no ONNX form (noise), naming it
 * @throws TypeError a parameter that is not float32
 * @throws RangeError a missing or misshapen parameter, a program with updates, a name used twice, bad options
 */
export function exportOnnx(program: Program, parameters: Parameters, options: ExportOptions): Uint8Array {
  const { graphName, producerVersion = "", opset = OPSET, metadata = {}, docString = "" } = options;
  if (opset !== OPSET) throw new RangeError(`"opset" expected 17, got ${String(opset)}`);
  if (graphName === "") throw new RangeError(`"graphName" expected a name, got an empty string`);
  if (Object.keys(program.updates).length > 0) {
    throw new RangeError(
      `"program" expected none that updates state, got updates of ${Object.keys(program.updates).join(", ")}`,
    );
  }
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: "isthmus",
    producerVersion,
    docString,
    graph: new GraphExport(normalise(program), parameters).write(graphName),
    operatorSets: [{ domain: "", version: OPSET }],
    metadata,
  });
}

/** One translation of a normalised program: which ONNX value each node has become. */
class GraphExport {
  private readonly program: Program;
  private readonly parameters: Parameters;
  private readonly gemms: ReadonlyMap<number, Gemm>;
  private readonly inputs: readonly Value[];
  private readonly outputs: readonly (readonly [name: string, node: Node])[];
  private readonly writer: GraphWriter;
  private readonly values: Layouts;
  /** Nodes whose values have their channels first. */
  private readonly images: ReadonlySet<number>;
  private readonly storedFilters: ReadonlyMap<number, string>;

  constructor(program: Program, parameters: Parameters) {
    this.program = program;
    this.parameters = parameters;
    this.gemms = findGemms(program);
    const biased = [...this.gemms].filter(([, { product }]) => convolutions.has(product.op)).map(([id]) => id);
    this.images = findChannelsFirst(program, new Set(biased));
    this.storedFilters = findStoredFilters(program);
    this.inputs = this.nodesNamedIn(program.inputs).map(([name, node]) => valueOf(node, name));
    this.outputs = this.nodesNamedIn(program.outputs);
    const interfaceNames = [...this.inputs.map(({ name }) => name), ...this.outputs.map(([name]) => name)];
    const reserved = [...interfaceNames, ...Object.keys(program.state)];
    requireDistinct(reserved);
    this.writer = new GraphWriter(reserved, this.inputs);
    this.values = new Layouts(this.writer);
  }

  write(name: string): OnnxGraph {
    const absorbed = new Set([...this.gemms.values()].map(({ product }) => product.id));
    for (const node of this.program.nodes) {
      if (!absorbed.has(node.id)) this.values.set(node.id, this.writeNode(node), this.images.has(node.id));
    }
    const outputs = this.outputs.map(([output, node]) => this.writeOutput(output, node));
    const { nodes, initialisers, edges } = this.writer;
    return {
      name,
      nodes,
      initialisers,
      inputs: this.inputs.map(valueInfo),
      outputs: outputs.map(valueInfo),
      valueInfo: edges,
    };
  }

  /** In the order of the nodes, which a stored program keeps while its names are sorted. */
  private nodesNamedIn(ids: Readonly<Record<string, number>>): (readonly [string, Node])[] {
    return Object.entries(ids)
      .sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))
      .map(([name, id]) => [name, this.program.nodes[id]!] as const);
  }

  private writeNode(node: Node): Value {
    switch (node.op) {
      case "input":
        return valueOf(node, node.attributes["name"] as string);
      case "state":
        return this.writeParameter(node);
      case "constant":
        return this.writer.floats(
          this.writer.unique(`constant_${node.id}`),
          node.shape as readonly number[],
          Float32Array.from(node.attributes["values"] as readonly number[]),
        );
      default:
        return this.writeOperation(node);
    }
  }

  private writeParameter(node: Node): Value {
    const name = node.attributes["name"] as string;
    const tensor = this.parameters[name];
    if (!tensor)
      throw new RangeError(`"parameters" expected "${name}" of shape ${formatShape(node.shape)}, got nothing`);
    if (!(tensor.data instanceof Float32Array)) throw new TypeError(`parameter "${name}" expected Float32Array`);
    const count = tensor.shape.reduce((product, dim) => product * dim, 1);
    if (!sameShape(tensor.shape, node.shape) || tensor.data.length !== count) {
      throw new RangeError(
        `parameter "${name}" expected shape ${formatShape(node.shape)}, got ${formatShape(tensor.shape)} with ${tensor.data.length} values`,
      );
    }
    const op = this.storedFilters.get(node.id);
    const { shape, data } = op === undefined ? tensor : storedFilter(op, tensor.shape, tensor.data);
    return this.writer.floats(name, shape, data as Float32Array);
  }

  private writeOperation(node: Node): Value {
    const gemm = this.gemms.get(node.id);
    const name = this.writer.unique((gemm ? gemmName(node, gemm) : node.name) ?? `${node.op}_${node.id}`);
    const isImage = this.images.has(node.id);
    const output = isImage ? undefined : this.outputs.find(([, made]) => made.id === node.id);
    const plain = valueOf(node, output ? output[0] : name);
    const value = isImage ? { ...plain, shape: channelsFirst(plain.shape) } : plain;
    if (!output) this.writer.edge(value);
    const write = new NodeWriter(this.writer, node, this.operandsOf(node, gemm), name, value);
    if (!gemm) translate(write);
    else if (gemm.product.op === "matmul") writeGemm(write, gemm);
    else writeConvolution(write, gemm.product);
    return value;
  }

  /** Images as the node wants them, a filter in ONNX's order. */
  private operandsOf(node: Node, gemm: Gemm | undefined): Value[] {
    const product = gemm?.product ?? node;
    const isConvolution = convolutions.has(product.op);
    const operand = (id: number, index: number): Value => {
      const isImage = this.images.has(node.id) && this.program.nodes[id]!.shape.length === 4;
      if (!isImage) return this.values.channelsLast(id);
      if (!isConvolution || index === 0) return this.values.channelsFirst(id);
      const filter = this.values.channelsLast(id);
      return this.storedFilters.has(id) ? filter : writeFilter(this.writer, product.op, filter);
    };
    return [...product.inputs.map(operand), ...(gemm ? [this.values.channelsLast(gemm.bias.id)] : [])];
  }

  /** An output that is an input, a parameter or another output as well gets a copy under its own name. */
  private writeOutput(name: string, node: Node): Value {
    const value = this.values.channelsLast(node.id, name);
    if (value.name === name) return value;
    return this.writer.node("Identity", this.writer.unique(`${name}/copy`), [value], { ...value, name });
  }
}

/** ONNX has one namespace for inputs, outputs and parameters. */
function requireDistinct(names: readonly string[]): void {
  const twice = names.find((name, index) => name === "" || names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new RangeError(
      `"program" expected distinct names of inputs, outputs and parameters, got "${twice}"${twice ? " twice" : ""}`,
    );
  }
}
