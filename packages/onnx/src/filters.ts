import type { Program } from "@isthmus/graph";
import { convolutions } from "./channels-first.ts";
import { type GraphWriter, ints, type Value } from "./graph-writer.ts";

/** A filter as ONNX wants it: `[out, in, rows, columns]`, with a group for each channel `[in * multiplier, 1, rows, columns]`. */
const dense = [3, 2, 0, 1] as const;
const depthwise = [2, 3, 0, 1] as const;

const orderFor = (op: string): readonly number[] => (op === "depthwiseConv2d" ? depthwise : dense);

function shapeFor(op: string, [rows, columns, inputs, last]: readonly number[]): number[] {
  return op === "depthwiseConv2d" ? [inputs! * last!, 1, rows!, columns!] : [last!, inputs!, rows!, columns!];
}

/** State tensors that are nothing but filters, all of one kind, by node id with an operation that reads them: they are stored as ONNX wants them. */
export function findStoredFilters(program: Program): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const others = new Set(Object.values(program.outputs));
  for (const node of program.nodes) {
    for (const [index, id] of node.inputs.entries()) {
      const isFilter = convolutions.has(node.op) && index === 1;
      if (!isFilter || orderFor(found.get(id) ?? node.op) !== orderFor(node.op)) others.add(id);
      else found.set(id, node.op);
    }
  }
  return new Map([...found].filter(([id]) => program.nodes[id]!.op === "state" && !others.has(id)));
}

/** The values of a filter `[rows, columns, in, last]` in ONNX's order. */
export function storedFilter(
  op: string,
  shape: readonly number[],
  data: Float32Array,
): { shape: number[]; data: Float32Array } {
  const order = orderFor(op);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, dim) => product * dim, 1));
  const sizes = order.map((axis) => shape[axis]!);
  const steps = order.map((axis) => strides[axis]!);
  const values = data.map((_, index) => {
    let rest = index;
    let from = 0;
    for (let axis = 3; axis >= 0; axis--) {
      from += (rest % sizes[axis]!) * steps[axis]!;
      rest = Math.floor(rest / sizes[axis]!);
    }
    return data[from]!;
  });
  return { shape: shapeFor(op, shape), data: values };
}

/** A filter that is computed, or read by others too, in ONNX's order. */
export function writeFilter(writer: GraphWriter, op: string, filter: Value): Value {
  const order = orderFor(op);
  const shape = filter.shape as readonly number[];
  const name = writer.unique(`${filter.name}/filter`);
  const turned = writer.edge({ ...filter, name, shape: order.map((axis) => shape[axis]!) });
  writer.node("Transpose", name, [filter], turned, { perm: ints(order) });
  if (op !== "depthwiseConv2d") return turned;
  const flat = writer.edge({ ...filter, name: writer.unique(`${name}/groups`), shape: shapeFor(op, shape) });
  return writer.node("Reshape", flat.name, [turned, writer.integers(`${name}/shape`, flat.shape as number[])], flat);
}
