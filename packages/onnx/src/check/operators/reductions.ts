import { BOOL, INT64 } from "../../data-types.ts";
import { floatsAndBrain, wide } from "../element-types.ts";
import type { Dims, NodeFacts, Outcome } from "../node-facts.ts";
import { type Form, operator, type Operator, type Operators } from "../operator.ts";

/** Without axes, all of them. */
function reduce(facts: NodeFacts): readonly Outcome[] {
  const keeps = facts.flag("keepdims", 1);
  const x = facts.shape(0);
  if (!x) return [];
  const given = facts.has(1) || facts.ints("axes") !== undefined;
  const named = facts.ints("axes") ?? facts.numbers(1);
  if (given && !named) return [keeps ? { shape: x.map(() => null) } : {}];
  if (!named?.length && facts.flag("noop_with_empty_axes", 0)) return [{ shape: x }];
  const axes = named?.length ? facts.axes(named, x.length) : x.map((_, axis) => axis);
  return [{ shape: without(x, axes, keeps) }];
}

function without(x: Dims, axes: readonly number[], keeps: boolean): Dims {
  if (keeps) return x.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return x.filter((_, axis) => !axes.includes(axis));
}

const listing = (types: readonly number[], since: number): Form => ({
  since,
  inputs: ["T", "I?"],
  outputs: ["T"],
  types: { T: types, I: [INT64] },
  attributes: { keepdims: "int", noop_with_empty_axes: "int" },
});

const naming = (types: readonly number[]): Form => ({
  inputs: ["T"],
  outputs: ["T"],
  types: { T: types },
  attributes: { axes: "ints", keepdims: "int" },
});

/** The axes are an input since operator set 18. */
const reduction = (types: readonly number[] = wide): Operator => operator([listing(types, 18), naming(types)], reduce);

const extremes = [...wide, 2, 3];
const extreme = operator([listing([...extremes, BOOL], 20), listing(extremes, 18), naming(extremes)], reduce);

function along(facts: NodeFacts): readonly Outcome[] {
  const shape = facts.shape(0);
  if (shape) facts.axis(facts.int("axis", -1), shape.length);
  return [{ shape }];
}

const softmax = operator(
  { inputs: ["T"], outputs: ["T"], types: { T: floatsAndBrain }, attributes: { axis: "int" } },
  along,
);

export const reductions: Operators = {
  LogSoftmax: softmax,
  ReduceL1: reduction(),
  ReduceL2: reduction(),
  ReduceLogSum: reduction(),
  ReduceLogSumExp: reduction(),
  ReduceMax: extreme,
  ReduceMean: reduction(),
  ReduceMin: extreme,
  ReduceProd: reduction(),
  ReduceSum: operator(listing(wide, 0), reduce),
  ReduceSumSquare: reduction(),
  Softmax: softmax,
};
