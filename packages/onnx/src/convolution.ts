import type { Node, Shape } from "@isthmus/graph";
import { type Attributes, int, ints, type Value } from "./graph-writer.ts";
import type { NodeWriter } from "./node-writer.ts";

const numbers = (node: Node, key: string) => node.attributes[key] as readonly number[];

/** Top, bottom, left, right as ONNX orders them: both begins, then both ends. */
function padsOf(node: Node): readonly [number, number, number, number] {
  const [top, bottom, left, right] = numbers(node, "pads") as [number, number, number, number];
  return [top, left, bottom, right];
}

function convolution(node: Node, filter: Value, group: number, pads: readonly number[]): Attributes {
  return {
    dilations: ints(numbers(node, "dilations")),
    group: int(group),
    kernel_shape: ints(filter.shape.slice(2) as number[]),
    pads: ints(pads),
    strides: ints(numbers(node, "strides")),
  };
}

/**
 * A convolution that `write.inputs` = image, filter and perhaps bias belong to, image and result with channels first.
 * Pads are always explicit: runtimes disagree about `auto_pad`.
 */
export function writeConvolution(write: NodeWriter, product: Node): void {
  const [image, filter] = write.inputs as [Value, Value];
  if (product.op.endsWith("InputGrad")) return writeTransposed(write, product);
  const group = product.op === "depthwiseConv2d" ? (image.shape[1] as number) : 1;
  write.result("Conv", write.inputs, convolution(product, filter, group, padsOf(product)));
}

/** Rows and columns of a transposed convolution: what is cut off at both ends of everything that is computed. */
interface Cut {
  readonly size: readonly number[];
  readonly whole: readonly number[];
  readonly begin: readonly number[];
  /** Less than 0 where zeros are missing. */
  readonly end: readonly number[];
}

function cutOf(write: NodeWriter, product: Node): Cut {
  const [image, filter] = write.inputs as [Value, Value];
  const size = write.shape.slice(2) as number[];
  const begin = padsOf(product).slice(0, 2);
  const whole = size.map((_, axis) => {
    const extent = ((filter.shape[2 + axis] as number) - 1) * numbers(product, "dilations")[axis]! + 1;
    return ((image.shape[2 + axis] as number) - 1) * numbers(product, "strides")[axis]! + extent;
  });
  return { size, whole, begin, end: whole.map((length, axis) => length - begin[axis]! - size[axis]!) };
}

function transposedAttributes(write: NodeWriter, product: Node, pads: readonly number[], more: readonly number[]) {
  const group = product.op === "depthwiseConv2dInputGrad" ? (write.shape[1] as number) : 1;
  return { output_padding: ints(more), ...convolution(product, write.inputs[1]!, group, pads) };
}

/**
 * The transposed convolution. Where both sides lose as much, `pads` says so, and in the compact profile also where they do not;
 * but several runtimes refuse uneven pads and `output_padding`.
 */
function writeTransposed(write: NodeWriter, product: Node): void {
  const cut = cutOf(write, product);
  const pads = cut.end.map((count) => Math.max(0, count));
  const more = cut.end.map((count) => Math.max(0, -count));
  const isEven = cut.end.every((count, axis) => count === cut.begin[axis]);
  // ONNX has no more output padding than a stride or a dilation.
  const most = numbers(product, "strides").map((stride, axis) =>
    Math.max(stride, numbers(product, "dilations")[axis]!),
  );
  const isCompact = write.dialect.profile === "compact" && more.every((count, axis) => count < most[axis]!);
  if (!isEven && !isCompact) return writeCut(write, product, cut);
  const attributes = transposedAttributes(write, product, [...cut.begin, ...pads], more);
  write.result("ConvTranspose", write.inputs, attributes);
}

/** Everything is computed and the part wanted is cut out; what lies past the end is zero, and so gets its bias last. */
function writeCut(write: NodeWriter, product: Node, { size, whole, begin, end }: Cut): void {
  const [image, filter, bias] = write.inputs as [Value, Value, Value | undefined];
  const [batch, channels] = write.shape as [Shape[number], number];
  const missing = end.map((cut) => Math.max(0, -cut));
  const isShort = missing.some((count) => count > 0);
  const operands = bias && !isShort ? [image, filter, bias] : [image, filter];
  const unpadded = transposedAttributes(write, product, [0, 0, 0, 0], [0, 0]);
  const full = write.step("whole", "ConvTranspose", operands, unpadded, { shape: [batch, channels, ...whole] });
  const stop = size.map((length, axis) => begin[axis]! + length - missing[axis]!);
  const cut = [full, write.integers("begin", begin), write.integers("end", stop), write.integers("axes", [2, 3])];
  if (!isShort) return write.result("Slice", cut);
  const inside = stop.map((at, axis) => at - begin[axis]!);
  const part = write.step("part", "Slice", cut, {}, { shape: [batch, channels, ...inside] });
  const padding = write.integers("missing", [0, 0, 0, 0, 0, 0, ...missing]);
  if (!bias) return write.result("Pad", [part, padding]);
  const padded = write.step("padded", "Pad", [part, padding]);
  const shape = [1, channels, 1, 1];
  const column = write.step("bias", "Reshape", [bias, write.integers("bias_shape", shape)], {}, { shape });
  write.result("Add", [padded, column]);
}

const pool = (node: Node): Attributes => ({
  kernel_shape: ints(numbers(node, "window")),
  pads: ints(padsOf(node)),
  strides: ints(numbers(node, "strides")),
});

export function writeMaxPool(write: NodeWriter): void {
  write.result("MaxPool", write.inputs, pool(write.node));
}

export function writeAveragePool(write: NodeWriter): void {
  write.result("AveragePool", write.inputs, { count_include_pad: int(0), ...pool(write.node) });
}
