/** What the checker refuses of single operators, by the node's name and what is wrong; and that it takes them when sound. */
import { describe, expect, test } from "vitest";
import { checkTensors } from "../src/check/tensors.ts";
import { checkOnnx } from "../src/index.ts";
import type { OnnxNode, Tensor, ValueInfo } from "../src/messages.ts";
import { fileOf, fileOfNode, integers, node, port, weights } from "./support/files.ts";

interface Case {
  readonly node: OnnxNode;
  readonly says: RegExp;
  readonly initialisers?: readonly Tensor[];
  readonly x?: ValueInfo;
  readonly y?: ValueInfo;
  readonly opset?: number;
}

const kernel = weights("w", [2, 3, 4, 4]);
const conv = <M extends Partial<Case>>(attributes: Parameters<typeof node>[3], more: M) => ({
  node: node("Conv", ["x", "w"], ["y"], attributes),
  initialisers: [kernel],
  ...more,
});
const upward = (attributes: Parameters<typeof node>[3]) => ({
  node: node("ConvTranspose", ["x", "w"], ["y"], attributes),
  initialisers: [weights("w", [3, 2, 4, 4])],
});
const matrix = port("x", ["batch", 3]);
const wide = port("y", [null, null]);
const gemm = (attributes: Parameters<typeof node>[3], initialisers: readonly Tensor[]) => ({
  node: node("Gemm", ["x", ...initialisers.map(({ name }) => name)], ["y"], attributes),
  initialisers,
  x: matrix,
  y: wide,
});
const shaped = (opType: string, values: readonly number[], more: object = {}) => ({
  node: node(opType, ["x", "i"], ["y"]),
  initialisers: [integers("i", values)],
  ...more,
});

