import type { JsonObject, Shape } from "../../src/index.ts";

/** Plain, and with everything at once: a stride that leaves rows over, dilation, uneven padding. */
export const plain = { strides: [1, 1], dilations: [1, 1], pads: [0, 0, 0, 0] };
export const moved = { strides: [2, 1], dilations: [1, 2], pads: [1, 0, 1, 2] };

export const pool = { window: [2, 3], strides: [2, 2], pads: [1, 0, 1, 2] };

/** Cases of the three operations of a convolution of x with a filter that makes g. */
export const convolutions =
  <C>(emit: (op: string, shapes: readonly Shape[], attributes: JsonObject) => C) =>
  (name: string, x: Shape, filter: Shape, g: Shape, moves: JsonObject): C[] => [
    emit(name, [x, filter], moves),
    emit(`${name}InputGrad`, [g, filter], { ...moves, size: x.slice(1, 3) }),
    emit(`${name}FilterGrad`, [x, g], { ...moves, window: filter.slice(0, 2) }),
  ];
