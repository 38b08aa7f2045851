/** Small files of one input `x` and one output `y`, both of floats, about what OpenCV takes and refuses. */
import type { OnnxDim, OnnxNode, Tensor } from "../../src/messages.ts";
import { fileOf, integers, node, port, weights } from "./files.ts";

type Batch = "n" | 2;

interface Shaped {
  readonly batch?: Batch;
  readonly initialisers?: readonly Tensor[];
  /** The axes of `x` behind the batch. Default: one of 4. */
  readonly axes?: readonly number[];
  /** How many axes `y` has. Default: as many as `x`. */
  readonly rank?: number;
}

function file(
  nodes: readonly OnnxNode[],
  { batch = "n", initialisers = [], axes = [4], rank }: Shaped = {},
): Uint8Array {
  const unknown = new Array<OnnxDim>(rank ?? axes.length + 1).fill(null);
  return fileOf({ nodes, inputs: [port("x", [batch, ...axes])], initialisers, outputs: [port("y", unknown)] });
}

const image = [3, 8, 8];
const square = { kernel_shape: [4, 4] };
const rows = { axes: [3, 4] };
const scalar = { initialisers: [weights("c", [])] };
const largest = node("ReduceMax", ["x"], ["m"], { axes: [1] });

const gemm = (transB: number) =>
  file([node("Gemm", ["x", "w"], ["y"], { transB })], { initialisers: [weights("w", transB ? [5, 4] : [4, 5])] });
const upward = (attributes: Readonly<Record<string, readonly number[]>>) =>
  file([node("ConvTranspose", ["x", "w"], ["y"], { strides: [2, 2], ...attributes })], {
    axes: image,
    initialisers: [weights("w", [3, 2, 4, 4])],
  });
const padded = (by: number) =>
  file([node("Pad", ["x", "p"], ["y"])], { axes: image, initialisers: [integers("p", [0, 0, by, 0, 0, 0, 0, 0])] });
const scales = { initialisers: [weights("w", [4, 4], 3, 1), weights("s", []), weights("z", [], 3, 1)] };
const expanded = (batch: Batch) =>
  file([node("Shape", ["x"], ["s"]), node("Expand", ["c", "s"], ["e"]), node("Add", ["x", "e"], ["y"])], {
    batch,
    initialisers: [weights("c", [1, 4])],
  });
const summed = (initialisers: readonly Tensor[]) =>
  file([node("ReduceSum", ["x", ...initialisers.map(({ name }) => name)], ["y"])], { ...rows, initialisers });
const greater = (other: string) =>
  file(
    [node("Tanh", ["x"], ["t"]), node("Greater", ["x", other], ["b"]), node("Cast", ["b"], ["y"], { to: 1 })],
    scalar,
  );

/** Rule -> a file that it is about, what it names there, and a file that it is not about. */
export const opencvCases: Readonly<Record<string, readonly [hit: Uint8Array, where: string, clear: Uint8Array]>> = {
  "gemm-rows": [gemm(0), "the Gemm", gemm(1)],
  "uneven-pads": [
    upward({ pads: [0, 0, 1, 1], ...square }),
    "the ConvTranspose",
    upward({ pads: [1, 1, 1, 1], ...square }),
  ],
  "no-kernel": [upward({ pads: [1, 1, 1, 1] }), "the ConvTranspose", upward({ pads: [1, 1, 1, 1], ...square })],
  "negative-pad": [padded(-1), "the Pad", padded(1)],
  float16: [
    file([node("Cast", ["w"], ["c"], { to: 1 }), node("Add", ["x", "c"], ["y"])], {
      initialisers: [weights("w", [4], 10, 2)],
    }),
    "w",
    file([node("Add", ["x", "w"], ["y"])], { initialisers: [weights("w", [4])] }),
  ],
  "dequantised-weights": [
    file([node("DequantizeLinear", ["w", "s", "z"], ["c"]), node("Gemm", ["x", "c"], ["y"], { transB: 1 })], scales),
    "the DequantizeLinear",
    file([node("QuantizeLinear", ["x", "s", "z"], ["q"]), node("DequantizeLinear", ["q", "s", "z"], ["y"])], scales),
  ],
  "open-shape": [expanded("n"), "the Shape", expanded(2)],
  "sum-axes": [summed([integers("a", [2])]), "the ReduceSum", summed([])],
  "constant-extreme": [
    file([node("Max", ["x", "c"], ["y"])], scalar),
    "the Max",
    file([node("Tanh", ["x"], ["t"]), node("Max", ["x", "t"], ["y"])]),
  ],
  "constant-comparison": [greater("c"), "the Greater", greater("t")],
  stretched: [
    file([largest, node("Mul", ["m", "x"], ["y"])], rows),
    "the Mul",
    file([largest, node("Mul", ["m", "x"], ["y"])], { ...rows, batch: 2 }),
  ],
};

/** Operands of one operator, stretched to each other in every way, some of which OpenCV has. */
export const stretchedCases: readonly (readonly [string, Uint8Array])[] = ["Add", "Sub", "Mul", "Div"].flatMap(
  (opType) =>
    ([[4], [3, 4], [3, 4, 5]] as const).flatMap((axes) =>
      (["n", 2] as const).flatMap((batch) => {
        const told = `${opType} of [${batch}, ${axes.join(", ")}]`;
        const ones = axes.map(() => 1);
        const constants = [[], [1], axes.slice(-1), axes, [axes[0], ...ones.slice(1)], [1, ...axes]];
        const reduced = axes.map((_, i) => i + 1);
        return [
          ...constants.map((dims): [string, Uint8Array] => [
            `${told} and a constant of [${dims.join(", ")}]`,
            file([node(opType, ["x", "c"], ["y"])], { axes, batch, initialisers: [weights("c", dims)] }),
          ]),
          ...reduced.flatMap((axis) =>
            [
              ["x", "m"],
              ["m", "x"],
            ].map((operands): [string, Uint8Array] => [
              `${told} with axis ${axis} of ${operands.join(" and ")} stretched`,
              file([node("ReduceMax", ["x"], ["m"], { axes: [axis] }), node(opType, operands, ["y"])], { axes, batch }),
            ]),
          ),
        ];
      }),
    ),
);
