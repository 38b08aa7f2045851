import { elementCount, type GraphBuilder } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { invalid } from "../invalid.ts";
import type { OnnxGraph, OnnxModel, OnnxNode, Tensor, ValueInfo } from "../messages.ts";
import { aligned } from "./aligned.ts";
import { exactly, Scratch } from "./folding.ts";
import type { Flow, Value } from "./flow.ts";
import { hasBatch, type Known, knownTensor } from "./known.ts";
import { type Destination, NodeReader, refusal } from "./node-reader.ts";
import { isCostly, translationOf } from "./operators.ts";

/** Operator sets whose meaning is read here. */
const OLDEST = 1;
const NEWEST = 26;

/** Bounds on what one file may make, far above any network's need: so many numbers beside copies of those it holds. */
const LIMITS = { nodes: 200_000, operands: 4096, made: 2 ** 24, copies: 8 } as const;

/** How a graph is written from a file. */
export interface GraphImport {
  readonly model: OnnxModel;
  readonly destination: Destination;
  /** The file's values that are wanted. */
  readonly outputs: readonly string[];
  /** An input as the graph is to be fed it. */
  readonly bind: (input: ValueInfo) => Flow;
}

/**
 * Writes what the outputs need into a graph: in the order that nodes need each other, whatever theirs in the file.
 *
 * @throws IsthmusError `ONNX_INVALID`, `ONNX_OPERATION`, `ONNX_LIMIT`
 */
export function importGraph({ model, destination, outputs, bind }: GraphImport): Map<string, Value> {
  const version = operatorSet(model);
  const { graph } = model;
  const nodes = ordered(graph, outputs);
  requireKnownOperators(nodes);
  const context = { version, destination, wanted: new Set([...outputs, ...nodes.flatMap(({ inputs }) => inputs)]) };
  const values = new Sources(graph, bind);
  const spending = new Spending(destination.build, graph);
  for (const node of nodes) {
    if (node.inputs.length > LIMITS.operands) throw refusal(node, `has ${node.inputs.length} inputs`);
    if (version < 7) requireNoTraining(node);
    const sources = node.inputs.map((name) => (name === "" ? undefined : values.get(name)));
    const given = version < 7 ? aligned(node, sources, destination.build) : sources;
    const results = translated(node, given, context);
    results.forEach((value, i) => {
      if (node.outputs[i]) values.set(node.outputs[i], value);
    });
    spending.count(node, given, results);
  }
  return new Map(outputs.map((name) => [name, values.get(name)]));
}

/** The version of ONNX's own operators. */
function operatorSet({ operatorSets }: OnnxModel): number {
  const version = operatorSets.find(({ domain }) => domain === "" || domain === "ai.onnx")?.version;
  if (version !== undefined && version >= OLDEST && version <= NEWEST) return version;
  throw invalid(`operator set ai.onnx ${version ?? "(none)"} is not read; known: ${OLDEST} to ${NEWEST}`);
}

/** Before operator set 7 training was what nodes did unless told otherwise. */
function requireNoTraining(node: OnnxNode): void {
  const { is_test: isTest } = node.attributes;
  if (isTest && isTest.value !== 1) throw refusal(node, "is in training; operator set 7 took that back");
}

/** The nodes that the outputs need, each after those it reads. */
function ordered(graph: OnnxGraph, outputs: readonly string[]): OnnxNode[] {
  const makers = makersOf(graph);
  const order: OnnxNode[] = [];
  const state = new Map<OnnxNode, "open" | "done">();
  const stack = [...outputs].reverse().flatMap((name) => makers.get(name) ?? []);
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    if (state.has(node)) {
      stack.pop();
      if (state.get(node) === "open") order.push(node);
      state.set(node, "done");
      continue;
    }
    state.set(node, "open");
    for (const name of node.inputs) {
      const maker = makers.get(name);
      if (!maker || state.get(maker) === "done") continue;
      if (state.get(maker) === "open") throw cycle(maker);
      stack.push(maker);
    }
  }
  return order;
}

function cycle({ name, opType }: OnnxNode): IsthmusError {
  return invalid(`node ${name} (${opType}) needs its own output`, { node: name });
}

/** Value -> the node that makes it. */
function makersOf({ nodes, inputs, initialisers }: OnnxGraph): Map<string, OnnxNode> {
  const makers = new Map<string, OnnxNode>();
  const taken = new Set([...inputs, ...initialisers].map(({ name }) => name));
  for (const node of nodes) {
    for (const name of node.outputs.filter((output) => output !== "")) {
      if (makers.has(name) || taken.has(name)) throw invalid(`value "${name}" is made twice`, { value: name });
      makers.set(name, node);
    }
  }
  return makers;
}

