import { decodeModel } from "./decode.ts";
import { invalid } from "./invalid.ts";
import { elementTypes, type OnnxGraph, type OnnxNode, type Tensor, type ValueInfo } from "./messages.ts";
import { signatureOf } from "./operators.ts";
import { irVersionOf } from "./opset.ts";

const bytesPerElement: ReadonlyMap<number, number> = new Map(
  Object.values(elementTypes).map(({ code, bytes }) => [code, bytes]),
);

/**
 * Checks what runtimes let pass or only find while they run: versions, known operators with the right attributes,
 * unique names, nodes after what they read, initialisers as long as their shape says, a type for every value.
 * It knows what this package writes; other sound ONNX files may be refused. Time and memory are bounded by the length
 * of the file.
 *
 * @throws IsthmusError `ONNX_INVALID`, naming the node or the value
 */
export function checkOnnx(bytes: Uint8Array): void {
  const { irVersion, operatorSets, graph } = decodeModel(bytes);
  const [set] = operatorSets;
  if (operatorSets.length !== 1 || set?.domain !== "" || irVersionOf(set.version) !== irVersion) {
    const sets = operatorSets.map(({ domain, version }) => `${domain || "ai.onnx"} ${version}`).join(", ") || "none";
    throw invalid(
      `expected one operator set ai.onnx from 13 to 21 with its IR version, got ${sets} with IR version ${irVersion}`,
    );
  }
  if (graph.name === "") throw invalid("the graph has no name");
  const values = checkNodes(graph, set.version);
  checkTypes(graph, values);
}

/** Checks each node against what was made before it; the names of all values. */
function checkNodes(graph: OnnxGraph, opset: number): Set<string> {
  const values = new Set<string>();
  const define = (name: string, where: string) => {
    if (name === "" || values.has(name))
      throw invalid(`${where} makes "${name}", ${name ? "which is there already" : "an empty name"}`);
    values.add(name);
  };
  for (const { name } of graph.inputs) define(name, "the list of inputs");
  for (const tensor of graph.initialisers) {
    define(tensor.name, "the list of initialisers");
    checkTensor(tensor);
  }
  const names = new Set<string>();
  for (const node of graph.nodes) {
    if (node.name === "" || names.has(node.name))
      throw invalid(`node name "${node.name}" is ${node.name ? "used twice" : "empty"}`);
    names.add(node.name);
    checkNode(node, opset, values);
    for (const name of node.outputs) define(name, `node "${node.name}"`);
  }
  return values;
}

function checkNode(node: OnnxNode, opset: number, values: ReadonlySet<string>): void {
  const fail = (what: string): never => {
    throw invalid(`node "${node.name}" (${node.opType}) ${what}`, { node: node.name });
  };
  const signature = node.domain === "" ? signatureOf(node.opType, opset) : undefined;
  if (!signature) return fail("is not an operator this package writes");
  const [fewest, most] = signature.inputs;
  if (node.inputs.length < fewest || node.inputs.length > most) fail(`has ${node.inputs.length} inputs`);
  if (node.outputs.length !== 1) fail(`has ${node.outputs.length} outputs instead of one`);
  for (const name of Object.keys({ ...signature.attributes, ...node.attributes })) {
    const type = Object.hasOwn(signature.attributes, name) ? signature.attributes[name] : undefined;
    const found = Object.hasOwn(node.attributes, name) ? node.attributes[name]?.type : undefined;
    if (!type || type !== found) fail(`has an attribute "${name}" that is unknown, missing or of the wrong type`);
  }
  for (const name of node.inputs) if (!values.has(name)) fail(`reads "${name}", which nothing before it makes`);
}

function checkTensor({ name, elementType, dims, data }: Tensor): void {
  const size = bytesPerElement.get(elementType);
  if (size === undefined) throw invalid(`initialiser "${name}" has an unknown element type ${elementType}`);
  const expected = dims.reduce((product, dim) => product * dim, size);
  if (data.length !== expected) {
    throw invalid(`initialiser "${name}" of shape [${dims.join(", ")}] holds ${data.length} bytes`, {
      initialiser: name,
    });
  }
}

/** Every value has one type, every output is made by something, and nothing else is declared. */
function checkTypes(graph: OnnxGraph, values: ReadonlySet<string>): void {
  const typed = new Set(graph.initialisers.map(({ name }) => name));
  for (const info of [...graph.inputs, ...graph.outputs, ...graph.valueInfo]) {
    if (!values.has(info.name)) throw invalid(`value "${info.name}" is declared, but nothing makes it`);
    if (typed.has(info.name)) throw invalid(`value "${info.name}" is declared twice`);
    checkType(info);
    typed.add(info.name);
  }
  for (const name of values) if (!typed.has(name)) throw invalid(`value "${name}" has no type`);
  if (graph.outputs.length === 0) throw invalid("the graph has no output");
}

function checkType({ name, elementType, shape }: ValueInfo): void {
  const valid = shape.every((dim) => (typeof dim === "number" ? Number.isSafeInteger(dim) && dim >= 0 : dim));
  if (!bytesPerElement.has(elementType) || !valid) {
    throw invalid(`value "${name}" is of element type ${elementType} and shape [${shape.join(", ")}]`);
  }
}
