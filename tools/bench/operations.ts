import type { GraphBuilder, Node } from "@isthmus/graph";
import type * as tfjs from "@tensorflow/tfjs-core";

type Tensor = tfjs.Tensor2D;

/** What an operation is given: `rows` x `columns` numbers evenly in [low, high). */
export interface Operand {
  readonly rows: number;
  readonly columns: number;
  readonly low: number;
  readonly high: number;
  /** Cut down to whole numbers, one a row. */
  readonly ids?: true;
}

/** One operation, as each of us writes it. */
export interface OperationCase {
  readonly name: string;
  /** One or two. */
  readonly operands: readonly Operand[];
  /** Read and written. */
  readonly bytes: number;
  readonly isthmus: (build: GraphBuilder, x: Node, y: Node) => Node;
  readonly tfjs: (tf: typeof tfjs, x: Tensor, y: Tensor) => tfjs.Tensor;
  /** An expression of `x`, `y`, `torch` and `F`. */
  readonly python: string;
}

type Ways = Pick<OperationCase, "isthmus" | "tfjs" | "python">;

const SIDE = 1024;
const matrix: Operand = { rows: SIDE, columns: SIDE, low: -3, high: 3 };
const positive: Operand = { ...matrix, low: 0.01, high: 4 };
const row: Operand = { ...matrix, rows: 1 };
const column: Operand = { ...matrix, columns: 1 };
const chances: Operand = { ...matrix, low: 0, high: 1 };
const ids: Operand = { rows: SIDE, columns: 1, low: 0, high: 1009, ids: true };

const elements = ({ rows, columns }: Operand): number => rows * columns;

function entry(name: string, operands: readonly Operand[], results: number, ways: Ways): OperationCase {
  const bytes = 4 * (operands.reduce((sum, one) => sum + elements(one), 0) + results);
  return { name, operands, bytes, ...ways };
}

type IsthmusWay = Ways["isthmus"];
type TfjsWay = Ways["tfjs"];

/** A matrix to a matrix. */
const unary = (name: string, isthmus: IsthmusWay, tf: TfjsWay, python: string, x: Operand = matrix): OperationCase =>
  entry(name, [x], elements(x), { isthmus, tfjs: tf, python });

/** A matrix and another operand to a matrix. */
const binary = (name: string, y: Operand, isthmus: IsthmusWay, tf: TfjsWay, python: string): OperationCase =>
  entry(name, [matrix, y], elements(matrix), { isthmus, tfjs: tf, python });

/** A matrix to `results` numbers, of one sign so that nothing cancels. */
const reduction = (name: string, results: number, isthmus: IsthmusWay, tf: TfjsWay, python: string): OperationCase =>
  entry(name, [positive], results, { isthmus, tfjs: tf, python });

/** With mean 0 and variance 1 along an axis. */
function standardised(build: GraphBuilder, x: Node, axis: number): Node {
  const options = { axes: [axis], keepDims: true };
  const centred = build.sub(x, build.mean(x, options));
  const variance = build.mean(build.square(centred), options);
  return build.div(centred, build.sqrt(build.add(variance, build.scalar(1e-5))));
}

function standardisedInTfjs(tf: typeof tfjs, x: Tensor, axis: number): tfjs.Tensor {
  const { mean, variance } = tf.moments(x, axis, true);
  return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
}

