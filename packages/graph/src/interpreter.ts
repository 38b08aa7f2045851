import { type NdArray, ndArrayOps, randomNormal, randomUniform } from "@isthmus/math";
import type { HostArray } from "./engine.ts";
import type { Node, Program } from "./ir.ts";
import { operationNamed } from "./operations/index.ts";
import { concreteShape, elementCount } from "./shape.ts";

export interface InterpreterInputs {
  readonly inputs: Readonly<Record<string, HostArray | Float64Array>>;
  readonly state: Readonly<Record<string, Float32Array | Float64Array>>;
  readonly batch: number;
}

/** Every value of a program, by node id, in float64. The plainest reader of graphs and the oracle for the others. */
export function interpretNodes(program: Program, given: InterpreterInputs): readonly NdArray[] {
  const values: NdArray[] = [];
  for (const node of program.nodes) {
    const inputs = node.inputs.map((id) => values[id] as NdArray);
    values.push(evaluate(node, inputs, given));
  }
  return values;
}

/** Outputs and next state of a program in float64. */
export function interpret(
  program: Program,
  given: InterpreterInputs,
): { outputs: Record<string, NdArray>; updates: Record<string, NdArray>; committed: boolean } {
  const values = interpretNodes(program, given);
  const pick = (ids: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, values[id] as NdArray]));
  const committed = program.guard === undefined || Number.isFinite((values[program.guard] as NdArray).data[0]);
  return { outputs: pick(program.outputs), updates: pick(program.updates), committed };
}

function evaluate(node: Node, inputs: readonly NdArray[], given: InterpreterInputs): NdArray {
  const operation = operationNamed(node.op);
  if (operation.tier === "leaf") return leafValue(node, inputs, given);
  if (operation.tier === "primitive") return operation.reference(inputs, node, given);
  return operation.expand(ndArrayOps, inputs, node.attributes);
}

function leafValue(node: Node, inputs: readonly NdArray[], given: InterpreterInputs): NdArray {
  const { attributes } = node;
  const shape = concreteShape(node.shape, given.batch);
  const filled = (data: ArrayLike<number>): NdArray => ({ shape, data: Float64Array.from(data) });
  switch (node.op) {
    case "input":
      return filled(given.inputs[attributes["name"] as string] as HostArray);
    case "state":
      return filled(given.state[attributes["name"] as string] as Float32Array);
    case "constant":
      return filled(attributes["values"] as readonly number[]);
    case "batchSize":
      return filled([given.batch]);
    case "randomUniform":
    case "randomNormal":
      return filled(noise(node, inputs, elementCount(shape)));
    default:
      throw new RangeError(`interpreter: leaf "${node.op}" has no float64 reference`);
  }
}

function noise(node: Node, [seed, step]: readonly NdArray[], count: number): Float32Array {
  const draw = node.op === "randomNormal" ? randomNormal : randomUniform;
  const out = new Float32Array(count);
  draw(out, { seed: words(seed as NdArray), stream: node.attributes["stream"] as string, step: integer(step as NdArray) });
  return out;
}

/** Two i32 words as unsigned [low, high]. */
function words({ data }: NdArray): readonly [number, number] {
  return [(data[0] as number) >>> 0, (data[1] as number) >>> 0];
}

function integer(array: NdArray): number {
  const [low, high] = words(array);
  return high * 2 ** 32 + low;
}
