import { batchRank, type Dim, elementCount, type Node, type Shape } from "@isthmus/graph";
import { BOOL, dataTypes, FLOAT, INT64, typeName } from "../data-types.ts";
import { type Flow, flow, inverse, isSequence, isSmall, sequence, shapeOf, unfolded, type Value } from "./flow.ts";
import {
  concatKnown,
  expandKnown,
  isWhole,
  type Known,
  knownTensor,
  reshapeKnown,
  takeKnown,
  transposeKnown,
} from "./known.ts";
import { knownList } from "./lists.ts";
import type { NodeReader } from "./node-reader.ts";
import { reshapedToImage } from "./columns.ts";
import { truncated } from "./rounding.ts";
import { take } from "./take.ts";
import type { Translation, Translations } from "./translations.ts";

/** A value in a shape that has as many elements. */
export function reshaped(read: NodeReader, value: Value, shape: Shape): Value {
  if (value.kind === "known") return reshapeKnown(value, fixed(read, shape));
  const from = shapeOf(value);
  if (batchRank(from) !== batchRank(shape) || elementCount(from) !== elementCount(shape)) {
    read.refuse(`makes [${shape.join(", ")}] of [${from.join(", ")}]; the batch must stay an axis of its own`);
  }
  return foldedLast(read, value, shape) ?? reshapedToImage(read, value, shape) ?? whole(read, value, shape);
}

function whole(read: NodeReader, value: Flow, shape: Shape): Flow {
  return flow(read.build.reshape(read.plain(value), shape), value.elementType);
}

/** [batch, channels, height, width] to [batch, all of them]: the node keeps its order, and a product turns its weights. */
function foldedLast(read: NodeReader, value: Flow, shape: Shape): Flow | undefined {
  const [before, ...sizes] = shapeOf(value);
  const isFlat = shape.length === 2 && shape[0] === before && value.order[0] === 0;
  if (!isFlat || sizes.includes("batch") || isSequence(value.order)) return undefined;
  const permutation = inverse(value.order)
    .slice(1)
    .map((axis) => axis - 1);
  const long = permutation.filter((axis) => sizes[axis] !== 1);
  if (long.every((axis, i) => i === 0 || axis > long[i - 1]!)) return undefined;
  const node = read.build.reshape(value.node, shape);
  return { ...flow(node, value.elementType), folded: { sizes: sizes as number[], permutation } };
}

function fixed(read: NodeReader, shape: Shape): readonly number[] {
  if (shape.includes("batch")) return read.refuse("gives a constant the size of the batch");
  return shape as readonly number[];
}

/** The shape that a Reshape asks for: 0 keeps an axis, one -1 is what the others leave. */
function reshape(read: NodeReader): Value {
  const value = read.value(0);
  const from = shapeOf(value);
  const keepsZero = read.int("allowzero", 0) !== 1;
  const asked = read.version < 5 ? (read.ints("shape") ?? []) : read.dims(1);
  const wanted = asked.map((dim, axis) => (dim === 0 && keepsZero ? (from[axis] ?? 1) : dim));
  if (wanted.some((dim) => dim !== "batch" && dim < -1)) read.refuse(`asks for the shape [${wanted.join(", ")}]`);
  return reshaped(read, value, inferred(read, from, wanted));
}

function inferred(read: NodeReader, from: Shape, wanted: readonly Dim[]): Shape {
  const open = wanted.indexOf(-1);
  if (open < 0) return withBatch(from, wanted);
  const others = wanted.toSpliced(open, 1);
  if (others.includes(-1)) return read.refuse(`asks for two inferred axes`);
  const rest = elementCount(from) / elementCount(others);
  if (batchRank(from) === batchRank(others)) return wanted.with(open, rest);
  return rest === 1 ? wanted.with(open, "batch") : read.refuse(`joins the batch with another axis`);
}

/** A file that was made for one item says 1 where the batch is now. */
function withBatch(from: Shape, wanted: readonly Dim[]): Shape {
  const isForOne = batchRank(from) === 1 && batchRank(wanted) === 0 && wanted[0] === 1;
  return isForOne ? wanted.with(0, "batch") : wanted;
}

