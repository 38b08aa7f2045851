/** The coders of `codec-sensors`: each gives bits for windows of a series, and what comes back out of them. */
import { brotliCompressSync, constants, deflateSync } from "node:zlib";
import { decodeLatents, dequantise, encodeLatents, quantise, uniformQuantiser, unpackTables } from "@isthmus/codec";
import type { UniformQuantiser } from "@isthmus/codec";
import { fitTables } from "@isthmus/compress";
import type { Dataset } from "@isthmus/data";
import type { Pca } from "../demo/pca.ts";
import { project } from "../demo/pca.ts";

/** What a coder needs at one of its steps, and what it loses. */
export interface SensorPoint {
  readonly bitsPerSample: number;
  /** Per cent: 100 sqrt(sum (x - x')^2 / sum (x - mean)^2), over the test windows. */
  readonly prd: number;
}

/** With x about the mean of the samples that are measured. */
export function point(dataset: Dataset, decoded: Float32Array, bytes: number): SensorPoint {
  const x = dataset.values as Float32Array;
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const [error, energy] = x.reduce(
    ([e, all], value, i) => [e + (value - decoded[i]!) ** 2, all + (value - mean) ** 2] as const,
    [0, 0] as readonly [number, number],
  );
  return { bitsPerSample: (8 * bytes) / x.length, prd: 100 * Math.sqrt(error / energy) };
}

/** Codes to one `.isth` stream under tables fitted on training codes, and back; the header counts. */
export function throughStream(
  train: { readonly items: number; readonly dims: number; readonly values: Float32Array },
  codes: Float32Array,
  quantiser: UniformQuantiser,
): { readonly bytes: number; readonly decoded: Float32Array } {
  const coding = { tables: unpackTables(fitTables(train, [quantiser]).tables), modelId: new Uint8Array(8) };
  const bytes = encodeLatents(quantise(codes, quantiser), coding);
  return { bytes: bytes.length, decoded: dequantise(decodeLatents(bytes, coding).symbols, quantiser) };
}

/** A linear transform, one step for all its coefficients, and the coder that the learned one has. */
export function linearPoint(basis: Pca, train: Dataset, test: Dataset, step: number): SensorPoint {
  const dims = basis.components.length;
  const quantiser = uniformQuantiser(new Float32Array(dims).fill(step));
  const known = { items: train.items, dims, values: project(basis, train) };
  const { bytes, decoded } = throughStream(known, project(basis, test), quantiser);
  return point(test, recombined(basis, decoded), bytes);
}

/** The mean and the components in their shares: [items, features]. */
function recombined({ mean, components }: Pca, coordinates: Float32Array): Float32Array {
  const [dims, features] = [components.length, mean.length];
  return Float32Array.from({ length: (coordinates.length / dims) * features }, (_, i) => {
    const from = Math.floor(i / features) * dims;
    const feature = i % features;
    return components.reduce((sum, component, k) => sum + coordinates[from + k]! * component[feature]!, mean[feature]!);
  });
}

/** The discrete cosine transform (Ahmed, Natarajan, Rao 1974), orthonormal, about 0. */
export function cosineBasis(window: number): Pca {
  const row = (k: number) =>
    Float64Array.from({ length: window }, (_, n) => {
      return Math.sqrt((k === 0 ? 1 : 2) / window) * Math.cos((Math.PI * (2 * n + 1) * k) / (2 * window));
    });
  return { mean: new Float64Array(window), components: Array.from({ length: window }, (_, k) => row(k)) };
}

export type DeltaCoder = "bit-packing" | "zlib" | "brotli";

/** Samples rounded to steps, the difference to the one before, and a coder of bytes or of blocks of bits. */
export function deltaPoint(test: Dataset, step: number, coder: DeltaCoder): SensorPoint {
  const x = test.values as Float32Array;
  const rounded = Int32Array.from(x, (value) => Math.round(value / step));
  const deltas = rounded.map((value, i) => value - (i === 0 ? 0 : rounded[i - 1]!));
  const decoded = Float32Array.from(rounded, (value) => value * step);
  return point(test, decoded, deltaBytes(deltas, coder));
}

function deltaBytes(deltas: Int32Array, coder: DeltaCoder): number {
  if (coder === "bit-packing") return packedBytes(deltas);
  const isSmall = deltas.every((delta) => delta >= -128 && delta <= 127);
  const bytes = new Uint8Array((isSmall ? Int8Array.from(deltas) : Int16Array.from(deltas)).buffer);
  if (coder === "zlib") return deflateSync(bytes, { level: 9 }).length;
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
}

const BLOCK = 8;

/** Blocks of 8 with the width that the widest needs, in 4 bits, as Sprintz has (Blalock, Madden, Guttag 2018). */
function packedBytes(deltas: Int32Array): number {
  let bits = 0;
  for (let from = 0; from < deltas.length; from += BLOCK) {
    const block = deltas.subarray(from, from + BLOCK);
    const widest = block.reduce((most, delta) => Math.max(most, delta < 0 ? -2 * delta - 1 : 2 * delta), 0);
    bits += 4 + block.length * (32 - Math.clz32(widest));
  }
  return Math.ceil(bits / 8);
}
