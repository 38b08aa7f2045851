import type { OnnxDim } from "../../messages.ts";
import { INT64 } from "../../data-types.ts";
import { anything } from "../element-types.ts";
import { merged, mayEqual, shapeText } from "../fact.ts";
import type { Dims, NodeFacts, Outcome } from "../node-facts.ts";
import { type Form, narrower, operator, type Operators, widening } from "../operator.ts";
import { broadcast } from "./elementwise.ts";

/** How many elements: a number times sizes that only have names; undefined where a size is unknown. */
interface Count {
  readonly known: number;
  readonly named: readonly string[];
}

function countOf(shape: Dims): Count | undefined {
  if (shape.includes(null)) return undefined;
  const known = shape.reduce<number>((product, dim) => (typeof dim === "number" ? product * dim : product), 1);
  return { known, named: shape.filter((dim) => typeof dim === "string").toSorted() };
}

/** What one axis must be so that the others make up the whole; null where that depends on the run. */
function remaining(whole: Count, others: Count): OnnxDim | undefined {
  const left = [...whole.named];
  for (const name of others.named) {
    const at = left.indexOf(name);
    if (at < 0) return null;
    left.splice(at, 1);
  }
  if (left.length === 1 && whole.known === others.known) return left[0]!;
  if (left.length > 0 || others.known === 0) return null;
  const rest = whole.known / others.known;
  return Number.isInteger(rest) ? rest : undefined;
}

/** The shape asked for, with the axis that is left open. */
function filledIn(facts: NodeFacts, from: Dims, asked: Dims): Dims {
  const open = asked.indexOf(-1);
  const rest = open < 0 ? asked : asked.toSpliced(open, 1);
  if (rest.some((dim) => typeof dim === "number" && dim < 0)) facts.fail(`asks for the shape ${shapeText(asked)}`);
  const [whole, others] = [countOf(from), countOf(rest)];
  if (!whole || !others) return open < 0 ? asked : asked.with(open, null);
  const left = remaining(whole, others);
  const fits = left !== undefined && (open >= 0 || left === null || left === 1 || typeof left === "string");
  if (!fits) facts.fail(`makes ${shapeText(asked)} of ${shapeText(from)}`);
  return open < 0 ? asked : asked.with(open, left);
}

function reshape(facts: NodeFacts): readonly Outcome[] {
  const [from, asked] = [facts.shape(0), facts.values(1)];
  facts.requireRank(1, 1);
  if (!asked) return ranked(facts.shape(1)?.[0]);
  const keepsZero = !facts.flag("allowzero", 0);
  const wanted = asked.map((dim, axis) => {
    if (dim !== 0 || !keepsZero) return dim;
    if (from && axis >= from.length) facts.fail(`keeps axis ${axis} of ${shapeText(from)}`);
    return from ? from[axis]! : null;
  });
  const shape = from ? filledIn(facts, from, wanted) : wanted.map((dim) => (dim === -1 ? null : dim));
  return [{ shape, values: shape.length <= 1 ? facts.values(0) : undefined }];
}

/** As many axes as a vector of sizes has elements. */
function ranked(count: OnnxDim | undefined): readonly Outcome[] {
  return typeof count === "number" ? [{ shape: new Array<null>(count).fill(null) }] : [];
}

function flatten(facts: NodeFacts): readonly Outcome[] {
  const x = facts.shape(0);
  if (!x) return [{ shape: [null, null] }];
  const given = facts.int("axis", 1);
  const axis = given === x.length ? given : facts.axis(given, x.length);
  return [{ shape: [joined(x.slice(0, axis)), joined(x.slice(axis))] }];
}

function joined(part: Dims): OnnxDim {
  const count = countOf(part);
  if (!count || count.named.length > 1 || (count.named.length === 1 && count.known !== 1)) return null;
  return count.named[0] ?? count.known;
}

function transpose(facts: NodeFacts): readonly Outcome[] {
  const x = facts.shape(0);
  if (!x) return [];
  const order = facts.ints("perm") ?? x.map((_, axis) => x.length - 1 - axis);
  if (order.length !== x.length || order.toSorted((a, b) => a - b).some((axis, i) => axis !== i)) {
    facts.fail(`has "perm" [${order.join(", ")}] for ${x.length} axes`);
  }
  return [{ shape: order.map((axis) => x[axis]!) }];
}

