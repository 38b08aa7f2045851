import { invalid } from "../invalid.ts";
import type { OnnxDim, OnnxGraph, OnnxNode, ValueInfo, WrittenTensor } from "../messages.ts";
import { type Fact, factOf, mayEqual, merged, shapeText, typeText } from "./fact.ts";
import { checkNode } from "./nodes.ts";

/** What a node makes of what it is given. */
export type InferNode = typeof checkNode;

/**
 * What is known of every value: types and shapes follow from the inputs, node by node, and are what is declared.
 *
 * @throws IsthmusError `ONNX_INVALID` what does not go together, by the name of the node or value
 */
export function inferTypes(
  graph: OnnxGraph<WrittenTensor>,
  opset: number,
  infer: InferNode = checkNode,
): ReadonlyMap<string, Fact> {
  const facts = new Map<string, Fact>();
  const declared = new Map([...graph.outputs, ...graph.valueInfo].map((info) => [info.name, info]));
  const free = new Set(graph.inputs.flatMap(({ shape }) => shape.filter((dim) => typeof dim === "string")));
  for (const info of [...graph.inputs, ...graph.outputs, ...graph.valueInfo]) checkDeclared(info);
  for (const { name, elementType, shape } of graph.inputs) facts.set(name, { type: elementType, shape });
  for (const tensor of graph.initialisers) facts.set(tensor.name, factOf(tensor));
  for (const [name, fact] of facts) {
    const info = declared.get(name);
    if (info) facts.set(name, agreed(info, fact, { free }));
  }
  for (const node of graph.nodes) {
    const made = infer(
      node,
      opset,
      node.inputs.map((name) => facts.get(name)),
    );
    node.outputs.forEach((name, i) => {
      const info = declared.get(name);
      facts.set(name, info ? agreed(info, made[i]!, { free, node }) : made[i]!);
    });
  }
  return facts;
}

/** Every declared value has a type that there is, and sizes that can be. */
function checkDeclared({ name, elementType, shape }: ValueInfo): void {
  const isSound = shape.every((dim) => typeof dim !== "number" || (Number.isSafeInteger(dim) && dim >= 0));
  if (elementType >= 1 && elementType <= 22 && isSound) return;
  throw invalid(`value "${name}" is declared with element type ${elementType} and shape ${shapeText(shape)}`, {
    value: name,
  });
}

interface Source {
  /** Names of sizes that whoever runs the graph decides. */
  readonly free: ReadonlySet<string>;
  readonly node?: OnnxNode;
}

/** What is declared and what follows, together; refused where they contradict each other. */
function agreed(info: ValueInfo, fact: Fact, { free, node }: Source): Fact {
  const { type = info.elementType, shape = info.shape } = fact;
  const isAgreed =
    type === info.elementType &&
    shape.length === info.shape.length &&
    shape.every((dim, axis) => isOne(dim, info.shape[axis]!, free));
  if (isAgreed) return { ...fact, type, shape: shape.map((dim, axis) => merged(info.shape[axis]!, dim)) };
  const maker = node ? ` of node "${node.name || node.outputs[0]}" (${node.opType})` : "";
  const said = `${typeText(info.elementType)} ${shapeText(info.shape)}`;
  throw invalid(`value "${info.name}"${maker} is declared as ${said}, but is ${typeText(type)} ${shapeText(shape)}`, {
    value: info.name,
    ...(node && { node: node.name }),
  });
}

/** A size that the caller decides is neither a fixed one nor another such size. */
function isOne(found: OnnxDim, declared: OnnxDim, free: ReadonlySet<string>): boolean {
  if (found === null || declared === null || found === declared) return true;
  const isFree = (dim: OnnxDim) => typeof dim === "string" && free.has(dim);
  if (isFree(found)) return !isFree(declared) && typeof declared !== "number";
  return !isFree(declared) && mayEqual(found, declared);
}