function flatten(read: NodeReader): Value {
  const value = read.value(0);
  const from = shapeOf(value);
  const given = read.int("axis", 1);
  const axis = given === from.length ? given : read.axis(given, from.length);
  const [before, after] = [from.slice(0, axis), from.slice(axis)];
  const joined = (part: Shape): Dim => {
    if (!part.includes("batch")) return elementCount(part);
    return elementCount(part) === 1 ? "batch" : read.refuse("joins the batch with another axis");
  };
  return reshaped(read, value, [joined(before), joined(after)]);
}

/** Costs nothing: only what the axes are called changes. */
function transpose(read: NodeReader): Value {
  const value = read.value(0);
  const rank = shapeOf(value).length;
  const permutation = read.axes(read.ints("perm") ?? sequence(rank).reverse(), rank);
  if (permutation.length !== rank) read.refuse(`permutes ${permutation.length} of ${rank} axes`);
  if (value.kind === "known") return transposeKnown(value, permutation);
  const whole = unfolded(read.build, value);
  return { ...whole, order: permutation.map((axis) => whole.order[axis]!) };
}

/** Axes of size 1 taken out: all, or those that are named. */
function squeeze(read: NodeReader): Value {
  const value = read.value(0);
  const shape = shapeOf(value);
  const named = read.intsOrInput("axes", 1);
  const axes = named ? read.axes(named, shape.length) : sequence(shape.length).filter((axis) => shape[axis] === 1);
  const stretched = axes.find((axis) => shape[axis] !== 1);
  if (stretched !== undefined) read.refuse(`takes out axis ${stretched}, which has size ${shape[stretched]}`);
  return reshaped(
    read,
    value,
    shape.filter((_, axis) => !axes.includes(axis)),
  );
}

function unsqueeze(read: NodeReader): Value {
  const value = read.value(0);
  const shape = shapeOf(value);
  const named = read.intsOrInput("axes", 1) ?? read.refuse("names no axes");
  const rank = shape.length + named.length;
  const axes = read.axes(named, rank);
  const rest = shape[Symbol.iterator]();
  return reshaped(
    read,
    value,
    sequence(rank).map((axis) => (axes.includes(axis) ? 1 : (rest.next().value as Dim))),
  );
}

function concat(read: NodeReader): Value {
  const values = read.given.map((_, i) => read.value(i));
  const rank = shapeOf(values[0]!).length;
  const axis = read.axis(read.int("axis", 1), rank);
  const elementType = values[0]!.elementType;
  if (values.some((value) => shapeOf(value).length !== rank)) read.refuse("joins values of different rank");
  const filled = values.filter((value) => shapeOf(value)[axis] !== 0);
  if (values.every((value) => value.kind === "known")) return joined(read, values as readonly Known[], axis);
  const { nodes, order } = read.together(filled.map((value) => unscaled(read, value)));
  return { kind: "flow", node: read.build.concat(nodes, order[axis]!), order, elementType };
}

function joined(read: NodeReader, parts: readonly Known[], axis: number): Known {
  const [first, ...others] = parts as [Known, ...Known[]];
  const fits = others.every(({ shape: dims }) => dims.every((dim, i) => i === axis || dim === first.shape[i]));
  if (!fits) read.refuse(`joins ${parts.map(({ shape: dims }) => `[${dims.join(", ")}]`).join(" and ")}`);
  const length = parts.reduce((sum, { shape: dims }) => sum + dims[axis]!, 0);
  read.made(first.shape.with(axis, length));
  return concatKnown([first, ...others], axis);
}

/** A known value as a flow of its own shape: `together` would leave out leading axes of size 1. */
function unscaled(read: NodeReader, value: Value): Value {
  return value.kind === "known" ? flow(read.place(value), value.elementType) : value;
}

