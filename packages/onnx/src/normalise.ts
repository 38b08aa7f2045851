import {
  type GraphBuilder,
  type JsonObject,
  type Node,
  operationNamed,
  type Program,
  sameShape,
  type Shape,
} from "@isthmus/graph";
import { elementwise } from "./image-layout.ts";
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

function reshaped(build: GraphBuilder, node: Node, x: Node, options: NormaliseOptions): Node {
  const shape = fixedShape(node.shape, options);
  const before = beforeReshape(build, x, shape);
  if (before) return before;
  const from = x.op === "reshape" ? build.inputsOf(x)[0]! : x;
  return build.emit("reshape", [from], { shape }, node.name);
}

/** What `x` was before it got another shape than `shape`, with the elementwise operations since; undefined when it never had it. */
function beforeReshape(build: GraphBuilder, x: Node, shape: Shape): Node | undefined {
  if (sameShape(x.shape, shape)) return x;
  const inputs = build.inputsOf(x);
  if (x.op === "reshape") return beforeReshape(build, inputs[0]!, shape);
  if (!elementwise.has(x.op)) return undefined;
  const before = inputs.map((input) => (input.shape.length === 0 ? input : beforeReshape(build, input, shape)));
  const isWhole = before.every((input) => input !== undefined);
  return isWhole ? build.emit(x.op, before as Node[], x.attributes, x.name) : undefined;
}

function withBatch(attributes: JsonObject, options: NormaliseOptions): JsonObject {
  const shape = attributes["shape"] as Shape | undefined;
  return options.batch === undefined || !shape ? attributes : { ...attributes, shape: fixedShape(shape, options) };
}

function fixedShape(shape: Shape, { batch }: NormaliseOptions): Shape {
  return batch === undefined ? shape : shape.map((dim) => (dim === "batch" ? batch : dim));
}