const defects: Readonly<Record<string, Case>> = {
  "a convolution of other channels": conv(
    {},
    { x: port("x", ["batch", 4, 8, 8]), says: /reads 4 channels.*\[2, 3, 4, 4\]/ },
  ),
  "groups that do not divide": conv({ group: 3 }, { x: port("x", ["batch", 9, 8, 8]), says: /2 channels in 3 groups/ }),
  "no groups": conv({ group: 0 }, { says: /"group" 0/ }),
  "a stride of 0": conv({ strides: [0, 1] }, { says: /"strides" \[0, 1\]/ }),
  "strides for one axis": conv({ strides: [1] }, { says: /"strides" \[1\], expected 2/ }),
  "a dilation of 0": conv({ dilations: [1, 0] }, { says: /"dilations"/ }),
  "negative pads": conv({ pads: [0, 0, -1, 0] }, { says: /"pads" \[0, 0, -1, 0\]/ }),
  "pads for one axis": conv({ pads: [1, 1] }, { says: /expected 4 numbers/ }),
  "pads said twice": conv({ pads: [1, 1, 1, 1], auto_pad: "SAME_UPPER" }, { says: /both "pads" and "auto_pad"/ }),
  "an unknown padding": conv({ auto_pad: "SAME" }, { says: /"auto_pad" SAME/ }),
  "another kernel than the weights'": conv({ kernel_shape: [3, 3] }, { says: /"kernel_shape" \[3, 3\]/ }),
  "a window larger than the image": conv({}, { x: port("x", ["batch", 3, 3, 8]), says: /window of 4 on an axis of 3/ }),
  "a convolution of a matrix": conv({}, { x: matrix, says: /expected at least 3 axes/ }),
  "a convolution that makes another size": conv(
    {},
    { y: port("y", ["batch", 2, 5, 6]), says: /"y".*\[batch, 2, 5, 6\].*5, 5/ },
  ),
  "a bias for other channels": {
    node: node("Conv", ["x", "w", "b"], ["y"]),
    initialisers: [kernel, weights("b", [3])],
    says: /bias of shape \[3\] to 2 channels/,
  },
  "output padding as large as the stride": {
    ...upward({ strides: [2, 2], output_padding: [2, 0] }),
    says: /"output_padding" 2/,
  },
  "pads that cut all away": { ...upward({ pads: [9, 0, 9, 0] }), says: /makes an axis of -7/ },
  "pools padded by their windows": {
    node: node("MaxPool", ["x"], ["y"], { kernel_shape: [2, 2], pads: [2, 0, 0, 0] }),
    says: /as wide as its window/,
  },
  "a pool without a window": { node: node("MaxPool", ["x"], ["y"]), says: /lacks its attribute "kernel_shape"/ },
  "an inner size that does not match": { ...gemm({}, [weights("w", [4, 5])]), says: /3 columns meet 4 rows/ },
  "the same, turned": { ...gemm({ transB: 1 }, [weights("w", [3, 5])]), says: /3 columns meet 5 rows/ },
  "a flag that is neither 0 nor 1": { ...gemm({ transB: 2 }, [weights("w", [3, 5])]), says: /"transB" 2/ },
  "a bias wider than the product": { ...gemm({}, [weights("w", [3, 5]), weights("b", [4])]), says: /adds \[4\]/ },
  "a product of images": {
    ...gemm({}, [weights("w", [3, 5])]),
    x: port("x", ["batch", 3, 1]),
    says: /expected 2 axes/,
  },
  "stacks that do not broadcast": {
    node: node("MatMul", ["x", "w"], ["y"]),
    initialisers: [weights("w", [4, 8, 2])],
    x: port("x", [3, 8, 8]),
    y: port("y", [null, null, null]),
    says: /\[3, 8, 8\] and \[4, 8, 2\]/,
  },
  "shapes that do not broadcast": {
    node: node("Add", ["x", "w"], ["y"]),
    initialisers: [weights("w", [5])],
    says: /\[batch, 3, 8, 8\] and \[5\]/,
  },
  "operands of two types": {
    node: node("Add", ["x", "w"], ["y"]),
    initialisers: [weights("w", [8], 7, 8)],
    says: /float32 and int64/,
  },
  "a sum that is said to be a truth": {
    node: node("Add", ["x", "x"], ["y"]),
    y: port("y", ["batch", 3, 8, 8], 9),
    says: /bool.*float32/,
  },
  "a comparison that is said to be a number": { node: node("Less", ["x", "x"], ["y"]), says: /"y".*float32.*is bool/ },
  "an activation of integers": {
    node: node("Sigmoid", ["x"], ["y"]),
    x: port("x", ["batch", 3, 8, 8], 7),
    says: /input 0 of type int64/,
  },
  "small integers before they could be added": {
    node: node("Add", ["x", "x"], ["y"]),
    x: port("x", [3], 2),
    opset: 13,
    says: /uint8/,
  },
  "an operator before its time": { node: node("HardSwish", ["x"], ["y"]), opset: 13, says: /not in operator set 13/ },
  "an input that is left out": { node: node("Add", ["x", ""], ["y"]), says: /leaves out one of its inputs, number 1/ },
  "a number that is none": {
    node: { ...node("LeakyRelu", ["x"], ["y"]), attributes: { alpha: { type: "float", value: NaN } } },
    says: /"alpha" NaN/,
  },
  "axes as an attribute where they are an input": {
    node: node("ReduceMax", ["x"], ["y"], { axes: [1] }),
    opset: 18,
    says: /"axes"/,
  },
  "axes as an input where they are an attribute": { ...shaped("ReduceMax", [1]), opset: 17, says: /2 inputs/ },
  "an axis too many": { node: node("Softmax", ["x"], ["y"], { axis: 4 }), says: /axis 4 of 4/ },
  "an axis twice": { node: node("ReduceMax", ["x"], ["y"], { axes: [1, -3] }), says: /axis twice in \[1, -3\]/ },
  "a reduction of another rank": {
    node: node("ReduceMax", ["x"], ["y"], { axes: [1], keepdims: 0 }),
    says: /"y".*batch, 8, 8/,
  },
  "an order that is none": {
    node: node("Transpose", ["x"], ["y"], { perm: [0, 1, 1, 3] }),
    says: /"perm" \[0, 1, 1, 3\]/,
  },
  "a turned shape": {
    node: node("Transpose", ["x"], ["y"], { perm: [0, 2, 3, 1] }),
    y: port("y", ["batch", 3, 8, 8]),
    says: /"y".*\[batch, 8, 8, 3\]/,
  },
  "another number of elements": {
    ...shaped("Reshape", [0, 3, 63]),
    says: /makes \[batch, 3, 63\] of \[batch, 3, 8, 8\]/,
  },
  "elements that do not come out even": { ...shaped("Reshape", [0, -1, 5]), says: /makes \[batch, -1, 5\]/ },
  "two sizes left open": { ...shaped("Reshape", [-1, -1]), says: /asks for the shape/ },
  "an axis kept that is not there": { ...shaped("Reshape", [0, 3, 64, 1, 0]), says: /keeps axis 4/ },
  "a shape of floats": {
    node: node("Reshape", ["x", "w"], ["y"]),
    initialisers: [weights("w", [2])],
    says: /input 1 of type float32/,
  },
  "an axis squeezed that is wide": { ...shaped("Squeeze", [1]), says: /takes out axis 1/ },
  "an axis added twice": { ...shaped("Unsqueeze", [0, 0]), says: /axis twice/ },
  "a stretch that is none": { ...shaped("Expand", [4, 1, 1]), says: /stretches/ },
  "parts that do not match": {
    node: node("Concat", ["x", "w"], ["y"], { axis: 1 }),
    initialisers: [weights("w", [1, 2, 8, 7])],
    says: /joins/,
  },
  "cuts of different lengths": {
    node: node("Slice", ["x", "i", "j"], ["y"]),
    initialisers: [integers("i", [0, 0]), integers("j", [1])],
    says: /cuts from \[0, 0\] to \[1\]/,
  },
  "a step of 0": {
    node: node("Slice", ["x", "i", "j", "i", "i"], ["y"]),
    initialisers: [integers("i", [0]), integers("j", [1])],
    says: /by \[0\]/,
  },
  "a cut of another length": {
    node: node("Slice", ["x", "i", "j", "a"], ["y"]),
    initialisers: [integers("i", [1]), integers("j", [-1]), integers("a", [3])],
    y: port("y", ["batch", 3, 8, 7]),
    says: /"y".*\[batch, 3, 8, 7\].*\[batch, 3, 8, 6\]/,
  },
  "pads for other axes": { ...shaped("Pad", [1, 1]), says: /pads \[1, 1\] for 4 axes/ },
  "a way of padding that is none": {
    node: node("Pad", ["x", "i"], ["y"], { mode: "wrap" }),
    initialisers: [integers("i", new Array<number>(8).fill(0))],
    says: /"mode" wrap/,
  },
  "rows that are not there": {
    node: node("Gather", ["x", "i"], ["y"], { axis: 1 }),
    initialisers: [integers("i", [3])],
    says: /picks \[3\]/,
  },
  "a cast to nothing": { node: node("Cast", ["x"], ["y"], { to: 99 }), says: /type 99/ },
  "a cast to another type than is said": { node: node("Cast", ["x"], ["y"], { to: 7 }), says: /"y".*float32.*int64/ },
  "parts that are not the whole": {
    node: node("Split", ["x", "i"], ["y", "rest"], { axis: 1 }),
    initialisers: [integers("i", [1, 1])],
    says: /cuts axis 1.*\[1, 1\]/,
  },
  "equal parts that do not come out even before the last could be smaller": {
    node: node("Split", ["x"], ["y", "rest"], { axis: 1 }),
    says: /axis of 3 into 2 equal parts/,
  },
  "parts neither counted nor measured": {
    node: node("Split", ["x"], ["y", "rest"], { axis: 2 }),
    opset: 18,
    says: /either its sizes or "num_outputs"/,
  },
  "another number of parts": {
    node: node("Split", ["x"], ["y", "rest"], { axis: 2, num_outputs: 4 }),
    opset: 18,
    says: /"num_outputs" 4 and 2 outputs/,
  },
  "an order of channels that is none": {
    node: node("DepthToSpace", ["x"], ["y"], { blocksize: 1, mode: "RGB" }),
    says: /"mode" RGB/,
  },
  "an output of another number of axes": { ...upward({ output_shape: [16] }), says: /"output_shape" \[16\]/ },
  "integers of 4 bits before their time": {
    node: node("Identity", ["x"], ["y"]),
    x: port("x", [3], 22),
    opset: 20,
    says: /input 0 of type type 22/,
  },
  "running means where nothing is trained": {
    node: node("BatchNormalization", ["x", "w", "w", "w", "w"], ["y", "mean", "variance"]),
    initialisers: [weights("w", [3])],
    says: /3 outputs/,
  },
  "a constant of two values": {
    node: node("Constant", [], ["y"], { value_int: 1, value_ints: [1] }),
    says: /2 values/,
  },
  "a constant that is too short": {
    node: node("Constant", [], ["y"], { value: { ...weights("", [2]), data: new Uint8Array(4) } }),
    says: /holds 4 bytes, expected 8/,
  },
  "means for other channels": {
    node: node("BatchNormalization", ["x", "w", "w", "w", "w"], ["y"]),
    initialisers: [weights("w", [4])],
    says: /\[4\] for 3 channels/,
  },
  "a scale for other features": {
    node: node("LayerNormalization", ["x", "w"], ["y"]),
    initialisers: [weights("w", [7])],
    says: /\[7\] for \[8\]/,
  },
  "scales for other channels": {
    node: node("DequantizeLinear", ["w", "s"], ["y"], { axis: 1 }),
    initialisers: [weights("w", [3, 4], 3, 1), weights("s", [3])],
    y: port("y", [3, 4]),
    says: /3 scales on axis 1/,
  },
  "zero points of another type": {
    node: node("DequantizeLinear", ["w", "s", "z"], ["y"]),
    initialisers: [weights("w", [3], 3, 1), weights("s", []), weights("z", [], 2, 1)],
    y: port("y", [3]),
    says: /int8 and uint8/,
  },
  "slopes that do not fit": {
    node: node("PRelu", ["x", "w"], ["y"]),
    initialisers: [weights("w", [1, 1, 1, 1, 3])],
    says: /slopes/,
  },
  "bounds that are no numbers": {
    node: node("Clip", ["x", "w"], ["y"]),
    initialisers: [weights("w", [1])],
    says: /expected 0 axes/,
  },
};