/** The elements with these indices along an axis of the file's. */
function taken(read: NodeReader, value: Value, axis: number, indices: readonly number[]): Value {
  if (value.kind === "known") {
    read.made(value.shape.with(axis, indices.length));
    return takeKnown(value, axis, indices);
  }
  if (isSequence(indices) && indices.length === shapeOf(value)[axis]) return value;
  const float = unfolded(read.build, read.asFlow(value));
  const node = take(read.build, float.node, float.order[axis]!, indices);
  return node
    ? { ...float, node }
    : read.refuse(indices.length === 0 ? "makes an empty tensor" : "takes elements from too many places");
}

function sizeAlong(read: NodeReader, value: Value, axis: number): number {
  const dim = shapeOf(value)[axis]!;
  return dim === "batch" ? read.refuse("cuts or grows the batch") : dim;
}

function slice(read: NodeReader): Value {
  let value = read.value(0);
  const rank = shapeOf(value).length;
  const starts = read.intsOrInput("starts", 1) ?? read.refuse("has no starts");
  const ends = read.intsOrInput("ends", 2) ?? read.refuse("has no ends");
  const axes = read.axes(read.intsOrInput("axes", 3) ?? sequence(starts.length), rank);
  const steps = read.given[4] ? read.numbers(4) : axes.map(() => 1);
  if ([starts, ends, steps].some((list) => list.length !== axes.length)) read.refuse("has bounds of different length");
  for (const [i, axis] of axes.entries()) {
    const bounds = { start: starts[i]!, end: ends[i]!, step: steps[i]! };
    if (shapeOf(value)[axis] === "batch" && isAll(bounds)) continue;
    value = taken(read, value, axis, sliced(read, sizeAlong(read, value, axis), bounds));
  }
  return value;
}

