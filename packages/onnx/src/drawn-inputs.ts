import { elementCount, type HostArray } from "@isthmus/graph";
import { type NoiseKey, randomNormal, randomUniform } from "@isthmus/math";
import { halfBits, halfFloat } from "./data-types.ts";
import { describeOnnx, type OnnxPort } from "./describe.ts";
import type { Feed } from "./feeds.ts";
import { invalid } from "./invalid.ts";
import { storedJson } from "./stored-json.ts";

export interface DrawnInputsOptions {
  /** Items, where the file does not fix them. Default: 1. */
  readonly batch?: number;
  /** Default: 1. */
  readonly seed?: NoiseKey["seed"];
  /** Sizes of other axes that the file only names. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** How many ids there are for an input, where the file does not say what it takes. Default: 2. */
  readonly ids?: ReadonlyMap<string, number>;
}

/** What one input is given. */
export interface DrawnInput {
  /** As `OnnxPort` has it. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** As an imported program takes them: bytes and booleans as u8, other integers as i32, floats as f32. */
  readonly data: HostArray;
}

/**
 * Inputs to try a file on, the same for the same seed: such as its metadata say it takes (`isthmus.inputs`), else standard
 * normal numbers, ids, and bytes of every value.
 *
 * @throws IsthmusError `ONNX_INVALID` for bytes that are no ONNX file, or an input of a type or shape that cannot be drawn
 */
export function drawnInputs(bytes: Uint8Array, options: DrawnInputsOptions = {}): Record<string, DrawnInput> {
  const { inputs, metadata } = describeOnnx(bytes);
  const feeds = (storedJson(metadata, "isthmus.inputs") ?? {}) as Readonly<Record<string, Feed | undefined>>;
  const drawn = inputs.map((port) => {
    const shape = shapeOf(port, options);
    const key = { seed: options.seed ?? 1, stream: `inputs/${port.name}` };
    const data = numbers(port, new Float32Array(elementCount(shape)), { key, feed: feeds[port.name], ...options });
    return [port.name, { dtype: port.dtype, shape, data }] as const;
  });
  return Object.fromEntries(drawn);
}

/** A first axis that is open is the batch, and so is any of its name. */
function shapeOf({ name, shape }: OnnxPort, { batch = 1, sizes = {} }: DrawnInputsOptions): number[] {
  return shape.map((dim, axis) => {
    if (typeof dim === "number") return dim;
    if (dim !== null && Object.hasOwn(sizes, dim)) return sizes[dim]!;
    if (axis === 0 || (dim !== null && dim === shape[0])) return batch;
    throw invalid(`input "${name}" has an open axis ${axis}${dim === null ? "" : ` ("${dim}")`}; give it a size`);
  });
}

/** How the numbers of one input are drawn. */
interface Drawing extends Pick<DrawnInputsOptions, "ids"> {
  readonly key: NoiseKey;
  readonly feed: Feed | undefined;
}

function numbers({ name, dtype }: OnnxPort, draws: Float32Array, { key, feed, ids }: Drawing): HostArray {
  if (dtype === "float16") return floats(draws, feed, key).map((value) => halfFloat(halfBits(value)));
  if (dtype.includes("float")) return floats(draws, feed, key);
  const [least, largest] = feed?.range ?? wholeRange(dtype, ids?.get(name));
  if (least === undefined || largest === undefined) throw invalid(`input "${name}" is of ${dtype}, which is not drawn`);
  randomUniform(draws, key);
  const whole = (share: number): number => least + Math.floor(share * (largest - least + 1));
  return dtype === "bool" || dtype === "uint8" ? Uint8Array.from(draws, whole) : Int32Array.from(draws, whole);
}

function wholeRange(dtype: string, ids = 2): readonly number[] {
  if (dtype === "uint8") return [0, 255];
  if (dtype === "bool") return [0, 1];
  return dtype.includes("int") ? [0, ids - 1] : [];
}

function floats(out: Float32Array, feed: Feed | undefined, key: NoiseKey): Float32Array {
  if (feed?.range) {
    const [least, largest] = feed.range;
    randomUniform(out, key);
    return out.map((share) => least + (largest - least) * share);
  }
  randomNormal(out, key);
  if (!feed?.units) return out;
  const { offsets, scales } = feed.units;
  return out.map((value, i) => offsets[i % offsets.length]! + scales[i % scales.length]! * value);
}