/** Every operator that is not read, with the nodes that use it: one error for all. */
function requireKnownOperators(nodes: readonly OnnxNode[]): void {
  const unknown = new Map<string, string[]>();
  for (const { domain, opType, name, outputs } of nodes) {
    const isOwn = domain === "" || domain === "ai.onnx";
    if (isOwn && translationOf(opType)) continue;
    const title = isOwn ? opType : `${domain}.${opType}`;
    unknown.set(title, [...(unknown.get(title) ?? []), name || (outputs[0] ?? "")].slice(0, NAMED + 1));
  }
  if (unknown.size === 0) return;
  const operations = Object.fromEntries([...unknown].sort(([a], [b]) => (a < b ? -1 : 1)));
  const list = Object.entries(operations).map(([title, names]) => `${title} (${listed(names)})`);
  throw new IsthmusError("ONNX_OPERATION", `onnx: operators that are not read: ${listed(list)}`, { operations });
}

/** Most names that one line tells. */
const NAMED = 20;

function listed(names: readonly string[]): string {
  return [...names.slice(0, NAMED), ...(names.length > NAMED ? ["..."] : [])].join(", ");
}

/** The values of the file so far; inputs and initialisers when they are first asked for. */
class Sources {
  private readonly values = new Map<string, Value>();
  private readonly initialisers: ReadonlyMap<string, Tensor>;
  private readonly inputs: ReadonlyMap<string, ValueInfo>;
  private readonly bind: (input: ValueInfo) => Flow;

  constructor(graph: OnnxGraph, bind: (input: ValueInfo) => Flow) {
    this.initialisers = named(graph.initialisers);
    this.inputs = named(graph.inputs);
    this.bind = bind;
  }

  set(name: string, value: Value): void {
    this.values.set(name, value);
  }

  get(name: string): Value {
    const value = this.values.get(name) ?? this.source(name);
    this.values.set(name, value);
    return value;
  }

  private source(name: string): Value {
    const initialiser = this.initialisers.get(name);
    if (initialiser) return knownTensor(name, initialiser);
    const input = this.inputs.get(name);
    if (input) return this.bind(input);
    throw invalid(`value "${name}" is read, but nothing makes it`, { value: name });
  }
}

function named<T extends { readonly name: string }>(items: readonly T[]): Map<string, T> {
  const byName = new Map<string, T>();
  for (const item of items) {
    if (byName.has(item.name)) throw invalid(`value "${item.name}" is there twice`, { value: item.name });
    byName.set(item.name, item);
  }
  return byName;
}

type Given = readonly (Value | undefined)[];
type Context = ConstructorParameters<typeof NodeReader>[2];

/** What a node makes: at once where nothing of it depends on a run, else as nodes of the graph. */
function translated(node: OnnxNode, given: Given, context: Context): readonly Value[] {
  const translation = translationOf(node.opType)!;
  try {
    const read = new NodeReader(node, given, context);
    const exact = exactly(read);
    if (exact) return [exact];
    if (!given.every(isSettled) || isCostly.has(node.opType)) return [translation(read)].flat();
    const scratch = new Scratch();
    const alone = new NodeReader(node, given, { ...context, destination: scratch });
    return scratch.computed([translation(alone)].flat(), node.outputs);
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) {
      throw refusal(node, `cannot be written into the graph: ${error.message}`, error);
    }
    throw error;
  }
}

/** Whether no run changes the value, nor the size of its batch. */
function isSettled(value: Value | undefined): boolean {
  return value === undefined || (value.kind === "known" && !hasBatch(value));
}

/** What importing has cost so far, so that a small file cannot make a large model. */
class Spending {
  private readonly build: GraphBuilder;
  private readonly most: number;
  private made = 0;

  constructor(build: GraphBuilder, { initialisers }: OnnxGraph) {
    this.build = build;
    this.most = LIMITS.made + LIMITS.copies * initialisers.reduce((sum, { data }) => sum + data.length, 0);
  }

  count(node: OnnxNode, given: Given, results: readonly Value[]): void {
    const isNew = (value: Value): value is Known =>
      value.kind === "known" && !given.some((operand) => operand?.kind === "known" && operand.data === value.data);
    for (const value of results.filter(isNew)) this.made += elementCount(value.shape);
    if (this.made > this.most) throw limit(node, `constants of ${this.made} elements`);
    if (this.build.nodes.length > LIMITS.nodes) throw limit(node, `${this.build.nodes.length} operations`);
  }
}

function limit({ name, opType }: OnnxNode, what: string): IsthmusError {
  return new IsthmusError("ONNX_LIMIT", `onnx: at node ${name} (${opType}) the file has made ${what}`, { node: name });
}