interface Bounds {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** Whatever the size: files write the largest integer they have for an open end. */
const isAll = ({ start, end, step }: Bounds): boolean => start === 0 && step === 1 && end >= 2 ** 31 - 1;

function sliced(read: NodeReader, size: number, { start, end, step }: Bounds): number[] {
  if (step === 0) read.refuse("has a step of 0");
  const clamped = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const [first, last] = [clamped(start, low, high), clamped(end, low, high)];
  const count = Math.max(0, Math.ceil((last - first) / step));
  return Array.from({ length: count }, (_, i) => first + i * step);
}

function split(read: NodeReader): Value[] {
  const value = read.value(0);
  const axis = read.axis(read.int("axis", 0), shapeOf(value).length);
  const size = sizeAlong(read, value, axis);
  const count = read.node.outputs.length;
  const each = Math.ceil(size / count);
  const even = sequence(count).map((i) => Math.max(0, Math.min(each, size - i * each)));
  const sizes = read.intsOrInput("split", 1) ?? even;
  const total = sizes.reduce((sum, part) => sum + part, 0);
  if (sizes.length !== count || total !== size || sizes.some((part) => part < 0)) {
    read.refuse(`splits ${size} into [${sizes.join(", ")}]`);
  }
  let begin = 0;
  return sizes.map((part) => {
    begin += part;
    const first = begin - part;
    return taken(
      read,
      value,
      axis,
      sequence(part).map((i) => first + i),
    );
  });
}

/** Before all axes, then after all axes; negative ones cut off. */
function pad(read: NodeReader): Value {
  const mode = read.string("mode", "constant");
  let value: Value = read.flow(0);
  const rank = value.order.length;
  const pads = read.intsOrInput("pads", 1) ?? read.refuse("has no pads");
  const axes = read.axes(read.given[3] ? read.numbers(3) : sequence(rank), rank);
  if (pads.length !== 2 * axes.length) read.refuse(`has ${pads.length} pads for ${axes.length} axes`);
  const fill = read.version < 11 ? read.float("value", 0) : read.given[2] ? read.number(2) : 0;
  for (const [i, axis] of axes.entries()) {
    const around = { before: pads[i]!, after: pads[i + axes.length]!, mode, fill };
    value = padded(read, value as Flow, axis, around);
  }
  return value;
}

interface Around {
  readonly before: number;
  readonly after: number;
  readonly mode: string;
  readonly fill: number;
}

function padded(read: NodeReader, value: Flow, axis: number, { before, after, mode, fill }: Around): Value {
  if (before === 0 && after === 0) return value;
  const size = sizeAlong(read, value, axis);
  if (mode !== "constant") return taken(read, value, axis, mirrored(read, size, { before, after, mode, fill }));
  const kept = sequence(size).slice(Math.max(0, -before), size + Math.min(0, after));
  const inner = taken(read, value, axis, kept) as Flow;
  return { ...inner, node: surrounded(read, inner.node, inner.order[axis]!, { before, after, mode, fill }) };
}

function surrounded(read: NodeReader, x: Node, axis: number, { before, after, fill }: Around): Node {
  const { build } = read;
  const around = { axis, before: Math.max(0, before), after: Math.max(0, after) };
  if (fill === 0) return build.pad(x, around);
  const filled = (count: number) =>
    count > 0 ? [build.broadcastTo(build.scalar(fill), x.shape.with(axis, count))] : [];
  return build.concat([...filled(around.before), x, ...filled(around.after)], axis);
}

/** Which element of an axis stands where, around it: the nearest (edge), or those as far from the end (reflect). */
function mirrored(read: NodeReader, size: number, { before, after, mode }: Around): number[] {
  if (mode !== "edge" && mode !== "reflect") read.refuse(`pads in mode "${mode}"; known: constant, edge, reflect`);
  const most = mode === "edge" ? Infinity : size - 1;
  if (Math.max(before, after) > most) read.refuse(`reflects more than the ${most} elements that are there`);
  const at = (i: number): number => {
    if (mode === "edge") return Math.min(Math.max(i, 0), size - 1);
    return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
  };
  const count = size + before + after;
  return count > 0 && count <= 2 ** 20 ? sequence(count).map((i) => at(i - before)) : read.refuse("pads out of range");
}

function gather(read: NodeReader): Value {
  const [data, ids] = [read.value(0), read.value(1)];
  const shape = shapeOf(data);
  const axis = read.axis(read.int("axis", 0), shape.length);
  if (ids.kind === "flow") return gatherRows(read, data, ids, axis);
  const along = shapeOf(data)[axis] === "batch" ? read.refuse("picks items of the batch") : (shape[axis] as number);
  const indices = read.numbers(1).map((index) => read.axis(index, along));
  const picked = taken(read, data, axis, indices);
  return reshaped(read, picked, [...shape.slice(0, axis), ...ids.shape, ...shape.slice(axis + 1)]);
}

/** Rows by ids that a run feeds; the graph takes them from a table of two axes, the first being the ids'. */
function gatherRows(read: NodeReader, data: Value, ids: Flow, axis: number): Flow {
  const { build } = read;
  if (ids.node.dtype !== "i32") read.refuse("gathers by ids that the graph computes; it must be fed them");
  const shape = shapeOf(data);
  const rest = shape.toSpliced(axis, 1);
  if (shape.includes("batch")) read.refuse("gathers from a table that has the batch");
  const first = sequence(shape.length).map((i) => (i === axis ? 0 : i < axis ? i + 1 : i));
  const table = build.reshape(read.arranged(read.flow(0), first), [shape[axis]!, elementCount(rest)]);
  const found = build.reshape(build.gather(table, read.plain(ids)), [...shapeOf(ids), ...rest]);
  const count = ids.order.length;
  const before = sequence(axis).map((i) => count + i);
  const after = sequence(rest.length - axis).map((i) => count + axis + i);
  return { ...flow(found, data.elementType), order: [...before, ...sequence(count), ...after] };
}

/** Broadcast to a shape that may itself be broadcast to the value's. */
function expand(read: NodeReader): Value {
  const value = read.value(0);
  const asked = read.dims(1);
  const from = shapeOf(value);
  const rank = Math.max(asked.length, from.length);
  const aligned = (shape: Shape): Shape => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const [mine, other] = [aligned(from), aligned(asked)];
  const shape = mine.map((dim, axis) => (dim === 1 ? other[axis]! : dim));
  if (!other.every((dim, axis) => dim === 1 || dim === shape[axis])) {
    read.refuse(`cannot stretch [${from.join(", ")}] to [${asked.join(", ")}]`);
  }
  if (value.kind === "known" && !shape.includes("batch")) return expandKnown(value, read.made(fixed(read, shape)));
  const float = read.asFlow(value);
  return flow(read.build.broadcastTo(read.plain(float), shape), value.elementType);
}

function tile(read: NodeReader): Value {
  let value = read.value(0);
  const repeats = read.numbers(1);
  if (repeats.length !== shapeOf(value).length) read.refuse(`has ${repeats.length} repeats`);
  for (const [axis, count] of repeats.entries()) {
    if (count === 1) continue;
    const length = sizeAlong(read, value, axis);
    if (!(count >= 1 && count * length <= 2 ** 20)) read.refuse(`repeats axis ${axis} ${count} times`);
    value = taken(
      read,
      value,
      axis,
      sequence(count * length).map((i) => i % length),
    );
  }
  return value;
}

/** To floats; from floats only to what holds them as they are. */
function castTo(read: NodeReader, to: number): Value {
  const value = read.value(0);
  const [from, target] = [dataTypes[value.elementType]!.kind, dataTypes[to]?.kind];
  if (!target) return read.refuse(`casts to type ${to}, which is no number`);
  if (value.kind === "known") return knownCast(read, value, to);
  if (target === "float" && value.node.dtype !== "f32") {
    return { ...value, node: read.build.cast(value.node), elementType: to };
  }
  if (target === "bool" && from !== "bool") {
    return { ...read.unary((x) => read.build.notEqual(x, read.build.scalar(0))), elementType: BOOL };
  }
  if (target === "integer" && from === "float") {
    if (!isSmall(to)) read.refuse(`rounds to ${typeName(to)}, which the graph only has as ids`);
    return { ...read.unary((x) => truncated(read.build, x)), elementType: to };
  }
  return { ...value, elementType: to };
}

/** Towards 0 for integers, and not 0 for truths. The size of the batch is a number that a run knows. */
function knownCast(read: NodeReader, value: Known, elementType: number): Value {
  const { kind } = dataTypes[elementType]!;
  if (kind === "float" && value.data.length === 1 && value.data[0] === "batch") {
    return flow(read.build.reshape(read.build.emit("batchSize", []), value.shape), elementType);
  }
  if (kind !== "float" && isWhole(value.elementType) && kind !== "bool") return { ...value, elementType };
  const numbers = read.numbers(0);
  if (kind === "float") return { ...value, elementType, data: Float32Array.from(numbers) };
  return { ...value, elementType, data: numbers.map((x) => (kind === "bool" ? Number(x !== 0) : Math.trunc(x))) };
}

const cast: Translation = (read) => castTo(read, read.int("to", FLOAT));
const castLike: Translation = (read) => castTo(read, read.value(1).elementType);

/** Blocks of channels become blocks of pixels; `CRD` as PyTorch's PixelShuffle, `DCR` as TensorFlow. */
function depthToSpace(read: NodeReader): Value {
  const value = read.flow(0);
  const block = read.int("blocksize", 1);
  const [batch, channels, height, width] = image(read, value);
  const depth = channels / block ** 2;
  if (!Number.isInteger(depth)) read.refuse(`makes blocks of ${block} out of ${channels} channels`);
  const isColumn = read.string("mode", "DCR") === "CRD";
  const parts = isColumn ? [depth, block, block] : [block, block, depth];
  const { build } = read;
  const apart = build.reshape(read.plain(value), [batch, ...parts, height, width]);
  const turned = build.transpose(apart, isColumn ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]);
  return flow(build.reshape(turned, [batch, depth, height * block, width * block]), value.elementType);
}

