import { type Fact, factOf } from "../check/fact.ts";
import { checkNode } from "../check/nodes.ts";
import { operatorOf } from "../check/operators.ts";
import { type InferNode, inferTypes } from "../check/types.ts";
import type { OnnxModel, OnnxNode, Tensor } from "../messages.ts";

/** A decoded model with what rules ask about it. Of operators that are not known, nothing is inferred. */
export class Subject {
  readonly model: OnnxModel;
  readonly opset: number;
  private readonly constants: ReadonlyMap<string, Tensor>;
  private readonly facts: ReadonlyMap<string, Fact>;

  constructor(model: OnnxModel) {
    this.model = model;
    this.opset = model.operatorSets.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version ?? 0;
    this.constants = new Map([
      ...model.graph.initialisers.map((tensor) => [tensor.name, tensor] as const),
      ...made(model),
    ]);
    this.facts = inferTypes(model.graph, this.opset, inferKnown);
  }

  /** The tensor behind an input that no run changes. */
  constant(name: string | undefined): Tensor | undefined {
    return this.constants.get(name ?? "");
  }

  /** Whether a `DequantizeLinear` makes the value of a tensor. */
  isDequantised(name: string | undefined): boolean {
    return this.model.graph.nodes.some(({ opType, inputs, outputs }) => {
      return opType === "DequantizeLinear" && outputs[0] === name && this.constant(inputs[0]) !== undefined;
    });
  }

  /** The elements of a short vector of integers that no run changes. */
  numbers(name: string | undefined): readonly number[] | undefined {
    const tensor = this.constant(name);
    const values = tensor && factOf(tensor).values;
    return values?.every((value) => typeof value === "number") ? values : undefined;
  }

  fact(name: string | undefined): Fact | undefined {
    return this.facts.get(name ?? "");
  }

  ints(node: OnnxNode, name: string): readonly number[] {
    const value = node.attributes[name];
    return value?.type === "ints" ? value.value : [];
  }

  int(node: OnnxNode, name: string, otherwise: number): number {
    const value = node.attributes[name];
    return value?.type === "int" ? value.value : otherwise;
  }

  /** Whether the node leaves its pads to a rule of the runtime's. */
  isAutoPadded(node: OnnxNode): boolean {
    const value = node.attributes["auto_pad"];
    return value?.type === "string" && value.value !== "NOTSET";
  }

  /** Whether more is padded, or cut, on one side than on the other. */
  isUneven(node: OnnxNode): boolean {
    const pads = this.ints(node, "pads");
    const axes = pads.length / 2;
    return pads.slice(0, axes).some((pad, axis) => pad !== pads[axis + axes]);
  }
}

const inferKnown: InferNode = (node, opset, given) => {
  const isKnown = node.domain === "" && operatorOf(node.opType) !== undefined;
  return isKnown ? checkNode(node, opset, given) : node.outputs.map(() => ({ type: undefined, shape: undefined }));
};

/** What nodes make of nothing. */
function made({ graph }: OnnxModel): (readonly [string, Tensor])[] {
  return graph.nodes.flatMap(({ opType, outputs, attributes }) => {
    const value = opType === "Constant" ? attributes["value"] : undefined;
    return value?.type === "tensor" ? [[outputs[0] ?? "", value.value] as const] : [];
  });
}
