/** Parameters in the order in which ONNX, or the order of an image's elements, wants them. */
import { elementCount, type Node, type Program } from "@isthmus/graph";
import { convolutions } from "./channels-first.ts";
import type { Gemm } from "./gemm.ts";
import { type GraphWriter, ints, type Value } from "./graph-writer.ts";
import { channelsFirstOrder, type ImageLayout, type ImageSize } from "./image-layout.ts";
import type { Weight } from "./network.ts";
import { countUses } from "./rewrite.ts";

/** A weight as it is stored, of the one that the graph has. */
export type Form = (weight: Weight) => Weight;

/** State tensors that are not stored as the graph has them, by node id. */
export function findForms(
  program: Program,
  gemms: ReadonlyMap<number, Gemm>,
  layout: ImageLayout,
): ReadonlyMap<number, Form> {
  return new Map([
    ...filterForms(program),
    ...weightForms(program, gemms, layout),
    ...vectorForms(program, gemms, layout),
  ]);
}

/** A filter as ONNX wants it: `[out, in, rows, columns]`, with a group for each channel `[in * multiplier, 1, rows, columns]`. */
const dense = [3, 2, 0, 1] as const;
const depthwise = [2, 3, 0, 1] as const;

const isDepthwise = (op: string): boolean => op.startsWith("depthwise");
const orderFor = (op: string): readonly number[] => (isDepthwise(op) ? depthwise : dense);

function filterShape(op: string, [rows, columns, inputs, last]: readonly number[]): number[] {
  return isDepthwise(op) ? [inputs! * last!, 1, rows!, columns!] : [last!, inputs!, rows!, columns!];
}

/** Of tensors that are nothing but filters, all of one kind. */
function filterForms(program: Program): ReadonlyMap<number, Form> {
  const found = new Map<number, string>();
  const others = new Set(Object.values(program.outputs));
  for (const node of program.nodes) {
    for (const [index, id] of node.inputs.entries()) {
      const isFilter = convolutions.has(node.op) && index === 1;
      if (!isFilter || orderFor(found.get(id) ?? node.op) !== orderFor(node.op)) others.add(id);
      else found.set(id, node.op);
    }
  }
  const own = [...found].filter(([id]) => program.nodes[id]!.op === "state" && !others.has(id));
  return new Map(
    own.map(([id, op]) => [
      id,
      (weight) => ({ ...permuted(weight, orderFor(op)), shape: filterShape(op, weight.shape) }),
    ]),
  );
}

/** A filter that is computed, or read by others too, in ONNX's order. */
export function writeFilter(writer: GraphWriter, op: string, filter: Value): Value {
  const order = orderFor(op);
  const shape = filter.shape as readonly number[];
  const name = writer.unique(`${filter.name}/filter`);
  const turned = writer.edge({ ...filter, name, shape: order.map((axis) => shape[axis]!) });
  writer.node("Transpose", name, [filter], turned, { perm: ints(order) });
  if (!isDepthwise(op)) return turned;
  const flat = writer.edge({ ...filter, name: writer.unique(`${name}/groups`), shape: filterShape(op, shape) });
  return writer.node("Reshape", flat.name, [turned, writer.integers(`${name}/shape`, flat.shape as number[])], flat);
}

/** Weights and biases of products that read or make rows of images with their channels first. */
function weightForms(
  program: Program,
  gemms: ReadonlyMap<number, Gemm>,
  { rows }: ImageLayout,
): ReadonlyMap<number, Form> {
  const forms = new Map<number, Form>();
  for (const { op, id, inputs, attributes } of program.nodes) {
    if (op !== "matmul") continue;
    const [read, made] = [
      partsOf(program.nodes[inputs[0]!]!, program, rows),
      partsOf(program.nodes[id]!, program, rows),
    ];
    if (read.length + made.length === 0) continue;
    const [first, second] = attributes["transposeB"] ? [made, read] : [read, made];
    forms.set(inputs[1]!, (weight) => reordered(reordered(weight, 0, first), 1, second));
  }
  for (const [id, { bias }] of gemms) {
    const parts = partsOf(program.nodes[id]!, program, rows);
    if (parts.length > 0) forms.set(bias.id, (weight) => reordered(weight, 0, parts));
  }
  return forms;
}

/** Columns of a matrix that are the elements of images. */
interface Part {
  readonly from: number;
  readonly size: ImageSize;
}

function partsOf({ id, op, inputs }: Node, program: Program, rows: ImageLayout["rows"]): readonly Part[] {
  const whole = rows.get(id);
  if (whole) return [{ from: 0, size: whole }];
  if (op !== "concat") return [];
  let end = 0;
  return inputs.flatMap((input) => {
    const [from, size] = [end, rows.get(input)];
    end += program.nodes[input]!.shape.at(-1) as number;
    return size ? [{ from, size }] : [];
  });
}

/** Vectors of one number for each channel that nothing but an image reads, elementwise: `[channels, 1, 1]`. */
function vectorForms(
  program: Program,
  gemms: ReadonlyMap<number, Gemm>,
  { images }: ImageLayout,
): ReadonlyMap<number, Form> {
  const uses = countUses(program);
  const read = program.nodes.filter(({ id }) => images.has(id) && !gemms.has(id)).flatMap(({ inputs }) => inputs);
  const own = (node: Node) => node.op === "state" && node.shape.length === 1 && uses[node.id] === 1;
  const found = read.filter((id) => own(program.nodes[id]!));
  return new Map(found.map((id) => [id, ({ shape, values }) => ({ shape: [shape[0]!, 1, 1], values })]));
}

/** With the elements along `axis` that are those of images in channels-first order. */
function reordered(weight: Weight, axis: number, parts: readonly Part[]): Weight {
  if (parts.length === 0) return weight;
  const [length, ...inner] = weight.shape.slice(axis) as [number, ...number[]];
  const order = Int32Array.from({ length }, (_, i) => i);
  for (const { from, size } of parts) channelsFirstOrder(size).forEach((place, i) => (order[from + i] = from + place));
  return { ...weight, values: () => inOrder(weight.values(), order, elementCount(inner)) };
}

/** Stretches of `inner` elements, of each `order.length` stretches the one at `order[i]` as number i. */
function inOrder(from: Float32Array, order: Int32Array, inner: number): Float32Array {
  const to = new Float32Array(from.length);
  for (let block = 0; block < from.length; block += order.length * inner) {
    for (let at = 0; at < order.length; at++) {
      const [source, target] = [block + order[at]! * inner, block + at * inner];
      for (let i = 0; i < inner; i++) to[target + i] = from[source + i]!;
    }
  }
  return to;
}

/** A filter with its axes in another order. */
function permuted({ shape, values }: Weight, order: readonly number[]): Weight {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  return { shape: sizes, values: () => gathered(values(), sizes, steps) };
}

/** The elements of four axes, row-major, where a step along axis i is `steps[i]`. */
function gathered(from: Float32Array, sizes: readonly number[], steps: readonly number[]): Float32Array {
  const [a, b, c, d] = sizes as [number, number, number, number];
  const [stepA, stepB, stepC, stepD] = steps as [number, number, number, number];
  const to = new Float32Array(from.length);
  let at = 0;
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) {
        const start = i * stepA + j * stepB + k * stepC;
        for (let l = 0; l < d; l++) to[at++] = from[start + l * stepD]!;
      }
    }
  }
  return to;
}
