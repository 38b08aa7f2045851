import { elementCount, formatShape, type Node, type Program, sameShape } from "@isthmus/graph";
import { channelsFirst, convolutions, Layouts } from "./channels-first.ts";
import { turnWeights } from "./turn-weights.ts";
import { readUint8, writeUint8 } from "./uint8.ts";
import { writeConvolution } from "./convolution.ts";
import { draftBytes, draftOf, type OnnxDraft } from "./draft.ts";
import { foldBatchNorms } from "./fold-batch-norm.ts";
import { foldConstants } from "./fold-constants.ts";
import { findGemms, type Gemm, gemmName, writeGemm } from "./gemm.ts";
import { type Dialect, GraphWriter, type Value, valueInfo, valueOf } from "./graph-writer.ts";
import { flattened, type ImageLayout, isTrivial, layoutOf } from "./image-layout.ts";
import type { OnnxGraph, OnnxModel, WrittenTensor } from "./messages.ts";
import { type Network, type Parameters, type Weights, weightsOf } from "./network.ts";
import { noiseInputs } from "./noise.ts";
import { normalise } from "./normalise.ts";
import { NodeWriter } from "./node-writer.ts";
import { DEFAULT_OPSET, type Opset, requireOpset } from "./opset.ts";
import { findPatterns, hasLayerNorm, type Pattern } from "./patterns.ts";
import type { PrecisionOptions } from "./precision/options.ts";
import { precisionMetadata, reducedGraph } from "./precision/reduce.ts";
import { inOrder, nameOf, selected } from "./rewrite.ts";
import { findForms, type Form, writeFilter } from "./stored-tensors.ts";
import { translate } from "./translate.ts";

