import { type NdArray, ndArrayOps, randomNormal, randomUniform } from "@isthmus/math";
import type { HostArray } from "./engine.ts";
import type { Node, Program } from "./ir.ts";
import { operationNamed } from "./operations/index.ts";
import { concreteShape, elementCount, formatShape } from "./shape.ts";

export interface InterpreterInputs {
  readonly inputs: Readonly<Record<string, HostArray | Float64Array>>;
  readonly state: Readonly<Record<string, Float32Array | Float64Array>>;
  readonly batch: number;
}

/**
 * Every value of a program, by node id, in float64. The plainest reader of graphs and the oracle for the others.
 *
 * @throws TypeError a missing input or state tensor; RangeError one of another length than its shape and `batch` say
 */
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
      return filled(fed(node, given.inputs, shape));
    case "state":
      return filled(fed(node, given.state, shape));
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

/** The values for an input or a state tensor. */
function fed(
  node: Node,
  values: Readonly<Record<string, ArrayLike<number>>>,
  shape: readonly number[],
): ArrayLike<number> {
  const name = node.attributes["name"] as string;
  const found = Object.hasOwn(values, name) ? values[name] : undefined;
  if (!found) throw new TypeError(`interpret: ${node.op} "${name}" is missing`);
  if (found.length !== elementCount(shape)) {
    throw new RangeError(`interpret: ${node.op} "${name}" expected ${formatShape(shape)}, got ${found.length} values`);
  }
  return found;
}

function noise(node: Node, [seed, step]: readonly NdArray[], count: number): Float32Array {
  const draw = node.op === "randomNormal" ? randomNormal : randomUniform;
  const out = new Float32Array(count);
  draw(out, {
    seed: words(seed as NdArray),
    stream: node.attributes["stream"] as string,
    step: integer(step as NdArray),
  });
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