function squeeze(facts: NodeFacts): readonly Outcome[] {
  const [x, named] = [facts.shape(0), facts.numbers(1)];
  if (!x || (facts.has(1) && !named)) return [];
  const axes = named ? facts.axes(named, x.length) : x.flatMap((dim, axis) => (dim === 1 ? [axis] : []));
  const wide = axes.find((axis) => !mayEqual(x[axis]!, 1));
  if (wide !== undefined) facts.fail(`takes out axis ${wide} of ${shapeText(x)}`);
  return [{ shape: x.filter((_, axis) => !axes.includes(axis)), values: facts.values(0) }];
}

function unsqueeze(facts: NodeFacts): readonly Outcome[] {
  const [x, named] = [facts.shape(0), facts.numbers(1)];
  if (!x || !named) return [];
  const rank = x.length + named.length;
  const axes = facts.axes(named, rank);
  const rest = x[Symbol.iterator]();
  const shape = Array.from({ length: rank }, (_, axis): OnnxDim => (axes.includes(axis) ? 1 : rest.next().value!));
  return [{ shape, values: rank <= 1 ? facts.values(0) : undefined }];
}

function expand(facts: NodeFacts): readonly Outcome[] {
  const [x, asked] = [facts.shape(0), facts.values(1)];
  if (!x || !asked) return [];
  const shape = broadcast(x, asked) ?? facts.fail(`stretches ${shapeText(x)} to ${shapeText(asked)}`);
  return [{ shape }];
}

function concat(facts: NodeFacts): readonly Outcome[] {
  const shapes = Array.from({ length: facts.inputs }, (_, i) => facts.shape(i));
  const [first] = shapes;
  if (!first || !shapes.every((shape) => shape !== undefined)) return [];
  const axis = facts.axis(facts.int("axis", 0), first.length);
  let whole: OnnxDim[] = first.with(axis, 0);
  for (const shape of shapes) {
    if (shape.length !== first.length || shape.some((dim, i) => i !== axis && !mayEqual(dim, whole[i]!))) {
      facts.fail(`joins ${shapeText(first)} and ${shapeText(shape)} along axis ${axis}`);
    }
    whole = whole.map((dim, i) => (i === axis ? plus(dim, shape[i]!) : merged(dim, shape[i]!)));
  }
  return [{ shape: whole, values: joinedValues(facts, shapes) }];
}

const plus = (a: OnnxDim, b: OnnxDim): OnnxDim => {
  if (a === 0 || b === 0) return a === 0 ? b : a;
  return typeof a === "number" && typeof b === "number" ? a + b : null;
};

/** The elements of vectors one after the other, where they are known or at least how many there are. */
function joinedValues(facts: NodeFacts, shapes: readonly Dims[]): Dims | undefined {
  const parts = shapes.map((shape, i) => facts.values(i) ?? unknownVector(shape));
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

function unknownVector([size, ...more]: Dims): Dims | undefined {
  return more.length === 0 && typeof size === "number" && size <= 8 ? new Array<null>(size).fill(null) : undefined;
}

function split(facts: NodeFacts): readonly Outcome[] {
  const x = facts.shape(0);
  if (!x) return [];
  const axis = facts.axis(facts.int("axis", 0), x.length);
  const count = facts.node.outputs.length;
  requireParts(facts);
  const sizes = facts.numbers(1) ?? evenly(facts, x[axis]!);
  if (sizes.length !== count) facts.fail(`cuts into ${sizes.length} parts and has ${count} outputs`);
  const total = sizes.reduce<number | null>((sum, size) => (sum === null || size === null ? null : sum + size), 0);
  if (!mayEqual(total, x[axis]!)) facts.fail(`cuts axis ${axis} of ${shapeText(x)} into [${sizes.join(", ")}]`);
  return sizes.map((size) => ({ shape: x.with(axis, size) }));
}

/** Since operator set 18 either the sizes of the parts are said or their number. */
function requireParts(facts: NodeFacts): void {
  if (facts.opset < 18) return;
  const count = facts.attribute("num_outputs", "int");
  if (facts.has(1) === (count !== undefined)) facts.fail(`expected either its sizes or "num_outputs"`);
  if (count !== undefined && count !== facts.node.outputs.length) {
    facts.fail(`has "num_outputs" ${count} and ${facts.node.outputs.length} outputs`);
  }
}

/** Equal parts; where they do not come out even, the last one is smaller since operator set 18. */
function evenly(facts: NodeFacts, size: OnnxDim): readonly (number | null)[] {
  const count = facts.node.outputs.length;
  if (typeof size !== "number" || facts.has(1)) return new Array<null>(count).fill(null);
  if (facts.opset < 18 && size % count !== 0) facts.fail(`cuts an axis of ${size} into ${count} equal parts`);
  const part = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, size - i * part)));
}

