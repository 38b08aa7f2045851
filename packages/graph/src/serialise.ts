import { IsthmusError } from "@isthmus/math";
import { canonicalJson } from "./canonical-json.ts";
import type { DType, Initialiser, Json, JsonObject, Node, Program, Shape, StateTensor } from "./ir.ts";
import { operations } from "./operations/index.ts";
import { formatShape, sameShape } from "./shape.ts";

/** Changes when the JSON of a program changes its meaning. Newer versions are refused. */
export const GRAPH_VERSION = 1;

/** A program as JSON: nodes without the types that follow from their inputs' would still be checked, so both are kept. */
export function programToJson(program: Program): JsonObject {
  const used = [...new Set(program.nodes.map((node) => node.op))].sort();
  return {
    version: GRAPH_VERSION,
    operations: Object.fromEntries(used.map((name) => [name, operations.get(name)?.version ?? 0])),
    nodes: program.nodes.map(({ id: _, ...node }) => node as unknown as JsonObject),
    inputs: program.inputs,
    state: program.state as unknown as JsonObject,
    outputs: program.outputs,
    updates: program.updates,
    ...(program.guard === undefined ? {} : { guard: program.guard }),
  };
}

/** The text that is stored and hashed. */
export function serialiseProgram(program: Program): string {
  return canonicalJson(programToJson(program));
}

/**
 * Reads a program back, trusting nothing: every operation must be known at its version, and every shape is inferred
 * again and compared.
 *
 * @throws IsthmusError `GRAPH_VERSION`, `GRAPH_OPERATION`, `GRAPH_INVALID`
 */
export function parseProgram(text: string): Program {
  const json = asObject(parseJson(text), "program");
  if (json["version"] !== GRAPH_VERSION) {
    throw new IsthmusError("GRAPH_VERSION", `graph version ${String(json["version"])} is not ${GRAPH_VERSION}`, { version: json["version"] });
  }
  checkOperations(asObject(json["operations"], "operations"));
  const nodes: Node[] = [];
  for (const item of asArray(json["nodes"], "nodes")) nodes.push(parseNode(asObject(item, "node"), nodes));
  const guard = json["guard"] === undefined ? {} : { guard: nodeId(json["guard"], nodes, "guard") };
  return {
    nodes,
    inputs: parseLeafTable(json["inputs"], nodes, "input"),
    state: parseState(asObject(json["state"], "state")),
    outputs: parseIds(json["outputs"], nodes, "outputs"),
    updates: parseIds(json["updates"], nodes, "updates"),
    ...guard,
  };
}

function invalid(message: string, cause?: unknown): IsthmusError {
  return new IsthmusError("GRAPH_INVALID", `graph: ${message}`, {}, cause === undefined ? undefined : { cause });
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw invalid("not JSON", cause);
  }
}

function asObject(value: Json | undefined, what: string): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`"${what}" expected an object`);
  return value as JsonObject;
}

function asArray(value: Json | undefined, what: string): readonly Json[] {
  if (!Array.isArray(value)) throw invalid(`"${what}" expected an array`);
  return value;
}

function checkOperations(versions: JsonObject): void {
  for (const [name, version] of Object.entries(versions)) {
    const known = operations.get(name)?.version;
    if (known !== version) {
      throw new IsthmusError(
        "GRAPH_OPERATION",
        `graph: operation "${name}" version ${String(version)} is ${known === undefined ? "unknown" : `not ${known}`}; update isthmus`,
        { operation: name, version },
      );
    }
  }
}

function nodeId(value: Json | undefined, nodes: readonly Node[], what: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= nodes.length) {
    throw invalid(`"${what}" expected the id of an earlier node, got ${String(value)}`);
  }
  return value as number;
}

function parseShape(value: Json | undefined): Shape {
  const shape = asArray(value, "shape");
  const valid = (dim: Json) => dim === "batch" || (Number.isSafeInteger(dim) && (dim as number) >= 0);
  if (shape.length > 8 || !shape.every(valid)) throw invalid(`bad shape ${canonicalJson(shape)}`);
  return shape as Shape;
}

const dtypes: readonly Json[] = ["f32", "i32", "u8"] satisfies DType[];

function parseNode(json: JsonObject, nodes: readonly Node[]): Node {
  const operation = operations.get(String(json["op"]));
  if (!operation) throw new IsthmusError("GRAPH_OPERATION", `graph: unknown operation "${String(json["op"])}"`);
  const inputs = asArray(json["inputs"], "inputs").map((id) => nodeId(id, nodes, "inputs"));
  const attributes = asObject(json["attributes"], "attributes");
  const shape = parseShape(json["shape"]);
  const dtype = json["dtype"] as DType;
  if (!dtypes.includes(dtype)) throw invalid(`bad dtype ${String(dtype)}`);
  if (attributes["shape"] !== undefined) parseShape(attributes["shape"]);
  const inferred = attempt(operation.name, () => operation.infer(inputs.map((id) => nodes[id] as Node), attributes));
  const expected = operation.tier === "leaf" && inferred.dtype === undefined ? "f32" : inferred.dtype;
  if (!sameShape(inferred.shape, shape) || expected !== dtype) {
    throw invalid(`node ${nodes.length} (${operation.name}) says ${formatShape(shape)} ${dtype}, its inputs give ${formatShape(inferred.shape)} ${expected}`);
  }
  const name = json["name"] === undefined ? {} : { name: String(json["name"]) };
  return { id: nodes.length, op: operation.name, inputs, attributes, shape, dtype, ...name };
}

function attempt<R>(operation: string, body: () => R): R {
  try {
    return body();
  } catch (cause) {
    throw invalid(`operation "${operation}" does not fit its inputs: ${cause instanceof Error ? cause.message : ""}`, cause);
  }
}

function parseIds(value: Json | undefined, nodes: readonly Node[], what: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(asObject(value, what)).map(([name, id]) => [name, nodeId(id, nodes, `${what}.${name}`)]),
  );
}

function parseLeafTable(value: Json | undefined, nodes: readonly Node[], op: "input"): Record<string, number> {
  const ids = parseIds(value, nodes, "inputs");
  for (const [name, id] of Object.entries(ids)) {
    const node = nodes[id] as Node;
    if (node.op !== op || node.attributes["name"] !== name) throw invalid(`input "${name}" names node ${id}, which is not it`);
  }
  return ids;
}

function parseState(json: JsonObject): Record<string, StateTensor> {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      const tensor = asObject(value, `state.${name}`);
      const shape = parseShape(tensor["shape"]);
      if (shape.includes("batch")) throw invalid(`state "${name}" has a batch axis`);
      return [name, { shape: shape as readonly number[], init: parseInitialiser(asObject(tensor["init"], "init")) }];
    }),
  );
}

function parseInitialiser(json: JsonObject): Initialiser {
  if (json["kind"] === "zeros") return { kind: "zeros" };
  if (json["kind"] === "uniform" && typeof json["limit"] === "number") return { kind: "uniform", limit: json["limit"] };
  throw invalid(`unknown initialiser ${canonicalJson(json)}`);
}
