import { decodeModel } from "../../src/decode.ts";
import type { OnnxGraph, OnnxNode } from "../../src/messages.ts";

const isReshape = ({ opType }: OnnxNode): boolean => opType === "Reshape";

/** The `Transpose`s of a file that neither read what is fed nor make what comes out, be it in another shape. */
export function innerTransposes(bytes: Uint8Array): string[] {
  const { graph } = decodeModel(bytes);
  const transposes = graph.nodes.filter(({ opType }) => opType === "Transpose");
  return transposes.filter((node) => !readsInput(node, graph) && !makesOutput(node, graph)).map(({ name }) => name);
}

function readsInput({ inputs: [name] }: OnnxNode, graph: OnnxGraph): boolean {
  const maker = graph.nodes.find(({ outputs }) => outputs[0] === name);
  return (
    graph.inputs.some((input) => input.name === name) || (maker && isReshape(maker) ? readsInput(maker, graph) : false)
  );
}

function makesOutput({ outputs: [name] }: OnnxNode, graph: OnnxGraph): boolean {
  const reshaped = graph.nodes.filter((node) => isReshape(node) && node.inputs[0] === name);
  return graph.outputs.some((output) => output.name === name) || reshaped.some((node) => makesOutput(node, graph));
}
