import { IsthmusError } from "@isthmus/math";
import { brief, isName } from "./attributes.ts";
import { canonicalJson } from "./canonical-json.ts";
import { inferType } from "./infer.ts";
import type { Initialiser, Json, JsonObject, Node, Program, StateTensor } from "./ir.ts";
import type { Operation } from "./operation.ts";
import { operations } from "./operations/index.ts";
import { checkInterface } from "./program.ts";
import { formatShape, isFixedShape, isShape, sameShape } from "./shape.ts";
import { requireInitialiser } from "./state-checks.ts";

/** Changes when the JSON of a program changes its meaning. Newer versions are refused. */
export const GRAPH_VERSION = 1;

/** A program as JSON. Types could be inferred again; they are written all the same, for people and other readers. */
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
 * Reads a program back, trusting nothing: every operation must be known at its version and have its attributes, every
 * type is inferred again and compared, and inputs, state, updates and guard must be what they say.
 *
 * @throws IsthmusError `GRAPH_VERSION`, `GRAPH_OPERATION`, `GRAPH_INVALID`
 */
export function parseProgram(text: string): Program {
  const json = asObject(parseJson(text), "program");
  if (json["version"] !== GRAPH_VERSION) {
    throw new IsthmusError("GRAPH_VERSION", `graph version ${brief(json["version"])} is not ${GRAPH_VERSION}`, {
      version: json["version"],
    });
  }
  const used = asObject(json["operations"], "operations");
  checkOperations(used);
  const nodes: Node[] = [];
  for (const item of asArray(json["nodes"], "nodes")) nodes.push(parseNode(asObject(item, "node"), nodes, used));
  const guard = json["guard"] === undefined ? {} : { guard: nodeId(json["guard"], nodes, "guard") };
  const program: Program = {
    nodes,
    inputs: parseIds(json["inputs"], nodes, "inputs"),
    state: parseState(asObject(json["state"], "state")),
    outputs: parseIds(json["outputs"], nodes, "outputs"),
    updates: parseIds(json["updates"], nodes, "updates"),
    ...guard,
  };
  attempt("its interface", () => checkInterface(program));
  return program;
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
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(`"${what}" expected an object`);
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
        `graph: operation ${brief(name)} version ${brief(version)} is ${known === undefined ? "unknown" : `not ${known}`}; update isthmus`,
        { operation: name, version },
      );
    }
  }
}

function nodeId(value: Json | undefined, nodes: readonly Node[], what: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= nodes.length) {
    throw invalid(`"${what}" expected the id of an earlier node, got ${brief(value)}`);
  }
  return value as number;
}

function parseNode(json: JsonObject, nodes: readonly Node[], used: JsonObject): Node {
  const operation = operationOf(json["op"], used);
  const where = `node ${nodes.length} (${operation.name})`;
  const inputs = asArray(json["inputs"], "inputs").map((id) => nodeId(id, nodes, "inputs"));
  const attributes = asObject(json["attributes"], "attributes");
  const types = inputs.map((id) => nodes[id] as Node);
  const { shape, dtype } = attempt(where, () => inferType(operation, types, attributes));
  const written = json["shape"];
  if (!isShape(written) || !sameShape(written, shape) || json["dtype"] !== dtype) {
    throw invalid(
      `${where} says ${brief(written)} ${brief(json["dtype"])}, its inputs give ${formatShape(shape)} ${dtype}`,
    );
  }
  const node = { id: nodes.length, op: operation.name, inputs, attributes, shape, dtype };
  const { name } = json;
  if (name === undefined) return node;
  if (typeof name !== "string") throw invalid(`${where}: "name" expected a string, got ${brief(name)}`);
  return { ...node, name };
}

function operationOf(name: Json | undefined, used: JsonObject): Operation {
  const operation = typeof name === "string" ? operations.get(name) : undefined;
  if (!operation) {
    throw new IsthmusError("GRAPH_OPERATION", `graph: unknown operation ${brief(name)}`, { operation: name });
  }
  if (!Object.hasOwn(used, operation.name)) throw invalid(`"operations" has no version of "${operation.name}"`);
  return operation;
}

function attempt<R>(where: string, body: () => R): R {
  try {
    return body();
  } catch (cause) {
    throw invalid(`${where}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function parseIds(value: Json | undefined, nodes: readonly Node[], what: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries(asObject(value, what)).map(([name, id]) => [name, nodeId(id, nodes, `${what}.${name}`)]),
  );
}

function parseState(json: JsonObject): Record<string, StateTensor> {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => {
      const { shape, init } = asObject(value, `state.${name}`);
      if (!isName(name) || !isFixedShape(shape)) throw invalid(`state ${brief(name)} has shape ${brief(shape)}`);
      return [name, { shape, init: parseInitialiser(name, asObject(init, "init")) }];
    }),
  );
}

function parseInitialiser(name: string, json: JsonObject): Initialiser {
  const { kind, limit, value } = json;
  const numbers = kind === "uniform" ? { limit } : kind === "constant" ? { value } : {};
  const init = { kind, ...numbers };
  attempt("its state", () => requireInitialiser(name, init as Initialiser));
  return init as Initialiser;
}
