import { GraphBuilder, include, type Node, type Program, type StoredTensor } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";

/** A program and what it reads, as a model file keeps them: the encoder of a model, say. */
export interface Network {
  readonly program: Program;
  readonly parameters: Readonly<Record<string, StoredTensor>>;
}

/** The part of a program that makes these outputs. The same program and names give the same node ids. */
export function partOf(program: Program, outputs: readonly string[]): Program {
  const build = new GraphBuilder();
  const nodes = include(build, program);
  const wanted = outputs.map((name) => {
    const id = Object.hasOwn(program.outputs, name) ? program.outputs[name] : undefined;
    if (id !== undefined) return [name, nodes[id]!] as const;
    throw new RangeError(`"outputs" expected some of ${Object.keys(program.outputs).join(", ")}, got "${name}"`);
  });
  if (wanted.length === 0) throw new RangeError(`"outputs" expected at least one output`);
  return build.program({ outputs: Object.fromEntries(wanted) });
}

/** The name of a program's input. Throws `RangeError` unless there is one. */
export function onlyInput({ inputs }: Program): string {
  const [name, ...others] = Object.keys(inputs);
  if (name !== undefined && others.length === 0) return name;
  throw new RangeError(`"network" expected one input, got ${Object.keys(inputs).join(", ") || "none"}`);
}

/** The float32 values of a state tensor. */
export function parameterOf({ parameters }: Pick<Network, "parameters">, name: string): Float32Array {
  const data = parameters[name]?.data;
  if (data instanceof Float32Array) return data;
  throw new RangeError(`"parameters" has no float32 tensor "${name}"`);
}

/** For people: the node's own name, or its operation and number. */
function labelOf(node: Node): string {
  return node.name ?? `${node.op}#${node.id}`;
}

/** What to throw at a node that has no form in integers, or in floats on devices. */
export function refused(node: Node, reason: string, form: "integers" | "floats" = "integers"): IsthmusError {
  const message = `"${labelOf(node)}" (${node.op}) has no form in ${form}: ${reason}`;
  return new IsthmusError("DEPLOY_OPERATION", message, { operation: node.op, node: labelOf(node) });
}