/** One line an operation. */
// prettier-ignore
export const operations: readonly OperationCase[] = [
  unary("relu", (b, x) => b.relu(x), (tf, x) => tf.relu(x), "torch.relu(x)"),
  unary("square", (b, x) => b.square(x), (tf, x) => tf.square(x), "torch.square(x)"),
  unary("sqrt", (b, x) => b.sqrt(x), (tf, x) => tf.sqrt(x), "torch.sqrt(x)", positive),
  unary("exp", (b, x) => b.exp(x), (tf, x) => tf.exp(x), "torch.exp(x)"),
  unary("log", (b, x) => b.log(x), (tf, x) => tf.log(x), "torch.log(x)", positive),
  unary("tanh", (b, x) => b.tanh(x), (tf, x) => tf.tanh(x), "torch.tanh(x)"),
  unary("sigmoid", (b, x) => b.sigmoid(x), (tf, x) => tf.sigmoid(x), "torch.sigmoid(x)"),
  unary("softplus", (b, x) => b.softplus(x), (tf, x) => tf.softplus(x), "F.softplus(x)"),
  binary("add", matrix, (b, x, y) => b.add(x, y), (tf, x, y) => tf.add(x, y), "x + y"),
  binary("mul", matrix, (b, x, y) => b.mul(x, y), (tf, x, y) => tf.mul(x, y), "x * y"),
  binary("add a row", row, (b, x, y) => b.add(x, y), (tf, x, y) => tf.add(x, y), "x + y"),
  binary("mul by a column", column, (b, x, y) => b.mul(x, y), (tf, x, y) => tf.mul(x, y), "x * y"),
  binary("maximum", matrix, (b, x, y) => b.maximum(x, y), (tf, x, y) => tf.maximum(x, y), "torch.maximum(x, y)"),
  binary("greater", matrix, (b, x, y) => b.greater(x, y), (tf, x, y) => tf.cast(tf.greater(x, y), "float32"), "(x > y).float()"),
  unary("transpose", (b, x) => b.transpose(x, [1, 0]), (tf, x) => tf.transpose(x), "x.t().contiguous()"),
  unary("erf", (b, x) => b.erf(x), (tf, x) => tf.erf(x), "torch.erf(x)"),
  unary("softmax", (b, x) => b.softmax(x), (tf, x) => tf.softmax(x), "torch.softmax(x, 1)"),
  unary("log-softmax", (b, x) => b.logSoftmax(x), (tf, x) => tf.logSoftmax(x), "torch.log_softmax(x, 1)"),
  unary("standardise rows", (b, x) => b.standardise(x, 1e-5), (tf, x) => standardisedInTfjs(tf, x, 1), "F.layer_norm(x, (1024,))"),
  unary("standardise columns", (b, x) => standardised(b, x, 0), (tf, x) => standardisedInTfjs(tf, x, 0), "F.batch_norm(x, None, None, training=True)"),
  binary("sigmoid cross-entropy", chances, (b, x, y) => b.sigmoidCrossEntropy(x, y), (tf, x, y) => tf.losses.sigmoidCrossEntropy(y, x, undefined, undefined, tf.Reduction.NONE), "F.binary_cross_entropy_with_logits(x, y, reduction='none')"),
  entry("softmax cross-entropy", [matrix, chances], SIDE, { isthmus: (b, x, y) => b.softmaxCrossEntropy(x, y), tfjs: (tf, x, y) => tf.losses.softmaxCrossEntropy(y, x, undefined, undefined, tf.Reduction.NONE), python: "F.cross_entropy(x, y, reduction='none')" }),
  entry("concatenate columns", [matrix, positive], 2 * SIDE * SIDE, { isthmus: (b, x, y) => b.concat([x, y], 1), tfjs: (tf, x, y) => tf.concat([x, y], 1), python: "torch.cat([x, y], 1)" }),
  entry("gather rows", [matrix, ids], SIDE * SIDE, { isthmus: (b, x, y) => b.gather(x, y), tfjs: (tf, x, y) => tf.gather(x, tf.reshape(y, [SIDE])), python: "x[y]" }),
  entry("scatter-add rows", [matrix, ids], SIDE * SIDE, { isthmus: (b, x, y) => b.scatterAdd(x, y, SIDE), tfjs: (tf, x, y) => tf.unsortedSegmentSum(x, tf.reshape(y, [SIDE]), SIDE), python: "torch.zeros(1024, 1024).index_add_(0, y, x)" }),
  reduction("sum of rows", SIDE, (b, x) => b.sum(x, { axes: [1] }), (tf, x) => tf.sum(x, 1), "x.sum(1)"),
  reduction("sum of columns", SIDE, (b, x) => b.sum(x, { axes: [0] }), (tf, x) => tf.sum(x, 0), "x.sum(0)"),
  reduction("sum of all", 1, (b, x) => b.sum(x), (tf, x) => tf.sum(x), "x.sum()"),
  reduction("max of rows", SIDE, (b, x) => b.max(x, { axes: [1] }), (tf, x) => tf.max(x, 1), "x.amax(1)"),
  reduction("max of columns", SIDE, (b, x) => b.max(x, { axes: [0] }), (tf, x) => tf.max(x, 0), "x.amax(0)"),
];

/** @throws Error for a name that is not in the list */
export function operationCase(name: string): OperationCase {
  const found = operations.find((one) => one.name === name);
  if (!found) throw new Error(`no operation "${name}"`);
  return found;
}
