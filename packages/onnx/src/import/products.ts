import { type Dim, elementCount, type Node } from "@isthmus/graph";
import { FLOAT } from "../data-types.ts";
import { type Flow, flow, shapeOf, unfolded, type Value } from "./flow.ts";
import { type Known, reshapeKnown, transposeKnown } from "./known.ts";
import type { NodeReader } from "./node-reader.ts";
import type { Translations } from "./translations.ts";

/** More products of matrices than this are refused: each becomes a node of the graph. */
const PRODUCTS = 256;

/** Most elements, of one item, that a stack of products of computed matrices is spread out to. */
const SPREAD = 2 ** 20;

/** A matrix as the graph's product reads it: perhaps transposed, which costs nothing. */
interface Matrix {
  readonly node: Node;
  readonly transposed: boolean;
}

function matrix(read: NodeReader, value: Value, transposed: boolean): Matrix {
  if (shapeOf(value).length !== 2) read.refuse(`multiplies [${shapeOf(value).join(", ")}], which is no matrix`);
  if (value.kind === "known") {
    return { node: read.place(transposed ? transposeKnown(value, [1, 0]) : value), transposed: false };
  }
  const { node, order } = unfolded(read.build, read.asFlow(value));
  return { node, transposed: transposed !== (order[0] === 1) };
}

/** Rows whose columns the graph has in another order than the file: the weights' rows take that order. */
function turnedWeights(weights: Known, { folded }: Flow): Known {
  const { sizes, permutation } = folded!;
  const [, columns] = weights.shape as readonly [number, number];
  const apart = reshapeKnown(weights, [...sizes, columns]);
  const turned = transposeKnown(apart, [...permutation, sizes.length]);
  return reshapeKnown(turned, weights.shape);
}

function product(read: NodeReader, a: Value, b: Value, transposeA = false, transposeB = false): Node {
  requireFloat(read, a);
  requireFloat(read, b);
  if (a.kind === "flow" && a.folded && !transposeA && b.kind === "known" && b.shape.length === 2) {
    const weights = transposeB ? transposeKnown(b, [1, 0]) : b;
    if (weights.shape[0] === a.node.shape[1]) {
      return read.build.matmul(read.asFlow(a).node, read.place(turnedWeights(weights, a)));
    }
  }
  const [left, right] = [matrix(read, a, transposeA), matrix(read, b, transposeB)];
  const transposes = { transposeA: left.transposed, transposeB: right.transposed };
  return read.build.matmul(left.node, right.node, transposes);
}

function requireFloat(read: NodeReader, value: Value): void {
  if (read.isInteger(value)) read.refuse("computes with integers, which the graph only has as ids");
}

/** alpha A B + beta C. */
function gemm(read: NodeReader): Flow {
  const { build } = read;
  const isSet = (name: string) => read.int(name, 0) !== 0;
  const plainProduct = product(read, read.value(0), read.value(1), isSet("transA"), isSet("transB"));
  const y = build.mul(plainProduct, build.scalar(read.float("alpha", 1)));
  const beta = read.float("beta", 1);
  if (!read.given[2] || beta === 0) return flow(y, FLOAT);
  const bias = read.together([flow(y, FLOAT), read.value(2)]).nodes[1]!;
  return flow(build.add(y, build.mul(bias, build.scalar(beta))), FLOAT);
}

/** As NumPy: matrices in the last two axes, the others broadcast; a vector is a row on the left, a column on the right. */
function matmul(read: NodeReader): Flow {
  const [a, b] = [read.value(0), read.value(1)];
  const [left, right] = [shapeOf(a), shapeOf(b)];
  if (left.length === 0 || right.length === 0) read.refuse("multiplies a number");
  if (left.length === 2 && right.length === 2) return flow(product(read, a, b), FLOAT);
  requireFloat(read, a);
  requireFloat(read, b);
  const { build } = read;
  const wide = (value: Value, isColumn: boolean): Node => {
    const node = read.plain(read.asFlow(value));
    return node.shape.length === 1 ? build.expandDims(node, isColumn ? 1 : 0) : node;
  };
  const y = stacked(read, wide(a, false), wide(b, true));
  const vectors = [left.length === 1 ? y.shape.length - 2 : -1, right.length === 1 ? y.shape.length - 1 : -1];
  return flow(
    build.reshape(
      y,
      y.shape.filter((_, axis) => !vectors.includes(axis)),
    ),
    FLOAT,
  );
}

/** Products of matrices in stacks of equal or broadcast shape. */
function stacked(read: NodeReader, a: Node, b: Node): Node {
  const { build } = read;
  const [m, k] = a.shape.slice(-2) as [Dim, Dim];
  const n = b.shape.at(-1) as Dim;
  const stack = a.shape.slice(0, -2);
  const isShared = b.shape.length === 2;
  if (isShared && !stack.includes("batch") && m !== "batch") {
    const rows = stack.reduce<number>((count, dim) => count * (dim as number), m);
    return build.reshape(build.matmul(build.reshape(a, [rows, k]), b), [...stack, m, n]);
  }
  if (isShared && stack.length === 1 && stack[0] === "batch" && m !== "batch" && m <= PRODUCTS) {
    return eachRow(read, a, b, m);
  }
  return spread(read, a, b);
}

/** [batch, m, k] times [k, n]: a product for each of the m. */
function eachRow({ build }: NodeReader, a: Node, b: Node, m: number): Node {
  const rows = Array.from({ length: m }, (_, i) => {
    const row = build.reshape(build.slice(a, { axis: 1, begin: i, end: i + 1 }), ["batch", a.shape[2]!]);
    return build.expandDims(build.matmul(row, b), 1);
  });
  return rows.length === 1 ? rows[0]! : build.concat(rows, 1);
}

/** Sums of products along an axis of their own: for small matrices that are both computed. */
function spread(read: NodeReader, a: Node, b: Node): Node {
  const { build } = read;
  const products = build.mul(build.expandDims(a, -1), build.expandDims(b, b.shape.length - 2));
  const count = elementCount(products.shape);
  if (count > SPREAD) read.refuse(`multiplies stacks of matrices with ${count} products of numbers per item`);
  return build.sum(products, { axes: [-2] });
}

export const products: Translations = { Gemm: gemm, MatMul: matmul };