function spaceToDepth(read: NodeReader): Value {
  const value = read.flow(0);
  const block = read.int("blocksize", 1);
  const [batch, channels, height, width] = image(read, value);
  const [rows, columns] = [height / block, width / block];
  if (!Number.isInteger(rows) || !Number.isInteger(columns)) read.refuse(`cuts ${height} x ${width} into ${block}`);
  const { build } = read;
  const apart = build.reshape(read.plain(value), [batch, channels, rows, block, columns, block]);
  const turned = build.transpose(apart, [0, 3, 5, 1, 2, 4]);
  return flow(build.reshape(turned, [batch, channels * block ** 2, rows, columns]), value.elementType);
}

function image(read: NodeReader, value: Flow): [Dim, number, number, number] {
  const shape = shapeOf(value);
  if (shape.length === 4 && !shape.slice(1).includes("batch")) return shape as [Dim, number, number, number];
  return read.refuse(`expected [batch, channels, height, width], got [${shape.join(", ")}]`);
}

function constant(read: NodeReader): Value {
  const name = read.node.outputs[0] ?? "";
  const tensor = read.tensor("value");
  if (tensor) return knownTensor(name, tensor);
  if (read.has("value_float")) return { ...knownList(name, [read.float("value_float", 0)], FLOAT), shape: [] };
  if (read.has("value_int")) return { ...knownList(name, [read.int("value_int", 0)], INT64), shape: [] };
  const floats = read.floats("value_floats");
  if (floats) return knownList(name, floats, FLOAT);
  return knownList(name, read.ints("value_ints") ?? read.refuse("holds no numbers that are read here"), INT64);
}