export interface ExportOptions extends PrecisionOptions {
  /** Not empty: `decoder`. Nodes that have no name of their own are named after it. */
  readonly graphName: string;
  readonly producerVersion?: string;
  /** Operator set, written with the oldest IR version that goes with it. Default: 17. */
  readonly opset?: Opset;
  /**
   * `portable`: only what every runtime takes: no uneven pads or output padding of transposed convolutions, no
   * `LayerNormalization`. `compact`: as few nodes as the operator set allows. Default: `portable`.
   */
  readonly profile?: "portable" | "compact";
  /** Order of the axes of inputs and outputs of rank 4, which are taken for images. Default: `nhwc`, as in the program. */
  readonly layout?: "nhwc" | "nchw";
  /** A fixed size of the batch, for runtimes that want one. Default: the dynamic dimension `batch`. */
  readonly batch?: number;
  /** The outputs that are written. Default: all. */
  readonly outputs?: readonly string[];
  /** What becomes of noise: an error, or an input named like its stream, which the caller draws. Default: `refuse`. */
  readonly noise?: "refuse" | "inputs";
  /** Float inputs and outputs in [0, 1] that the file has as bytes: k stands for k / 255, rounded on the way out. */
  readonly uint8?: readonly string[];
  /** Doc strings of inputs and outputs, by name. */
  readonly portDocs?: Readonly<Record<string, string>>;
  /** Written as the model's `metadata_props`, sorted by key. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly docString?: string;
}

/**
 * A program as the bytes of an ONNX file, deterministic, without a timestamp.
 *
 * Inputs and outputs keep their names; those no output depends on are left out. Parameters are initialisers under their own
 * names; of a `Gemm` they are turned to `[out, in]` and read transposed, filters to ONNX's `[out, in, rows, columns]`, and
 * weights between images and dense layers, whose rows or columns follow the image's elements, to channels first. What
 * depends on parameters alone is computed once, and batch normalisation becomes part of the weights before it. A product
 * with a bias is one `Gemm`, a convolution with one a `Conv` with explicit pads. Images keep their channels last at inputs
 * and outputs, unless told otherwise, and have them first in between. Every value carries its type.
 *
 * @throws IsthmusError `ONNX_OPERATION` for an operation that has no ONNX form (noise, gradients), naming it
 * @throws TypeError a parameter that is not float32
 * @throws RangeError a missing or misshapen parameter, a program with updates, a name used twice, bad options,
 *   a precision without the ranges that it needs, more than 2 GiB
 */
export function exportOnnx(program: Program, parameters: Parameters, options: ExportOptions): Uint8Array {
  return draftBytes(draftOnnx(program, parameters, options));
}

/** What `exportOnnx` writes, to be written piece by piece. Throws as it does. */
export function draftOnnx(program: Program, parameters: Parameters, options: ExportOptions): OnnxDraft {
  return draftOf(onnxModel(program, parameters, options));
}

function onnxModel(program: Program, parameters: Parameters, options: ExportOptions): OnnxModel<WrittenTensor> {
  const { producerVersion = "", opset = DEFAULT_OPSET, metadata = {}, docString = "" } = options;
  const irVersion = requireOpset(opset);
  return {
    irVersion,
    producerName: "isthmus",
    producerVersion,
    docString,
    graph: reducedGraph(turnWeights(graphOf(program, parameters, options)), opset, options),
    operatorSets: [{ domain: "", version: opset }],
    metadata: { ...metadata, ...precisionMetadata(options) },
  };
}

function graphOf(given: Program, parameters: Parameters, options: ExportOptions): OnnxGraph<WrittenTensor> {
  checkOptions(given, options);
  const { profile = "portable", opset = DEFAULT_OPSET, noise, batch, outputs } = options;
  const dialect = { opset, profile };
  const isWhole = (op: string) => wholes.has(op) || (op === "standardise" && hasLayerNorm(dialect));
  const wanted = selected(given, outputs);
  const program = normalise(noise === "inputs" ? noiseInputs(wanted) : wanted, { isWhole, batch });
  checkParameters(program, parameters);
  const folded = foldBatchNorms(foldConstants({ program, weights: weightsOf(parameters) }));
  return new GraphExport(folded, dialect, options).write();
}

/** Composites that ONNX has as one operator in every operator set. */
const wholes: ReadonlySet<string> = new Set(["softmax", "logSoftmax"]);

function checkOptions(program: Program, options: ExportOptions): void {
  const { graphName, batch, profile = "portable", layout = "nhwc", noise = "refuse", uint8 = [] } = options;
  if (graphName === "") throw new RangeError(`"graphName" expected a name, got an empty string`);
  requireOneOf("profile", profile, ["portable", "compact"]);
  requireOneOf("layout", layout, ["nhwc", "nchw"]);
  requireOneOf("noise", noise, ["refuse", "inputs"]);
  if (batch !== undefined && !(Number.isSafeInteger(batch) && batch > 0)) {
    throw new RangeError(`"batch" expected a whole number > 0, got ${String(batch)}`);
  }
  for (const name of uint8) {
    const id = program.inputs[name] ?? program.outputs[name];
    if (id === undefined || program.nodes[id]!.dtype !== "f32") {
      throw new RangeError(`"uint8" expected names of float inputs and outputs, got "${name}"`);
    }
  }
  const updated = Object.keys(program.updates);
  if (updated.length > 0) {
    throw new RangeError(`"program" expected none that updates state, got updates of ${updated.join(", ")}`);
  }
}

function requireOneOf(option: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) throw new RangeError(`"${option}" expected ${known.join(" or ")}, got ${String(value)}`);
}

function checkParameters({ nodes }: Program, parameters: Parameters): void {
  for (const { op, attributes, shape } of nodes) {
    if (op !== "state") continue;
    const name = attributes["name"] as string;
    const tensor = parameters[name];
    if (!tensor) throw new RangeError(`"parameters" expected "${name}" of shape ${formatShape(shape)}, got nothing`);
    if (!(tensor.data instanceof Float32Array)) throw new TypeError(`parameter "${name}" expected Float32Array`);
    const count = elementCount(tensor.shape);
    if (!sameShape(tensor.shape, shape) || tensor.data.length !== count) {
      throw new RangeError(
        `parameter "${name}" expected shape ${formatShape(shape)}, got ${formatShape(tensor.shape)} with ${tensor.data.length} values`,
      );
    }
  }
}

