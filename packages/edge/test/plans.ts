import type { ConvolutionCall, IntegerPlan, PlanCall, PlanWindow } from "../src/index.ts";
import { rowBytes } from "../src/format.ts";

/** A layer as a test writes it. */
export interface Layer {
  readonly kernel: ConvolutionCall["kernel"];
  readonly window: PlanWindow;
  /** conv2d and its transpose: [yChannels][rows * columns * channels]; depthwise: [yChannels][rows * columns]. */
  readonly weights: readonly (readonly number[])[];
  readonly channels: readonly { bias: number; multiplier: number; negative: number; shift: number }[];
  readonly padding: number;
  readonly zero: number;
  readonly low: number;
  readonly high: number;
  readonly wide: boolean;
}

export function denseWindow(inputs: number, outputs: number): PlanWindow {
  return {
    ...{ height: 1, width: 1, channels: inputs, yHeight: 1, yWidth: 1, yChannels: outputs, rows: 1, columns: 1 },
    ...{ rowStride: 1, columnStride: 1, rowDilation: 1, columnDilation: 1, top: 0, left: 0 },
  };
}

export const lengthOfX = ({ height, width, channels }: PlanWindow): number => height * width * channels;
const lengthOfY = ({ yHeight, yWidth, yChannels }: PlanWindow): number => yHeight * yWidth * yChannels;

/** Adds up constants and workspace. */
class Memory {
  readonly constants: number[] = [];
  workspace = 0;

  align(multiple: number): number {
    while (this.constants.length % multiple !== 0) this.constants.push(0);
    return this.constants.length;
  }

  bytes(values: readonly number[]): number {
    const at = this.align(16);
    for (const value of values) this.constants.push(value & 255);
    return at;
  }

  words(values: readonly number[]): number {
    return this.bytes([...new Uint8Array(Int32Array.from(values).buffer)]);
  }

  room(length: number): number {
    const at = this.workspace;
    this.workspace += rowBytes(length);
    return at;
  }
}

const padded = (row: readonly number[]): number[] =>
  Array.from({ length: rowBytes(row.length) }, (_, i) => row[i] ?? 0);

function weightBytes({ kernel, weights }: Layer): number[] {
  if (kernel !== "depthwise") return weights.flatMap(padded);
  return weights[0]!.flatMap((_, tap) => weights.map((channel) => channel[tap]!));
}

/** A plan of the layers, one after the other, a table behind the layer of its index; the last layer is wide. */
export function planOf(
  layers: readonly Layer[],
  tables: Readonly<Record<number, readonly number[]>> = {},
): IntegerPlan {
  const memory = new Memory();
  const placed = layers.map((layer, index) => ({
    layer,
    weights: memory.bytes(weightBytes(layer)),
    channels: memory.words(
      layer.channels.flatMap(({ bias, multiplier, negative, shift }) => [bias, multiplier, negative, shift]),
    ),
    table: tables[index] && memory.bytes(tables[index]),
  }));
  const base = memory.align(16);
  const input = base + memory.room(lengthOfX(layers[0]!.window));
  let x = input;
  const calls: PlanCall[] = placed.flatMap(({ layer, weights, channels, table }) => {
    const { kernel, window, padding, zero, low, high, wide } = layer;
    const y = base + memory.room(lengthOfY(window) * (wide ? 4 : 1));
    const scratch = base + memory.room(window.rows * window.columns * window.channels);
    const call = { kernel, x, y, weights, channels, window, padding, scratch, zero, low, high, wide };
    x = y;
    return [
      call,
      ...(table === undefined ? [] : [{ kernel: "lookup" as const, x: y, y, table, length: lengthOfY(window) }]),
    ];
  });
  return {
    version: 1,
    constants: Uint8Array.from(memory.constants),
    memoryBytes: base + memory.workspace,
    input: { address: input, length: lengthOfX(layers[0]!.window), scale: 1 / 255, zero: -128 },
    outputs: [{ name: "y", address: x, length: lengthOfY(layers.at(-1)!.window) }],
    calls,
  };
}

