import {
  type GraphBuilder,
  type JsonObject,
  type Node,
  operationNamed,
  type Program,
  sameShape,
  type Shape,
} from "@isthmus/graph";
import { rewrite } from "./rewrite.ts";

export interface NormaliseOptions {
  /** Composites that are written as they are. */
  readonly isWhole: (op: string) => boolean;
  /** A fixed size in the place of the batch. */
  readonly batch: number | undefined;
}

/** Operations whose value is their first input; what they mean concerns differentiation only. */
const passThrough: ReadonlySet<string> = new Set(["stopGradient", "straightThrough"]);

/**
 * The same function in what can be written: composites expanded unless ONNX has them, pass-through operations gone, one
 * reshape where there were several, and with them everything that no output needs. On request the batch is a number.
 */
export function normalise(program: Program, options: NormaliseOptions): Program {
  const isExpanded = (op: string) => operationNamed(op).tier === "composite" && !options.isWhole(op);
  const rewritten = rewrite(program, (build, node, inputs) => {
    if (passThrough.has(node.op)) return inputs[0]!;
    if (node.op === "reshape") return reshaped(build, node, inputs[0]!, options);
    if (node.op === "batchSize" && options.batch !== undefined) return build.scalar(options.batch);
    const operation = operationNamed(node.op);
    if (operation.tier === "composite" && isExpanded(node.op)) return operation.expand(build, inputs, node.attributes);
    return node.op === "state"
      ? undefined
      : build.emit(node.op, inputs, withBatch(node.attributes, options), node.name);
  });
  return rewritten.nodes.some(({ op }) => isExpanded(op) || passThrough.has(op))
    ? normalise(rewritten, options)
    : rewritten;
}

/** Of a value that was itself only reshaped, a reshape of what it was before. */
function reshaped(build: GraphBuilder, node: Node, input: Node, options: NormaliseOptions): Node {
  const from = input.op === "reshape" ? build.inputsOf(input)[0]! : input;
  const shape = fixedShape(node.shape, options);
  return sameShape(from.shape, shape) ? from : build.emit("reshape", [from], { shape }, node.name);
}

function withBatch(attributes: JsonObject, options: NormaliseOptions): JsonObject {
  const shape = attributes["shape"] as Shape | undefined;
  return options.batch === undefined || !shape ? attributes : { ...attributes, shape: fixedShape(shape, options) };
}

function fixedShape(shape: Shape, { batch }: NormaliseOptions): Shape {
  return batch === undefined ? shape : shape.map((dim) => (dim === "batch" ? batch : dim));
}
