import type { DType, JsonObject, Shape } from "../../src/index.ts";

interface Rule {
  readonly op: string;
  readonly shapes: readonly Shape[];
  readonly attributes: JsonObject;
  readonly dtypes?: readonly DType[];
}

const moves = { strides: [2, 1], dilations: [1, 2], pads: [1, 0, 1, 2] };
const [x, filter, g]: readonly Shape[] = [
  ["batch", 5, 6, 2],
  [2, 3, 2, 7],
  ["batch", 3, 5, 7],
];
const deep: Shape = [2, 3, 2, 3];
const wide: Shape = ["batch", 3, 5, 6];
const pool = { window: [2, 3], strides: [2, 2], pads: [1, 0, 1, 2] };
const small: Shape = ["batch", 3, 4, 2];

/** What convolutions and pools make of shapes they take. */
export const goodImages: readonly (Rule & { readonly shape: Shape })[] = [
  { op: "conv2d", shapes: [x!, filter!], attributes: moves, shape: g! },
  { op: "conv2dInputGrad", shapes: [g!, filter!], attributes: { ...moves, size: [5, 6] }, shape: x! },
  { op: "conv2dFilterGrad", shapes: [x!, g!], attributes: { ...moves, window: [2, 3] }, shape: filter! },
  { op: "depthwiseConv2d", shapes: [x!, deep], attributes: moves, shape: wide },
  { op: "depthwiseConv2dInputGrad", shapes: [wide, deep], attributes: { ...moves, size: [5, 6] }, shape: x! },
  { op: "depthwiseConv2dFilterGrad", shapes: [x!, wide], attributes: { ...moves, window: [2, 3] }, shape: deep },
  { op: "maxPool2d", shapes: [x!], attributes: pool, shape: small },
  { op: "maxPool2dGrad", shapes: [x!, small], attributes: pool, shape: x! },
  { op: "maxPool2dPick", shapes: [x!, x!], attributes: pool, shape: small },
  { op: "avgPool2d", shapes: [x!], attributes: pool, shape: small },
  { op: "avgPool2dGrad", shapes: [small], attributes: { ...pool, size: [5, 6] }, shape: x! },
];

/** How they refuse others. */
export const badImages: readonly (Rule & { readonly message: string; readonly kind?: "TypeError" })[] = [
  {
    op: "conv2d",
    shapes: [x!, filter!],
    attributes: { ...moves, strides: [2 ** 32, 1] },
    message: `conv2d: "strides" expected two integers from 1 to 1048576, got [4294967296, 1]`,
  },
  {
    op: "conv2d",
    shapes: [[5, 6, 2], filter!],
    attributes: moves,
    message: `conv2d: "x" expected [batch, height, width, channels], got [5, 6, 2]`,
  },
  {
    op: "conv2d",
    shapes: [[5, "batch", 6, 2], filter!],
    attributes: moves,
    message: `conv2d: "x" expected [batch, height, width, channels], got [5, batch, 6, 2]`,
  },
  {
    op: "conv2d",
    shapes: [x!, [2, 3, 4, 7]],
    attributes: moves,
    message: `conv2d: "filter" expected [2, 3, 2, 7], got [2, 3, 4, 7]`,
  },
  {
    op: "conv2d",
    shapes: [x!, [3, 2]],
    attributes: moves,
    message: `conv2d: "filter" expected [rows, columns, channels, channels], got [3, 2]`,
  },
  {
    op: "conv2d",
    shapes: [x!, [7, 1, 2, 1]],
    attributes: moves,
    message: "conv2d: a window of [7, 1] does not fit into [5, 6] and its padding",
  },
  {
    op: "conv2d",
    shapes: [x!, filter!],
    attributes: { ...moves, strides: [0, 1] },
    message: `conv2d: "strides" expected two integers from 1 to 1048576, got [0, 1]`,
  },
  {
    op: "conv2d",
    shapes: [x!, filter!],
    attributes: { ...moves, dilations: [1] },
    message: `conv2d: "dilations" expected two integers from 1 to 1048576, got [1]`,
  },
  {
    op: "conv2d",
    shapes: [x!, filter!],
    attributes: { ...moves, pads: [1, 0, -1, 0] },
    message: `conv2d: "pads" expected four integers from 0 to 1048576 (top, bottom, left, right), got [1, 0, -1, 0]`,
  },
  {
    op: "conv2d",
    shapes: [x!, filter!],
    attributes: { ...moves, pads: "same" },
    kind: "TypeError",
    message: `conv2d: "pads" expected four integers from 0 to 1048576 (top, bottom, left, right), got "same"`,
  },
  {
    op: "conv2d",
    shapes: [x!, filter!],
    attributes: moves,
    dtypes: ["u8"],
    kind: "TypeError",
    message: `conv2d: "x" expected f32, got u8; cast it first`,
  },
  {
    op: "conv2dInputGrad",
    shapes: [g!, filter!],
    attributes: { ...moves, size: [6, 7] },
    message: `conv2dInputGrad: "g" expected [batch, 3, 6, 7], got [batch, 3, 5, 7]`,
  },
  {
    op: "conv2dFilterGrad",
    shapes: [x!, g!],
    attributes: { ...moves, window: [2, 2] },
    message: `conv2dFilterGrad: "g" expected [batch, 3, 7, 7], got [batch, 3, 5, 7]`,
  },
  {
    op: "depthwiseConv2d",
    shapes: [x!, [2, 3, 3, 1]],
    attributes: moves,
    message: `depthwiseConv2d: "filter" expected [2, 3, 2, 1], got [2, 3, 3, 1]`,
  },
  {
    op: "depthwiseConv2dInputGrad",
    shapes: [g!, deep],
    attributes: { ...moves, size: [5, 6] },
    message: `depthwiseConv2dInputGrad: "g" expected [batch, 3, 5, 6], got [batch, 3, 5, 7]`,
  },
  {
    op: "depthwiseConv2dFilterGrad",
    shapes: [x!, g!],
    attributes: { ...moves, window: [2, 3] },
    message: `depthwiseConv2dFilterGrad: "g" expected a multiple of 2 channels, got 7`,
  },
  {
    op: "maxPool2d",
    shapes: [x!],
    attributes: { ...pool, pads: [2, 0, 0, 0] },
    message: `maxPool2d: "pads" expected less than the window's 2, got 2`,
  },
  {
    op: "maxPool2d",
    shapes: [[1, 1, 1, 1]],
    attributes: { ...pool, pads: [0, 0, 0, 0] },
    message: "maxPool2d: a window of [2, 3] does not fit into [1, 1] and its padding",
  },
  {
    op: "maxPool2dGrad",
    shapes: [x!, x!],
    attributes: pool,
    message: `maxPool2dGrad: "g" expected [batch, 3, 4, 2], got [batch, 5, 6, 2]`,
  },
  {
    op: "maxPool2dPick",
    shapes: [x!, small],
    attributes: pool,
    message: `maxPool2dPick: "u" expected [batch, 5, 6, 2], got [batch, 3, 4, 2]`,
  },
  {
    op: "avgPool2d",
    shapes: [x!],
    attributes: { ...pool, window: [2] },
    message: `avgPool2d: "window" expected two integers from 1 to 1048576, got [2]`,
  },
  {
    op: "avgPool2dGrad",
    shapes: [small],
    attributes: { ...pool, size: [5, 9] },
    message: `avgPool2dGrad: "g" expected [batch, 3, 5, 2], got [batch, 3, 4, 2]`,
  },
];