/** What the formulas of docs/integer.md say, in big integers and without any of the executor's code. */
export function expectedOf(layer: Layer, x: readonly number[]): number[] {
  const { window: w, kernel, weights, channels, padding, zero, low, high } = layer;
  const at = (row: number, column: number, channel: number): bigint => {
    const whole = Number.isInteger(row) && Number.isInteger(column);
    const inside = whole && row >= 0 && row < w.height && column >= 0 && column < w.width;
    return BigInt(inside ? x[(row * w.width + column) * w.channels + channel]! : padding);
  };
  const out: number[] = [];
  for (let i = 0; i < w.yHeight; i++) {
    for (let j = 0; j < w.yWidth; j++) {
      for (let c = 0; c < w.yChannels; c++) {
        let sum = BigInt(channels[c]!.bias);
        let tap = 0;
        for (let r = 0; r < w.rows; r++) {
          for (let l = 0; l < w.columns; l++) {
            const [row, column] =
              kernel === "conv2dTranspose"
                ? [(i + w.top - r * w.rowDilation) / w.rowStride, (j + w.left - l * w.columnDilation) / w.columnStride]
                : [i * w.rowStride - w.top + r * w.rowDilation, j * w.columnStride - w.left + l * w.columnDilation];
            if (kernel === "depthwise") {
              const from = Math.floor(c / (w.yChannels / w.channels));
              sum += at(row, column, from) * BigInt(weights[c]![tap++]!);
            } else {
              for (let d = 0; d < w.channels; d++) sum += at(row, column, d) * BigInt(weights[c]![tap++]!);
            }
          }
        }
        out.push(Number(roundedBig(sum, channels[c]!, { zero, low, high })));
      }
    }
  }
  return out;
}

function roundedBig(
  sum: bigint,
  { multiplier, negative, shift }: Layer["channels"][number],
  { zero, low, high }: { zero: number; low: number; high: number },
): bigint {
  const product = sum * BigInt(sum < 0n ? negative : multiplier);
  const rounded = BigInt(zero) + ((product + (1n << BigInt(shift - 1))) >> BigInt(shift));
  if (rounded < BigInt(low)) return BigInt(low);
  return rounded > BigInt(high) ? BigInt(high) : rounded;
}

/** A pool, behind it its numbers as int32. */
export function poolPlan(window: PlanWindow): IntegerPlan {
  const length = lengthOfY(window);
  const identity = { bias: 0, multiplier: 2 ** 30, negative: 2 ** 30, shift: 30 };
  const weights = Array.from({ length }, (_, i) => Array.from({ length }, (__, k) => (i === k ? 1 : 0)));
  const channels = weights.map(() => identity);
  const bounds = { padding: 0, zero: 0, low: -128, high: 127, wide: true };
  const plan = planOf([{ kernel: "conv2d", window: denseWindow(length, length), weights, channels, ...bounds }]);
  const call = plan.calls[0] as ConvolutionCall;
  const pool: PlanCall = { kernel: "maxPool", x: plan.memoryBytes, y: call.x, window };
  const input = { ...plan.input, address: plan.memoryBytes, length: lengthOfX(window) };
  return { ...plan, memoryBytes: plan.memoryBytes + rowBytes(lengthOfX(window)), input, calls: [pool, call] };
}

/** The largest under each window, in the plainest way. */
export function pooled(w: PlanWindow, x: readonly number[]): number[] {
  const out: number[] = [];
  for (let i = 0; i < w.yHeight; i++) {
    for (let j = 0; j < w.yWidth; j++) {
      for (let c = 0; c < w.channels; c++) {
        const seen = [-128];
        for (let row = 0; row < w.height; row++) {
          for (let column = 0; column < w.width; column++) {
            const r = (row - i * w.rowStride + w.top) / w.rowDilation;
            const k = (column - j * w.columnStride + w.left) / w.columnDilation;
            const isUnder =
              Number.isInteger(r) && r >= 0 && r < w.rows && Number.isInteger(k) && k >= 0 && k < w.columns;
            if (isUnder) seen.push(x[(row * w.width + column) * w.channels + c]!);
          }
        }
        out.push(Math.max(...seen));
      }
    }
  }
  return out;
}