function tile(facts: NodeFacts): readonly Outcome[] {
  const [x, times] = [facts.shape(0), facts.values(1)];
  if (!x) return [];
  if (times && times.length !== x.length) facts.fail(`repeats ${x.length} axes ${shapeText(times)} times`);
  return [{ shape: x.map((dim, axis) => multiplied(dim, times?.[axis] ?? null)) }];
}

function multiplied(dim: OnnxDim, times: OnnxDim): OnnxDim {
  if (times === 1) return dim;
  return typeof dim === "number" && typeof times === "number" ? dim * times : null;
}

/** Channels into blocks of pixels, or back. */
function blocks(direction: "apart" | "together") {
  return (facts: NodeFacts): readonly Outcome[] => {
    const mode = facts.text("mode", "DCR");
    if (mode !== "DCR" && mode !== "CRD") facts.fail(`has "mode" ${mode}, expected DCR or CRD`);
    const size = facts.int("blocksize", 1);
    if (size < 1) facts.fail(`has "blocksize" ${size}`);
    facts.requireRank(0, 4);
    const x = facts.shape(0);
    if (!x) return [];
    const scaled = (dim: OnnxDim, factor: number): OnnxDim => (typeof dim === "number" ? dim * factor : null);
    const [channels, sides] = direction === "apart" ? [1 / size ** 2, size] : [size ** 2, 1 / size];
    const shape = [x[0]!, scaled(x[1]!, channels), scaled(x[2]!, sides), scaled(x[3]!, sides)];
    if (shape.some((dim) => typeof dim === "number" && !Number.isInteger(dim))) {
      facts.fail(`has blocks of ${size} in ${shapeText(x)}`);
    }
    return [{ shape }];
  };
}

const one = { inputs: ["T"], outputs: ["T"], types: { T: anything } } as const;
const shaped = { inputs: ["T", "I"], outputs: ["T"], types: { T: anything, I: [INT64] } } as const;
const listed = { ...shaped, inputs: ["T", "I?"] } as const;

const moving = (form: Form): Form[] => [narrower(21, form), form];

export const reshaping: Operators = {
  Concat: operator({ ...one, inputs: ["T*"], attributes: { axis: "int!" } }, concat),
  DepthToSpace: operator({ ...one, attributes: { blocksize: "int!", mode: "string" } }, blocks("apart")),
  Expand: operator(shaped, expand),
  Flatten: operator(moving({ ...one, attributes: { axis: "int" } }), flatten),
  Reshape: operator([...widening({ ...shaped, since: 14, attributes: { allowzero: "int" } }), shaped], reshape),
  SpaceToDepth: operator({ ...one, attributes: { blocksize: "int!" } }, blocks("together")),
  Split: operator(
    [
      { ...listed, since: 18, outputs: ["T*"], attributes: { axis: "int", num_outputs: "int" } },
      { ...listed, outputs: ["T*"], attributes: { axis: "int" } },
    ],
    split,
  ),
  Squeeze: operator(moving(listed), squeeze),
  Tile: operator(shaped, tile),
  Transpose: operator(moving({ ...one, attributes: { perm: "ints" } }), transpose),
  Unsqueeze: operator(moving(shaped), unsqueeze),
};
