import { decodeLatents, frequencyTable } from "@isthmus/codec";
import { writeBundle } from "@isthmus/deploy";
import { type BundleUnits, type IntegerPlan } from "@isthmus/edge";
import { rowBytes } from "@isthmus/edge/format";

export interface Copier {
  /** Samples of an item, each its own symbol. */
  readonly samples: number;
  /** Eight times in the id of the model. */
  readonly id?: number;
  /** Of the symbols: samples times this. */
  readonly times?: number;
  readonly units?: BundleUnits;
}

const table = frequencyTable(14, -256, [...Array.from({ length: 513 }, () => 31), 2 ** 14 - 513 * 31]);

/** A bundle that gives each whole number from -128 to 127 as a symbol: what a device encoded can be read from what arrived. */
export function copier({ samples, id = 1, times = 1, units }: Copier): Uint8Array<ArrayBuffer> {
  return writeBundle({
    modelId: new Uint8Array(8).fill(id),
    hashes: { encoder: new Uint8Array(32), tables: new Uint8Array(32), decoder: new Uint8Array(32) },
    ...{ quality: 0, dims: samples, tables: [table], plan: copyPlan(samples, times) },
    ...(units && { units }),
  });
}

export const modelId = (id: number): string => id.toString(16).padStart(2, "0").repeat(8);

/** One dense layer, a multiple of the identity. */
function copyPlan(samples: number, times: number): IntegerPlan {
  const row = rowBytes(samples);
  const weights = new Int8Array(row * samples);
  for (let i = 0; i < samples; i++) weights[i * row + i] = times;
  const channels = Int32Array.from({ length: 4 * samples }, (_, i) => [0, 2 ** 30, 2 ** 30, 30][i % 4]!);
  const constants = Uint8Array.from([...new Uint8Array(weights.buffer), ...new Uint8Array(channels.buffer)]);
  const at = Math.ceil(constants.length / 16) * 16;
  const window = {
    ...{ height: 1, width: 1, channels: samples, yHeight: 1, yWidth: 1, yChannels: samples, rows: 1, columns: 1 },
    ...{ rowStride: 1, columnStride: 1, rowDilation: 1, columnDilation: 1, top: 0, left: 0 },
  };
  const [output, scratch] = [at + row, at + row + rowBytes(4 * samples)];
  const rounding = { zero: 0, low: -(2 ** 31), high: 2 ** 31 - 1, wide: true };
  return {
    version: 1,
    constants,
    memoryBytes: scratch + row,
    input: { address: at, length: samples, scale: 1, zero: 0 },
    outputs: [{ name: "symbols", address: output, length: samples }],
    calls: [
      {
        kernel: "conv2d",
        x: at,
        y: output,
        weights: 0,
        channels: weights.length,
        window,
        padding: 0,
        scratch,
        ...rounding,
      },
    ],
  };
}

/** The symbols of a stream that a copier made, items one after the other. */
export function symbolsOf(stream: Uint8Array, samples: number): number[] {
  return [...decodeLatents(stream, { tables: [table], dims: samples, modelId: stream.slice(4, 12) }).symbols];
}
