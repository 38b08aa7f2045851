import type { GraphBuilder, JsonObject, Node } from "@isthmus/graph";
import type { Case, Leaves } from "./operation-cases.ts";

type Pair = readonly [number, number];

/** A smooth function of `count` values, so that images and filters can be had of any shape. */
function wave(build: GraphBuilder, count: number, shift: number): Node {
  const values = Array.from({ length: count }, (_, i) => Math.fround(Math.sin(1.7 * i + shift)));
  return build.constant([count], values);
}

/** `[batch, ...size, channels]`, each image from one value of x. */
function image({ build, x }: Leaves, [height, width]: Pair, channels: number): Node {
  const count = height * width * channels;
  const own = build.sum(x, { axes: [1], keepDims: true });
  return build.reshape(build.tanh(build.add(own, wave(build, count, 0))), ["batch", height, width, channels]);
}

/** Two sizes, so that an odd and an even one are there. */
const size: Pair = [6, 5];

function filter({ build }: Leaves, ...shape: readonly number[]): Node {
  return build.reshape(
    wave(
      build,
      shape.reduce((a, b) => a * b, 1),
      2,
    ),
    shape,
  );
}

const options = {
  same: { padding: "same" },
  "same, stride 2": { padding: "same", strides: 2 },
  "valid, stride 3": { strides: 3 },
  "dilated, same": { padding: "same", dilations: 2 },
  "uneven pads": {
    padding: [
      [1, 0],
      [2, 1],
    ],
    strides: [1, 2],
  },
} as const;

const convolutions = (op: "conv2d" | "depthwiseConv2d"): Record<string, Case> =>
  Object.fromEntries(
    Object.entries(options).map(([name, moves]): [string, Case] => [
      name,
      (leaves) => leaves.build[op](image(leaves, size, 2), filter(leaves, 3, 2, 2, 3), moves),
    ]),
  );

/** Every way in which window, stride and padding may meet: even, cut unevenly, short at the end. */
const transposed: Record<string, Case> = Object.fromEntries(
  (
    [
      [3, 1],
      [3, 2],
      [4, 2],
      [5, 2],
      [2, 2],
      [2, 3],
      [1, 2],
      [6, 3],
    ] as const
  ).flatMap(([window, stride]) =>
    (["same", "valid"] as const).flatMap((padding) =>
      ["", ", bias"].map((bias): [string, Case] => [
        `${window}, stride ${stride}, ${padding}${bias}`,
        (leaves) => {
          const { build } = leaves;
          const y = build.conv2dTranspose(image(leaves, [4, 3], 2), filter(leaves, window, window, 3, 2), {
            strides: stride,
            padding,
          });
          return bias ? build.add(y, build.constant([3], [0.5, -1, 2])) : y;
        },
      ]),
    ),
  ),
);

const pool =
  (op: string, attributes: JsonObject): Case =>
  (leaves) =>
    leaves.build.emit(op, [image(leaves, size, 3)], attributes);
const plain = { window: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] };
const uneven = { window: [3, 2], strides: [2, 1], pads: [2, 1, 0, 1] };

/** Convolutions and pools, alone and one after the other. */
export const imageCases: Record<string, Record<string, Case>> = {
  conv2d: {
    ...convolutions("conv2d"),
    "one channel": (leaves) =>
      leaves.build.conv2d(image(leaves, size, 1), filter(leaves, 3, 3, 1, 1), { padding: "same" }),
    "bias and activation, twice": (leaves) => {
      const { build } = leaves;
      const moves = { strides: 2, padding: "same" } as const;
      const bias = build.constant([4], [0.5, -1, 2, 0]);
      const first = build.relu(
        build.add(build.conv2d(image(leaves, size, 2), filter(leaves, 3, 3, 2, 4), moves), bias),
      );
      return build.softplus(build.add(bias, build.conv2d(first, filter(leaves, 2, 2, 4, 4), moves)));
    },
    "a residual": (leaves) => {
      const { build } = leaves;
      const x = build.conv2d(image(leaves, size, 2), filter(leaves, 1, 1, 2, 3));
      const y = build.add(
        x,
        build.mul(build.scalar(0.5), build.conv2d(build.tanh(x), filter(leaves, 3, 3, 3, 3), { padding: "same" })),
      );
      return build.sum(y, { axes: [1, 2] });
    },
    "a filter that is computed, and read by others too": (leaves) => {
      const { build, column } = leaves;
      const made = build.reshape(column, [1, 1, 1, 3]);
      return build.mul(build.conv2d(image(leaves, size, 1), made), made);
    },
    "cut, padded and joined": (leaves) => {
      const { build } = leaves;
      const x = build.conv2d(image(leaves, size, 2), filter(leaves, 3, 3, 2, 3));
      const rows = build.slice(x, { axis: 1, begin: 1, end: 4 });
      const wide = build.pad(build.slice(rows, { axis: 3, begin: 0, end: 2 }), { axis: 2, before: 2, after: 1 });
      return build.conv2d(build.concat([wide, build.relu(wide)], 3), filter(leaves, 2, 2, 4, 1));
    },
    "a vector of the channels": (leaves) => {
      const { build, column } = leaves;
      const x = build.conv2d(image(leaves, size, 2), filter(leaves, 3, 3, 2, 3));
      return build.mul(build.relu(x), build.reshape(column, [3]));
    },
    "a leaky relu": (leaves) => {
      const { build } = leaves;
      const x = build.conv2d(image(leaves, size, 2), filter(leaves, 3, 3, 2, 3));
      return build.maximum(x, build.mul(build.scalar(0.2), x));
    },
  },
  conv2dInputGrad: transposed,
  depthwiseConv2d: {
    ...convolutions("depthwiseConv2d"),
    "bias, then 1 x 1": (leaves) => {
      const { build } = leaves;
      const y = build.depthwiseConv2d(image(leaves, size, 2), filter(leaves, 3, 3, 2, 1), { padding: "same" });
      return build.conv2d(build.add(y, build.constant([2], [0.5, -1])), filter(leaves, 1, 1, 2, 3));
    },
  },
  depthwiseConv2dInputGrad: {
    "stride 2": (leaves) =>
      leaves.build.emit("depthwiseConv2dInputGrad", [image(leaves, [3, 3], 4), filter(leaves, 3, 2, 2, 2)], {
        strides: [2, 2],
        dilations: [1, 1],
        pads: [1, 1, 0, 0],
        size: [6, 6],
      }),
  },
  maxPool2d: { plain: pool("maxPool2d", plain), "uneven pads": pool("maxPool2d", uneven) },
  avgPool2d: { plain: pool("avgPool2d", plain), "uneven pads": pool("avgPool2d", uneven) },
};
