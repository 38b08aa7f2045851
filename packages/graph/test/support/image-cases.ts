import type { JsonObject, Shape } from "../../src/index.ts";
import { convolutions, moved, plain, pool } from "../conformance/image-moves.ts";
import type { Case } from "./gradients.ts";

const emit = (op: string, shapes: readonly Shape[], attributes: JsonObject, more: Partial<Case> = {}): Case => ({
  name: `${op} ${JSON.stringify({ shapes, ...attributes })}`,
  shapes,
  f: (build, inputs) => build.emit(op, inputs, attributes),
  ...more,
});

const convolution = convolutions<Case>(emit);

/** Distinct, in no order, so that no step of a difference makes a tie or changes the winner. */
const shuffled = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => ((i * 37) % 101) / 20 - 2.5);

/** Convolutions and pools for the tests of derivatives. */
export const imageCases: readonly Case[] = [
  ...convolution("conv2d", ["batch", 3, 2, 2], [2, 2, 2, 1], ["batch", 2, 1, 1], plain),
  ...convolution("conv2d", [1, 4, 3, 1], [2, 3, 1, 2], [1, 2, 2, 2], moved),
  ...convolution("depthwiseConv2d", ["batch", 2, 2, 2], [1, 2, 2, 2], ["batch", 2, 1, 4], plain),
  ...convolution("depthwiseConv2d", [1, 4, 3, 2], [2, 3, 2, 1], [1, 2, 2, 2], moved),
  emit("maxPool2d", [[1, 3, 4, 2]], pool, { values: [shuffled(24)] }),
  emit(
    "maxPool2dGrad",
    [
      [1, 3, 4, 2],
      [1, 2, 3, 2],
    ],
    pool,
    { values: [shuffled(24), shuffled(12)] },
  ),
  emit(
    "maxPool2dPick",
    [
      [1, 3, 4, 2],
      [1, 3, 4, 2],
    ],
    pool,
    { values: [shuffled(24), shuffled(24).map((x) => 1 - x)] },
  ),
  emit("avgPool2d", [["batch", 3, 4, 1]], pool),
  emit("avgPool2dGrad", [["batch", 2, 3, 1]], { ...pool, size: [3, 4] }),
];
