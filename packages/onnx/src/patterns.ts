/** Several nodes that ONNX has as one operator. */
import type { Node, Program } from "@isthmus/graph";
import { type Dialect, float, int, type Value } from "./graph-writer.ts";
import type { NodeWriter } from "./node-writer.ts";
import { countUses } from "./rewrite.ts";

export interface Pattern {
  /** Ids of the nodes that it reads. */
  readonly inputs: readonly number[];
  /** Ids of the nodes on the way, which nothing else reads. */
  readonly absorbed: readonly number[];
  write(write: NodeWriter): void;
}

type Find = (node: Node, at: (id: number) => Node, isOwn: (id: number) => boolean) => Pattern | undefined;

/** Whether ONNX has `standardise` as an operator: from operator set 17 on, and not in every runtime. */
export function hasLayerNorm({ opset, profile }: Dialect): boolean {
  return opset >= 17 && profile === "compact";
}

/** Patterns by the id of the node whose value they make. */
export function findPatterns(program: Program): ReadonlyMap<number, Pattern> {
  const uses = countUses(program);
  const at = (id: number) => program.nodes[id]!;
  const isOwn = (id: number) => uses[id] === 1;
  const found = program.nodes.map(
    (node) => [node.id, leakyRelu(node, at, isOwn) ?? layerNorm(node, at, isOwn)] as const,
  );
  return new Map(found.filter((entry): entry is [number, Pattern] => entry[1] !== undefined));
}

/** max(x, alpha x) with alpha in (0, 1). The attribute is always written: ONNX's default is 0.01, others' 0.2 or 0.3. */
const leakyRelu: Find = ({ op, inputs: [x, scaled] }, at, isOwn) => {
  if (op !== "maximum" || at(scaled!).op !== "mul" || !isOwn(scaled!)) return undefined;
  const [alpha, again] = ordered(at(scaled!).inputs, (id) => isScalar(at(id)));
  const value = isScalar(at(alpha)) ? (at(alpha).attributes["values"] as readonly number[])[0]! : 0;
  if (again !== x || !(value > 0 && value < 1)) return undefined;
  return {
    inputs: [x],
    absorbed: [scaled!],
    write: (write) => write.result("LeakyRelu", write.inputs, { alpha: float(value) }),
  };
};

/** standardise(x) scale + shift with vectors of the features. */
const layerNorm: Find = ({ op, shape, inputs: [scaled, shift] }, at, isOwn) => {
  if (op !== "add" || at(scaled!).op !== "mul" || !isOwn(scaled!)) return undefined;
  const [standardised, scale] = at(scaled!).inputs as [number, number];
  const isVector = (id: number) => at(id).shape.length === 1 && at(id).shape[0] === shape.at(-1);
  if (at(standardised).op !== "standardise" || !isOwn(standardised) || !isVector(scale) || !isVector(shift!)) {
    return undefined;
  }
  const epsilon = at(standardised).attributes["epsilon"] as number;
  return {
    inputs: [at(standardised).inputs[0]!, scale, shift!],
    absorbed: [standardised, scaled!],
    write: (write) => writeLayerNorm(write, write.inputs, epsilon),
  };
};

/** `inputs` are x, scale and shift. */
export function writeLayerNorm(write: NodeWriter, inputs: readonly Value[], epsilon: number): void {
  write.result("LayerNormalization", inputs, { axis: int(-1), epsilon: float(epsilon) });
}

function ordered(ids: readonly number[], isFirst: (id: number) => boolean): readonly [number, number] {
  const [a, b] = ids as [number, number];
  return isFirst(a) ? [a, b] : [b, a];
}

function isScalar({ op, shape }: Node): boolean {
  return op === "constant" && shape.length === 0;
}