/** One translation of a normalised program: which ONNX value each node has become. */
class GraphExport {
  private readonly program: Program;
  private readonly weights: Weights;
  private readonly options: ExportOptions;
  private readonly gemms: ReadonlyMap<number, Gemm>;
  private readonly patterns: ReadonlyMap<number, Pattern>;
  private readonly outputs: readonly (readonly [name: string, node: Node])[];
  /** What is fed: bytes and images as the file has them. */
  private readonly inputs: ReadonlyMap<number, Value>;
  private readonly writer: GraphWriter;
  private readonly values: Layouts;
  private readonly layout: ImageLayout;
  private readonly forms: ReadonlyMap<number, Form>;

  constructor({ program, weights }: Network, dialect: Dialect, options: ExportOptions) {
    this.program = program;
    this.weights = weights;
    this.options = options;
    this.gemms = findGemms(program);
    this.patterns = findPatterns(program);
    this.layout = layoutOf(program, this.gemms, options.layout === "nchw");
    this.forms = findForms(program, this.gemms, this.layout);
    this.outputs = this.nodesNamedIn(program.outputs);
    this.inputs = new Map(this.nodesNamedIn(program.inputs).map(([name, node]) => [node.id, this.fed(name, node)]));
    const inputs = [...this.inputs.values()];
    const interfaceNames = [...inputs.map(({ name }) => name), ...this.outputs.map(([name]) => name)];
    const reserved = [...interfaceNames, ...Object.keys(program.state)];
    requireDistinct(reserved);
    this.writer = new GraphWriter(dialect, reserved, inputs);
    this.values = new Layouts(this.writer);
  }

  write(): OnnxGraph<WrittenTensor> {
    const absorbed = new Set([
      ...[...this.gemms.values()].map(({ product }) => product.id),
      ...[...this.patterns.values()].flatMap((pattern) => pattern.absorbed),
    ]);
    for (const node of this.program.nodes) {
      if (!absorbed.has(node.id)) this.values.set(node.id, this.writeNode(node), this.layout.images.has(node.id));
    }
    const outputs = this.outputs.map(([output, node]) => this.writeOutput(output, node));
    const { nodes, initialisers, edges } = this.writer;
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    const documented = (value: Value) => ({
      ...valueInfo(value),
      docString: this.options.portDocs?.[value.name] ?? "",
    });
    return {
      name: this.options.graphName,
      nodes,
      // Of a pattern that became one node, constants are attributes.
      initialisers: initialisers.filter(({ name }) => read.has(name)),
      inputs: [...this.inputs.values()].map(documented),
      outputs: outputs.map(documented),
      valueInfo: edges,
    };
  }

  private nodesNamedIn(ids: Readonly<Record<string, number>>): (readonly [string, Node])[] {
    return inOrder(ids).map(([name, id]) => [name, this.program.nodes[id]!] as const);
  }

  private isUint8(name: string): boolean {
    return this.options.uint8?.includes(name) ?? false;
  }

  private fed(name: string, node: Node): Value {
    const value = this.placed(valueOf(node, name), node);
    return this.isUint8(name) ? { ...value, type: "u8" } : value;
  }

  /** With its channels first, where the node is such an image. */
  private placed(value: Value, node: Node): Value {
    return this.layout.images.has(node.id) ? { ...value, shape: channelsFirst(value.shape) } : value;
  }

  private nameFor(node: Node): string {
    return node.name ?? `${this.options.graphName}/${node.op}_${node.id}`;
  }

  private writeNode(node: Node): Value {
    switch (node.op) {
      case "input":
        return this.writeInput(node);
      case "state":
        return this.writeParameter(node);
      case "constant":
        return this.writer.floats(
          this.writer.unique(this.nameFor(node)),
          node.shape as readonly number[],
          Float32Array.from(node.attributes["values"] as readonly number[]),
        );
      default:
        return this.writeOperation(node);
    }
  }

  private writeInput(node: Node): Value {
    const value = this.inputs.get(node.id)!;
    this.writer.origin = `input ${value.name}`;
    return this.isUint8(value.name) ? readUint8(this.writer, value) : value;
  }

