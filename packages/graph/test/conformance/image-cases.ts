import type { GraphBuilder, JsonObject, Node, Shape } from "../../src/index.ts";
import { convolutions, moved, plain, pool } from "./image-moves.ts";

interface Case {
  readonly op: string;
  readonly operands: readonly {
    readonly shape: Shape;
    readonly from?: number;
    readonly to?: number;
    readonly whole?: boolean;
  }[];
  readonly body: (build: GraphBuilder, ...operands: Node[]) => Node;
  readonly note?: string;
}

const of = (...shape: Shape) => ({ shape });
const emit = (op: string, shapes: readonly Shape[], attributes: JsonObject): Case => ({
  op,
  operands: shapes.map((shape) => ({ shape })),
  body: (build, ...operands) => build.emit(op, operands, attributes),
  note: JSON.stringify(attributes),
});

const B = "batch";
const convolution = convolutions(emit);

/** Ties included. */
const whole = (...shape: Shape) => ({ shape, from: -5, to: -1, whole: true });

/** Convolutions and pools: each attribute, a last image of a batch, views as operands, fusion. */
export const imageCases: readonly Case[] = [
  ...convolution("conv2d", [B, 6, 7, 3], [3, 2, 3, 5], [B, 4, 6, 5], plain),
  ...convolution("conv2d", [B, 5, 6, 2], [2, 3, 2, 7], [B, 3, 5, 7], moved),
  ...convolution("conv2d", [2, 4, 4, 40], [3, 3, 40, 9], [2, 4, 4, 9], { ...plain, pads: [1, 1, 1, 1] }),
  ...convolution("depthwiseConv2d", [B, 6, 7, 6], [3, 2, 6, 1], [B, 4, 6, 6], plain),
  ...convolution("depthwiseConv2d", [B, 5, 6, 2], [2, 3, 2, 3], [B, 3, 5, 6], moved),
  {
    op: "conv2d",
    operands: [of(B, 2, 6, 5), of(4, 2, 3, 3)],
    body: (b, x, filter) =>
      b.conv2d(b.transpose(x, [0, 2, 3, 1]), b.transpose(filter, [2, 3, 1, 0]), { padding: "same" }),
    note: "of transposes",
  },
  ...(["conv2d", "depthwiseConv2d"] as const).map((op): Case => ({
    op,
    operands: [of(B, 5, 5, 3), op === "conv2d" ? of(3, 3, 3, 6) : of(3, 3, 3, 2), of(6)],
    body: (b, x, filter, bias) => b.tanh(b.add(b[op](x, filter, { strides: 2, padding: "same" }), bias)),
    note: "with bias and activation",
  })),
  {
    op: "conv2dInputGrad",
    operands: [of(B, 3, 3, 4), of(4, 4, 5, 4), of(1, 1, 1, 5)],
    body: (b, x, filter, bias) => b.sigmoid(b.add(bias, b.conv2dTranspose(x, filter, { strides: 2, padding: "same" }))),
    note: "with bias and activation",
  },
  { op: "maxPool2d", operands: [whole(B, 5, 6, 5)], body: (b, x) => b.emit("maxPool2d", [x], pool) },
  { op: "maxPool2d", operands: [whole(B, 5, 6, 4)], body: (b, x) => b.maxPool2d(x, 2), note: "2 x 2" },
  {
    op: "maxPool2dGrad",
    operands: [whole(B, 5, 6, 5), of(B, 3, 4, 5)],
    body: (b, x, g) => b.emit("maxPool2dGrad", [x, g], pool),
  },
  {
    op: "maxPool2dPick",
    operands: [whole(B, 5, 6, 5), of(B, 5, 6, 5)],
    body: (b, x, u) => b.emit("maxPool2dPick", [x, u], pool),
  },
  emit("avgPool2d", [[B, 5, 6, 5]], pool),
  emit("avgPool2dGrad", [[B, 3, 4, 5]], { ...pool, size: [5, 6] }),
];
