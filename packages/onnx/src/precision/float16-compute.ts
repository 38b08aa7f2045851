import type { Fact } from "../check/fact.ts";
import { FLOAT, FLOAT16 } from "../data-types.ts";
import { int } from "../graph-writer.ts";
import type { OnnxGraph, OnnxNode, WrittenTensor } from "../messages.ts";
import { floatsOf } from "./floats.ts";
import { GraphEdit } from "./graph-edit.ts";
import { fitsHalf, lazyHalves } from "./half.ts";

/** What halves are good enough for: products, and activations that do not grow. */
const halves: ReadonlySet<string> = new Set([
  ...["Conv", "ConvTranspose", "Gemm", "MatMul"],
  ...["Relu", "LeakyRelu", "PRelu", "Sigmoid", "Tanh", "Elu", "Selu", "HardSigmoid", "Sign"],
  ...["MaxPool", "GlobalMaxPool"],
]);

/** What is as wide as its neighbours: elementwise steps of a formula, and what moves elements. */
const followers: ReadonlySet<string> = new Set([
  ...["Abs", "Add", "Clip", "Identity", "Max", "Min", "Mul", "Neg", "Sub", "Where"],
  ...["Concat", "Expand", "Flatten", "Gather", "Pad", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"],
]);

/**
 * Float32 at inputs and outputs and halves in between, as far as halves are good enough: everything else, the formulas
 * around it, and what reads constants that halves do not hold, stays float32 between `Cast`s.
 */
export function computeFloat16(
  graph: OnnxGraph<WrittenTensor>,
  facts: ReadonlyMap<string, Fact>,
): OnnxGraph<WrittenTensor> {
  return new HalfWriter(graph, facts).write();
}

class HalfWriter {
  private readonly graph: OnnxGraph<WrittenTensor>;
  private readonly facts: ReadonlyMap<string, Fact>;
  private readonly edit: GraphEdit;
  private readonly constants: ReadonlyMap<string, WrittenTensor>;
  private readonly outputs: ReadonlySet<string>;
  /** Values that are halves where they are made. */
  private readonly half = new Set<string>();
  /** Value -> its name in the other width. */
  private readonly others = new Map<string, string>();
  private readonly nodes: OnnxNode[] = [];

  constructor(graph: OnnxGraph<WrittenTensor>, facts: ReadonlyMap<string, Fact>) {
    this.graph = graph;
    this.facts = facts;
    this.edit = new GraphEdit(graph);
    this.constants = new Map(graph.initialisers.filter(isFloat).map((tensor) => [tensor.name, tensor]));
    this.outputs = new Set(graph.outputs.map(({ name }) => name));
  }

  write(): OnnxGraph<WrittenTensor> {
    const wide = this.wideNodes();
    for (const node of this.graph.nodes) {
      if (node.opType === "Shape") this.nodes.push(node);
      else if (wide.has(node)) this.nodes.push({ ...node, inputs: node.inputs.map((name) => this.widened(name)) });
      else this.writeHalf(node);
    }
    const read = new Set([...this.nodes.flatMap(({ inputs }) => inputs), ...this.outputs]);
    this.edit.initialisers.unshift(...this.graph.initialisers.filter(({ name }) => read.has(name)));
    const { nodes, edit, half } = this;
    const made = edit.applied(this.graph, nodes);
    const retyped = made.valueInfo.map((info) => (half.has(info.name) ? { ...info, elementType: FLOAT16 } : info));
    return { ...made, valueInfo: retyped };
  }

  private isFloat(name: string): boolean {
    return name !== "" && this.facts.get(name)?.type === FLOAT;
  }

  /** Nodes that compute in float32. */
  private wideNodes(): ReadonlySet<OnnxNode> {
    const { nodes, inputs } = this.graph;
    const wide = new Set(nodes.filter((node) => !this.canBeHalf(node)));
    const makers = new Map(nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)));
    const readers = readersOf(nodes);
    const fed = new Set(inputs.map(({ name }) => name));
    const isWide = (name: string) => fed.has(name) || (makers.has(name) && wide.has(makers.get(name)!));
    const isReadWide = (name: string) => (readers.get(name) ?? []).every((reader) => wide.has(reader));
    const follows = (node: OnnxNode) =>
      node.inputs.some((name) => this.isFloat(name) && isWide(name)) || node.outputs.every(isReadWide);
    for (let before = -1; before < wide.size;) {
      before = wide.size;
      for (const node of nodes) if (followers.has(node.opType) && !wide.has(node) && follows(node)) wide.add(node);
    }
    return wide;
  }

  private canBeHalf({ opType, inputs, outputs }: OnnxNode): boolean {
    const isKnown = halves.has(opType) || followers.has(opType);
    const constants = inputs.flatMap((name) => this.constants.get(name) ?? []);
    return isKnown && this.isFloat(outputs[0]!) && constants.every((tensor) => fitsHalf(floatsOf(tensor)));
  }

  /** A graph's output keeps its name and type; the half that it is made of gets another name. */
  private writeHalf(node: OnnxNode): void {
    const inputs = node.inputs.map((name) => this.halved(name));
    const outputs = node.outputs.map((name) => (this.isFloat(name) ? this.madeHalf(name) : name));
    this.nodes.push({ ...node, inputs, outputs });
    for (const name of node.outputs.filter((output) => this.outputs.has(output) && this.isFloat(output))) {
      this.nodes.push(this.edit.node("Cast", [this.others.get(name)!], name, { to: int(FLOAT) }));
    }
  }

  private madeHalf(name: string): string {
    if (this.outputs.has(name)) return this.other(name, FLOAT16);
    this.half.add(name);
    return name;
  }

  /** A value's other name, by which it is this type. */
  private other(name: string, type: typeof FLOAT | typeof FLOAT16): string {
    const wanted = `${name}/${type === FLOAT ? "float32" : "float16"}`;
    const other = this.edit.declare(this.edit.unique(wanted), type, this.facts.get(name)?.shape);
    this.others.set(name, other);
    return other;
  }

  private halved(name: string): string {
    if (!this.isFloat(name) || this.half.has(name)) return name;
    const known = this.others.get(name);
    if (known !== undefined) return known;
    const constant = this.constants.get(name);
    if (constant) return this.halfConstant(constant);
    return this.cast(name, FLOAT16);
  }

  private halfConstant(tensor: WrittenTensor): string {
    const halved = { ...tensor, elementType: FLOAT16, data: lazyHalves(tensor) };
    const stored = this.edit.tensor(`${tensor.name}/float16`, halved);
    this.others.set(tensor.name, stored);
    return stored;
  }

  private widened(name: string): string {
    if (!this.half.has(name)) return name;
    return this.others.get(name) ?? this.cast(name, FLOAT);
  }

  private cast(name: string, type: typeof FLOAT | typeof FLOAT16): string {
    const other = this.other(name, type);
    this.nodes.push(this.edit.node("Cast", [name], other, { to: int(type) }));
    return other;
  }
}

function isFloat({ elementType }: WrittenTensor): boolean {
  return elementType === FLOAT;
}

function readersOf(nodes: readonly OnnxNode[]): ReadonlyMap<string, readonly OnnxNode[]> {
  const readers = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  return readers;
}