function constantOfShape(read: NodeReader): Value {
  const name = read.node.outputs[0] ?? "";
  const tensor = read.tensor("value");
  const one: Known = tensor ? knownTensor(name, tensor) : { ...knownList(name, [0], FLOAT), shape: [1] };
  if (one.data.length !== 1) read.refuse(`is filled with ${one.data.length} numbers`);
  const shape = read.dims(0);
  const single = reshapeKnown(one, []);
  if (!shape.includes("batch")) return expandKnown(single, read.made(fixed(read, shape)));
  return flow(read.build.broadcastTo(read.place(single), shape), one.elementType);
}

function shape(read: NodeReader): Value {
  const dims = shapeOf(read.value(0));
  const at = (name: string, open: number) => {
    const place = read.int(name, open);
    return Math.min(Math.max(place < 0 ? place + dims.length : place, 0), dims.length);
  };
  return knownList(read.node.outputs[0] ?? "", dims.slice(at("start", 0), at("end", dims.length)), INT64);
}

function sizeOf(read: NodeReader): Value {
  const dims = shapeOf(read.value(0));
  if (dims.includes("batch")) return read.refuse("computes with the size of the batch, which only a run knows");
  return { ...knownList(read.node.outputs[0] ?? "", [elementCount(dims)], INT64), shape: [] };
}

function range(read: NodeReader): Value {
  const [start, limit, delta] = [read.number(0), read.number(1), read.number(2)];
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  const shape = read.made([count]);
  const data = Array.from({ length: shape[0]! }, (_, i) => start + i * delta);
  return knownList(read.node.outputs[0] ?? "", data, read.value(0).elementType);
}

/** When a network is only run, everything passes, and the mask says so. */
function dropout(read: NodeReader): Value[] {
  if (read.given[2] && read.number(2) !== 0) read.refuse("is in training mode; export the model for inference");
  const value = read.value(0);
  if (!read.wants(1)) return [value];
  const mask = read.build.broadcastTo(read.build.scalar(1), shapeOf(value));
  return [value, flow(mask, BOOL)];
}

export const shapes: Translations = {
  ...{ Cast: cast, CastLike: castLike, Concat: concat, Constant: constant, ConstantOfShape: constantOfShape },
  ...{ DepthToSpace: depthToSpace, SpaceToDepth: spaceToDepth },
  ...{
    Dropout: dropout,
    Identity: (read) => read.value(0),
    Expand: expand,
    Flatten: flatten,
    Gather: gather,
    Pad: pad,
  },
  ...{ Range: range, Reshape: reshape, Shape: shape, Size: sizeOf, Slice: slice, Split: split, Squeeze: squeeze },
  ...{ Tile: tile, Transpose: transpose, Unsqueeze: unsqueeze },
};