const sound: Readonly<Record<string, Omit<Case, "says">>> = {
  "a strided, padded convolution": conv({ strides: [2, 2], pads: [1, 1, 1, 1] }, { y: port("y", ["batch", 2, 4, 4]) }),
  "grouped channels": { ...conv({ group: 2 }, {}), x: port("x", ["n", 6, 8, 8]), y: port("y", ["n", 2, 5, 5]) },
  "a padding left to the runtime": conv(
    { strides: [3, 3], auto_pad: "SAME_UPPER" },
    { y: port("y", ["batch", 2, 3, 3]) },
  ),
  "a transposed convolution": {
    ...upward({ strides: [2, 2], pads: [1, 1, 1, 1] }),
    y: port("y", ["batch", 2, 16, 16]),
  },
  "a turned product": { ...gemm({ transB: 1 }, [weights("w", [5, 3]), weights("b", [5])]), y: port("y", ["batch", 5]) },
  "a shape with the batch kept": { ...shaped("Reshape", [0, -1]), y: port("y", ["batch", 192]) },
  "a batch left open": { ...shaped("Reshape", [-1, 192]), y: port("y", ["batch", 192]) },
  "text that is constant": { node: node("Constant", [], ["y"], { value_string: "a" }), y: port("y", [], 8) },
  "a part that nobody reads": { node: node("Split", ["x"], ["y", ""], { axis: 2 }), y: port("y", ["batch", 3, 4, 8]) },
  "float8 moved about": {
    node: node("Reshape", ["x", "i"], ["y"]),
    x: port("x", [2, 3], 17),
    initialisers: [integers("i", [3, 2])],
    y: port("y", [3, 2], 17),
    opset: 19,
  },
  "a size that only the file names": { node: node("Relu", ["x"], ["y"]), y: port("y", ["batch", "channels", 8, 8]) },
};