  private writeParameter(node: Node): Value {
    const weight = this.weights[nameOf(node)]!;
    return this.writer.weight(nameOf(node), this.forms.get(node.id)?.(weight) ?? weight);
  }

  private writeOperation(node: Node): Value {
    const gemm = this.gemms.get(node.id);
    this.writer.origin = originOf(node, gemm);
    const named = gemm ? gemmName(node, gemm) : node.name;
    const name = this.writer.unique(named ?? this.nameFor(node));
    const output = this.outputNamed(node);
    const value = this.placed(valueOf(node, output ?? name), node);
    if (output === undefined) this.writer.edge(value);
    const isChannelsFirst = this.layout.images.has(node.id);
    const pattern = this.patterns.get(node.id);
    const write = new NodeWriter(this.writer, {
      node,
      inputs: this.operandsOf(node, gemm, pattern),
      name,
      value,
      isChannelsFirst,
    });
    if (pattern) pattern.write(write);
    else if (!gemm) translate(write);
    else if (gemm.product.op === "matmul") writeGemm(write, gemm.product);
    else writeConvolution(write, gemm.product);
    return value;
  }

  /** The output that the node's value is as it stands: of the right type, with its axes in the right order. */
  private outputNamed(node: Node): string | undefined {
    const isImage = node.shape.length === 4;
    const isTurned = isImage && this.layout.images.has(node.id) !== (this.options.layout === "nchw");
    if (isTurned) return undefined;
    return this.outputs.find(([name, made]) => made.id === node.id && !this.isUint8(name))?.[0];
  }

  /** Images as the node wants them, a filter in ONNX's order, a vector of the channels beside an image as a column. */
  private operandsOf(node: Node, gemm: Gemm | undefined, pattern: Pattern | undefined): Value[] {
    if (pattern) return pattern.inputs.map((id) => this.operand(node, id));
    const product = gemm?.product ?? node;
    const operands = product.inputs.map((id, index) =>
      convolutions.has(product.op) && index === 1 ? this.filter(product.op, id) : this.operand(node, id),
    );
    return gemm ? [...operands, this.values.channelsLast(gemm.bias.id)] : operands;
  }

  private operand(node: Node, id: number): Value {
    const { shape } = this.program.nodes[id]!;
    const isImage = this.layout.images.has(node.id);
    if (shape.length === 4 && (isImage || this.isFlattened(node, id))) return this.values.channelsFirst(id);
    const value = this.values.channelsLast(id);
    return isImage && shape.length === 1 && value.shape.length === 1 ? this.writer.column(value) : value;
  }

  /** Whether `node` makes rows of an image that has its channels first and leaves their order alone. */
  private isFlattened({ id, op, shape }: Node, image: number): boolean {
    const size = flattened(shape, this.program.nodes[image]!.shape);
    if (op !== "reshape" || !size || !this.layout.images.has(image)) return false;
    return this.layout.rows.has(id) || isTrivial(size);
  }

  private filter(op: string, id: number): Value {
    const filter = this.values.channelsLast(id);
    return this.forms.has(id) ? filter : writeFilter(this.writer, op, filter);
  }

  /** An output that is an input, a parameter or another output as well gets a copy under its own name. */
  private writeOutput(name: string, node: Node): Value {
    this.writer.origin = `output ${name}`;
    const isFirst = node.shape.length === 4 && this.options.layout === "nchw";
    const given = this.isUint8(name) ? undefined : name;
    const value = isFirst ? this.values.channelsFirst(node.id, given) : this.values.channelsLast(node.id, given);
    if (this.isUint8(name)) return writeUint8(this.writer, value, name);
    if (value.name === name) return value;
    return this.writer.node("Identity", this.writer.unique(`${name}/copy`), [value], { ...value, name });
  }
}

/** What of the network the ONNX nodes of a node are: its operation, and its name where it has one. */
function originOf(node: Node, gemm: Gemm | undefined): string {
  const what = gemm ? `${gemm.product.op} with bias` : node.op;
  const name = gemm ? gemmName(node, gemm) : node.name;
  return name ? `${what}, ${name}` : what;
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
