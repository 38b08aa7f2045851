/** Plans in floats of one call each, random for properties, and what they compute in the plainest way. */
import fc from "fast-check";
import { floatRow } from "../src/format.ts";
import { type FloatCall, type FloatFunctionName, type FloatPlan, type PlanWindow } from "../src/index.ts";
import { convolutionWindows } from "./networks.ts";

/** A call whose operands are given as numbers. */
export type FloatLayer =
  | {
      readonly kernel: "floatConv2d" | "floatDepthwise";
      readonly window: PlanWindow;
      /** As in a plan, but with rows of `yChannels`. */
      readonly weights: readonly number[];
      readonly biases: readonly number[];
    }
  | { readonly kernel: "floatMaxPool"; readonly window: PlanWindow }
  | { readonly kernel: FloatFunctionName; readonly length: number; readonly other: readonly number[] };

const inputsOf = (layer: FloatLayer): number =>
  "window" in layer ? layer.window.height * layer.window.width * layer.window.channels : layer.length;
const outputsOf = (layer: FloatLayer): number =>
  "window" in layer ? layer.window.yHeight * layer.window.yWidth * layer.window.yChannels : layer.length;

const up = (bytes: number): number => (bytes + 15) & -16;

/** A plan of one layer, whose outputs are counted in steps of `step`. */
export function floatPlanOf(layer: FloatLayer, step = 2 ** -10): FloatPlan {
  const constants: number[] = [];
  const append = (values: readonly number[]): number => {
    const at = constants.length;
    const bytes = [...new Uint8Array(Float32Array.from(values).buffer)];
    constants.push(...bytes, ...new Array<number>(up(bytes.length) - bytes.length).fill(0));
    return at;
  };
  const grid = append([step, 0]);
  const row =
    layer.kernel === "floatConv2d" ? floatRow(layer.window.yChannels) : "window" in layer ? layer.window.yChannels : 1;
  const filled = (values: readonly number[], channels: number): number[] =>
    Array.from({ length: (values.length / channels) * row }, (_, i) =>
      i % row < channels ? values[Math.floor(i / row) * channels + (i % row)]! : 0,
    );
  const weights = "weights" in layer ? append(filled(layer.weights, layer.window.yChannels)) : 0;
  const biases = "biases" in layer ? append(filled(layer.biases, layer.window.yChannels)) : 0;
  const other = "other" in layer ? append(layer.other) : 0;
  const x = constants.length;
  const y = x + up(4 * inputsOf(layer));
  const scratch = y + up(4 * (outputsOf(layer) + row));
  const taps = "window" in layer ? layer.window.rows * layer.window.columns * layer.window.channels : 0;
  const call = (
    "length" in layer
      ? {
          ...{ kernel: layer.kernel, x, y, length: layer.length, xLength: layer.length },
          ...{ other, otherLength: layer.other.length },
        }
      : { kernel: layer.kernel, x, y, weights, biases, window: layer.window, scratch }
  ) as FloatCall;
  return {
    version: 2,
    constants: Uint8Array.from(constants),
    memoryBytes: scratch + up(4 * taps),
    input: { address: x, length: inputsOf(layer) },
    outputs: [{ name: "y", address: y, length: outputsOf(layer), grid, channels: 1 }],
    calls: [call],
  };
}

const float = fc
  .oneof(
    fc.double({ min: -4, max: 4, noNaN: true }),
    fc.constantFrom(0, -0, 1, -1, 2 ** -24, 0.93, 87, -87, 88.7, -104, 2 ** -130),
  )
  .map(Math.fround);
const floats = (length: number): fc.Arbitrary<number[]> =>
  fc.array(float, { minLength: length, maxLength: length, size: "max" });

const windowed: fc.Arbitrary<FloatLayer> = convolutionWindows.chain(({ kernel, window }) => {
  const isDepthwise = kernel === "depthwise";
  const taps = window.rows * window.columns * (isDepthwise ? 1 : window.channels);
  return fc.record({
    kernel: fc.constant(isDepthwise ? ("floatDepthwise" as const) : ("floatConv2d" as const)),
    window: fc.constant(window),
    weights: floats(taps * window.yChannels),
    biases: floats(window.yChannels),
  });
});

const pool: fc.Arbitrary<FloatLayer> = convolutionWindows.map(({ window }) => ({
  kernel: "floatMaxPool",
  window: { ...window, yChannels: window.channels },
}));

export const MAPS = ["abs", "sqrt", "exp", "expm1", "erf", "sigmoid", "tanh", "softplus"] as const;
export const JOINS = ["add", "sub", "mul", "div", "maximum", "minimum"] as const;

const elementwise: fc.Arbitrary<FloatLayer> = fc
  .tuple(
    fc.constantFrom<FloatFunctionName>(...MAPS, ...JOINS),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 4 }),
  )
  .chain(([kernel, fours, others]) => floats(4 * others).map((other) => ({ kernel, length: 4 * fours, other })));

/** A layer and an item for it. */
export const floatLayers: fc.Arbitrary<{ readonly layer: FloatLayer; readonly item: readonly number[] }> = fc
  .oneof(windowed, pool, elementwise)
  .chain((layer) => floats(inputsOf(layer)).map((item) => ({ layer, item })));

const f = Math.fround;

/** What docs/float.md says, of a call with a window: each product and each sum rounded, in one order. */
export function expectedFloats(layer: Extract<FloatLayer, { window: unknown }>, x: readonly number[]): number[] {
  const { kernel, window: w } = layer;
  const times = w.yChannels / w.channels;
  const out: number[] = [];
  for (let i = 0; i < w.yHeight; i++) {
    for (let j = 0; j < w.yWidth; j++) {
      for (let c = 0; c < w.yChannels; c++) {
        let value = "biases" in layer ? layer.biases[c]! : -Infinity;
        for (let tap = 0; tap < w.rows * w.columns; tap++) {
          const row = i * w.rowStride - w.top + Math.floor(tap / w.columns) * w.rowDilation;
          const column = j * w.columnStride - w.left + (tap % w.columns) * w.columnDilation;
          const inside = row >= 0 && row < w.height && column >= 0 && column < w.width;
          const at = (d: number): number => x[(row * w.width + column) * w.channels + d]!;
          if (kernel === "floatConv2d")
            for (let d = 0; d < w.channels; d++)
              value = f(value + f((inside ? at(d) : 0) * layer.weights[(tap * w.channels + d) * w.yChannels + c]!));
          else if (inside && kernel === "floatDepthwise")
            value = f(value + f(at(Math.floor(c / times)) * layer.weights[tap * w.yChannels + c]!));
          else if (inside) value = Math.max(value, at(c));
        }
        out.push(value);
      }
    }
  }
  return out;
}