describe("checkOnnx names the node and refuses", () => {
  test.each(Object.entries(defects))("%s", (_, { says, ...given }) => {
    const message = expect.stringMatching(says);
    expect(() => checkOnnx(fileOfNode(given.node, given))).toThrow(
      expect.objectContaining({ code: "ONNX_INVALID", message }),
    );
    expect(() => checkOnnx(fileOfNode(given.node, given))).toThrow(`the ${given.node.opType}`);
  });
});

test.each(Object.entries(sound))("checkOnnx takes %s", (_, given) => {
  expect(() => checkOnnx(fileOfNode(given.node, given))).not.toThrow();
});

test("a shape that is put together from the batch's size is followed", () => {
  const nodes = [
    node("Shape", ["x"], ["dims"], { start: 0, end: 1 }),
    node("Concat", ["dims", "rest"], ["shape"], { axis: 0 }),
    node("Expand", ["w", "shape"], ["y"]),
  ];
  const file = (shape: readonly (number | string)[]) =>
    fileOf({
      nodes,
      initialisers: [integers("rest", [5]), weights("w", [5])],
      inputs: [port("x", ["batch", 3])],
      outputs: [port("y", shape)],
    });
  expect(() => checkOnnx(file(["batch", 5]))).not.toThrow();
  expect(() => checkOnnx(file(["batch", 4]))).toThrow(/the Expand.*\[batch, 4\].*\[batch, 5\]/);
  expect(() => checkOnnx(file([1, 5]))).toThrow(/the Expand/);
});

test("data beside the file are of the tensor's length, in the model's own folder", () => {
  const beside = (external: NonNullable<Tensor["external"]>) => () =>
    checkTensors([{ ...weights("w", [4]), data: new Uint8Array(), external }]);
  expect(beside({ location: "w.bin", offset: 0, length: 16 })).not.toThrow();
  expect(beside({ location: "w.bin", offset: 0, length: 15 })).toThrow(/"w".*holds 15 bytes/);
  expect(beside({ location: "../w.bin", offset: 0, length: 16 })).toThrow(/external data lie at/);
});
