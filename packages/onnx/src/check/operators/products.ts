import type { OnnxDim } from "../../messages.ts";
import { wide } from "../element-types.ts";
import { mayEqual, shapeText } from "../fact.ts";
import type { Dims, NodeFacts, Outcome } from "../node-facts.ts";
import { operator, type Operators } from "../operator.ts";
import { broadcast } from "./elementwise.ts";

function gemm(facts: NodeFacts): readonly Outcome[] {
  const [transA, transB] = [facts.flag("transA", 0), facts.flag("transB", 0)];
  facts.requireRank(0, 2);
  facts.requireRank(1, 2);
  const [a, b, c] = [turned(facts.shape(0), transA), turned(facts.shape(1), transB), facts.shape(2)];
  if (!a || !b) return [];
  requireInner(facts, a, b);
  const shape = [a[0]!, b[1]!];
  const sum = c && broadcast(shape, c);
  if (c && (c.length > 2 || !sum || !sum.every((dim, axis) => mayEqual(dim, shape[axis]!)))) {
    facts.fail(`adds ${shapeText(c)} to a product of shape ${shapeText(shape)}`);
  }
  return [{ shape }];
}

const turned = (shape: Dims | undefined, isTurned: boolean): Dims | undefined =>
  isTurned ? shape?.toReversed() : shape;

function requireInner(facts: NodeFacts, a: Dims, b: Dims): void {
  const rows = b.length > 1 ? b.at(-2)! : b[0]!;
  if (mayEqual(a.at(-1)!, rows)) return;
  facts.fail(`multiplies ${shapeText(a)} by ${shapeText(b)}: ${a.at(-1)} columns meet ${rows} rows`);
}

/** As NumPy multiplies: the last two axes are the matrices', a vector is a row on the left and a column on the right. */
function matmul(facts: NodeFacts): readonly Outcome[] {
  facts.requireAtLeast(0, 1);
  facts.requireAtLeast(1, 1);
  const [a, b] = [facts.shape(0), facts.shape(1)];
  if (!a || !b) return [];
  requireInner(facts, a, b);
  const stack =
    broadcast(a.slice(0, -2), b.slice(0, -2)) ?? facts.fail(`has inputs of shapes ${shapeText(a)} and ${shapeText(b)}`);
  const rows: OnnxDim[] = a.length > 1 ? [a.at(-2)!] : [];
  const columns: OnnxDim[] = b.length > 1 ? [b.at(-1)!] : [];
  return [{ shape: [...stack, ...rows, ...columns] }];
}

const factors = { alpha: "float", beta: "float", transA: "int", transB: "int" } as const;

export const products: Operators = {
  Gemm: operator({ inputs: ["T", "T", "T?"], outputs: ["T"], types: { T: wide }, attributes: factors }, gemm),
  MatMul: operator({ inputs: ["T", "T"], outputs: ["T"], types: { T: wide } }, matmul),
};
