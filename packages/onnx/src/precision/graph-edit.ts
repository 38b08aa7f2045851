import type { Attributes } from "../graph-writer.ts";
import type { OnnxGraph, OnnxNode, ValueInfo, WrittenTensor } from "../messages.ts";

/** What a pass puts into a graph: tensors, and nodes with the types of what they make, under names of their own. */
export class GraphEdit {
  readonly initialisers: WrittenTensor[] = [];
  readonly valueInfo: ValueInfo[] = [];
  private readonly taken: Set<string>;
  private readonly declared: Set<string>;

  constructor({ nodes, inputs, initialisers, outputs, valueInfo }: OnnxGraph<WrittenTensor>) {
    const values = [...inputs, ...initialisers].map(({ name }) => name);
    this.taken = new Set([...values, ...nodes.flatMap(({ name, outputs }) => [name, ...outputs])]);
    this.declared = new Set([...inputs, ...outputs, ...valueInfo].map(({ name }) => name));
  }

  /** `wanted`, or `wanted_2`, `wanted_3`, ... when it is taken. */
  unique(wanted: string): string {
    let name = wanted;
    for (let count = 2; this.taken.has(name); count++) name = `${wanted}_${count}`;
    this.taken.add(name);
    return name;
  }

  /** A tensor that `wanted` names, or nearly. */
  tensor(wanted: string, { elementType, dims, data }: Omit<WrittenTensor, "name">): string {
    const name = this.unique(wanted);
    this.initialisers.push({ name, elementType, dims, data });
    return name;
  }

  /** Says of a value what it is, where its shape is known and the file does not say it already. */
  declare(name: string, elementType: number, shape: ValueInfo["shape"] | undefined): string {
    if (shape && !this.declared.has(name)) this.valueInfo.push({ name, elementType, shape });
    return name;
  }

  /** A node that makes `output`, named after what it makes. */
  node(opType: string, inputs: readonly string[], output: string, attributes: Attributes = {}): OnnxNode {
    const name = this.unique(`${output}/${opType}`);
    return { name, opType, domain: "", inputs, outputs: [output], attributes };
  }

  /** The graph with these nodes, and with the tensors of the edit instead of its own. */
  applied(graph: OnnxGraph<WrittenTensor>, nodes: readonly OnnxNode[]): OnnxGraph<WrittenTensor> {
    const { initialisers } = this;
    return { ...graph, nodes, initialisers, valueInfo: [...graph.valueInfo, ...this.valueInfo] };
  }
}
