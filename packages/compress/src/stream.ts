import {
  checkLatents,
  decodeLatents,
  dequantise,
  encodeLatents,
  noteFields,
  notesOf,
  quantise,
  uniformQuantiser,
  unpackTables,
} from "@isthmus/codec";
import type {
  DecodeLatentsOptions,
  EncodeLatentsOptions,
  LatentFacts,
  Latents,
  LatentTables,
  LostPayload,
  Steps,
  StreamNotes,
  UniformQuantiser,
} from "@isthmus/codec";
import { codingProblem, type Engine, type LatentCoding, type Model, modelHashes } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { type Batches, inferLatents, latentDims } from "./latents.ts";
import { openNetwork } from "./network.ts";

/** Latents that came out of a stream: the middles of the bins, [items, dims]. */
export interface DecodedLatents {
  readonly items: number;
  readonly dims: number;
  readonly values: Float32Array;
  /** Of latents that came out of a file: its streams, in their order. */
  readonly streams?: readonly DecodedStream[];
}

export interface DecodedStream extends StreamNotes {
  readonly items: number;
  /** Which of the model's qualities it was encoded at. */
  readonly quality: number;
  /** Payloads whose latents were replaced by the medians of their tables. */
  readonly lost: readonly LostPayload[];
}

/** What the stream says beside its items (`filledRows` where these are windows, `geometry` where they are tiles), and how. */
export interface EncodeStreamOptions extends StreamNotes, Pick<EncodeLatentsOptions, "tryDeflate" | "itemsPerFrame"> {
  /** Of each frame, groups of channels, of which a reader can do without some. Default: as many as the model was trained for, else 1. */
  readonly payloads?: number;
  /** Which of the model's qualities, from 0. Default: 0. */
  readonly quality?: number;
}

/** What decoding a model's streams needs of it: plain data, which can be sent to where that is done. */
export interface StreamCodec {
  readonly coding: LatentCoding;
  /** Symbols of an item. */
  readonly dims: number;
  /** 8 bytes. */
  readonly modelId: Uint8Array;
}

/**
 * Of a model whose coding fits its encoder.
 *
 * @throws IsthmusError `MODEL_NO_CODING`, `MODEL_CODING` or `TABLE_*`: the model's coding is missing or is not its own
 */
export function streamCodec(model: Model): StreamCodec {
  const { coding } = model;
  if (!coding) {
    throw new IsthmusError(
      "MODEL_NO_CODING",
      "the model holds no frequency tables; fit them with fitCoding when it is trained",
    );
  }
  const problem = codingProblem(model) ?? tablesProblem(unpackTables(coding.tables).length, coding);
  if (problem) throw new IsthmusError("MODEL_CODING", `the model's coding does not fit its encoder: ${problem}`);
  return { coding, dims: latentDims(model), modelId: modelHashes(model).id };
}

/** Who made a stream, and how its integers are made and counted at each quality. */
interface StreamCoding {
  readonly tables: LatentTables;
  readonly quantisers: readonly UniformQuantiser[];
  /** Of the way back, where each bin's middle has its channel's gain. */
  readonly dequantisers: readonly UniformQuantiser[];
}

function streamCoding({ coding, dims, modelId }: StreamCodec): StreamCoding {
  const { steps, offsets, gains, qualities = 1 } = coding;
  const channels = steps.length / qualities;
  const ofEachQuality = (widths: Float32Array): UniformQuantiser[] =>
    Array.from({ length: qualities }, (_, quality) => {
      const [from, to] = [quality * channels, (quality + 1) * channels];
      return uniformQuantiser(widths.subarray(from, to), offsets.subarray(from, to));
    });
  const quantisers = ofEachQuality(steps);
  return {
    tables: { tables: unpackTables(coding.tables), qualities, dims, modelId },
    quantisers,
    dequantisers: gains ? ofEachQuality(steps.map((step, i) => step * gains[i]!)) : quantisers,
  };
}

function tablesProblem(tables: number, { steps, qualities = 1 }: LatentCoding): string | undefined {
  const of = qualities === 1 ? `${steps.length} latents` : `${steps.length} steps of ${qualities} qualities`;
  return tables === steps.length ? undefined : `${tables} frequency tables for ${of}`;
}

/**
 * Items to an `.isth` stream: encoder, quantiser, rANS.
 *
 * @throws IsthmusError `MODEL_NO_CODING`, `MODEL_CODING` or `TABLE_*`: the model's coding is missing or is not its own
 * @throws RangeError for a quality that the model does not have, more payloads than it has channels, or notes out of range
 */
export async function encodeStream(
  engine: Engine,
  model: Model,
  batches: Batches,
  options: EncodeStreamOptions = {},
): Promise<Uint8Array> {
  const write = streamWriter(model, options);
  const { values } = await inferLatents(engine, model, batches);
  return write(values);
}

/** Checks what a stream is to be before the work begins, and makes it of the items' codes, [items, dims]; throws as `encodeStream`. */
export function streamWriter(
  model: Model,
  { quality = 0, payloads = model.coding?.payloads, tryDeflate, itemsPerFrame, ...notes }: EncodeStreamOptions,
): (values: Float32Array) => Uint8Array {
  const { quantisers, tables } = streamCoding(streamCodec(model));
  const quantiser = quantisers[quality];
  if (!quantiser) throw new RangeError(`"quality" expected ${qualitiesText(quantisers.length)}, got ${quality}`);
  const ancillary = noteFields(notes);
  return (values) =>
    encodeLatents(quantise(values, quantiser), {
      ...tables,
      quality,
      ancillary,
      ...(payloads !== undefined && { payloads }),
      ...(tryDeflate !== undefined && { tryDeflate }),
      ...(itemsPerFrame !== undefined && { itemsPerFrame }),
    });
}

function qualitiesText(count: number): string {
  return count === 1 ? "0, the model's only one" : `an integer 0 to ${count - 1}`;
}

/**
 * An `.isth` stream to latents; integers up to the last step, so every engine and machine gets the same. With `lost` of
 * `replace` the latents of lost payloads become the medians of their tables, and each stream says which these were.
 *
 * @throws IsthmusError `BITSTREAM_*` with the byte offset; `MODEL_NO_CODING`, `MODEL_CODING` or `TABLE_*` as
 *   `encodeStream`
 */
export function decodeStreamLatents(
  model: Model,
  bytes: Uint8Array,
  options: Pick<DecodeLatentsOptions, "lost" | "limits"> = {},
): DecodedLatents {
  const { items, dims, values, streams } = latentDecoder(streamCodec(model))(bytes, options);
  return { items, dims, values, streams };
}

/** Latents with the integers that they were sent as, [items, dims]. */
export interface DecodedSymbols extends DecodedLatents {
  readonly symbols: Int32Array;
  readonly streams: readonly DecodedStream[];
}

/**
 * What `decodeStreamLatents` does, for many streams: what does not depend on them is done once.
 *
 * @returns a function that throws IsthmusError `BITSTREAM_*` with the byte offset
 */
export function latentDecoder(
  codec: StreamCodec,
): (bytes: Uint8Array, options?: Pick<DecodeLatentsOptions, "lost" | "limits">) => DecodedSymbols {
  const { dequantisers, tables } = streamCoding(codec);
  return (bytes, options = {}) => {
    const latents = decodeLatents(bytes, { ...tables, ...options });
    const { items, dims, symbols } = latents;
    return { items, dims, symbols, values: middles(latents, dequantisers), streams: withNotes(latents) };
  };
}

/**
 * Finds out whether `latentDecoder` would decode streams, without the memory that their symbols and latents take.
 *
 * @returns a function that gives the work in steps, between which others may have their turn; they end with the streams, or throw
 *   IsthmusError `BITSTREAM_*` as decoding does
 */
export function latentChecker(
  codec: StreamCodec,
): (bytes: Uint8Array, options?: Pick<DecodeLatentsOptions, "limits">) => Steps<readonly DecodedStream[]> {
  const { tables } = streamCoding(codec);
  return function* (bytes, options = {}) {
    return withNotes(yield* checkLatents(bytes, { ...tables, ...options }));
  };
}

function withNotes({ streams }: LatentFacts): DecodedStream[] {
  return streams.map(({ ancillary, ...stream }) => ({ ...stream, ...notesOf(ancillary) }));
}

/** What the decoder is given for the bins that the symbols name: each stream's are those of its quality. */
function middles({ symbols, dims, streams }: Latents, dequantisers: readonly UniformQuantiser[]): Float32Array {
  const values = new Float32Array(symbols.length);
  let at = 0;
  for (const { items, quality } of streams) {
    const end = at + items * dims;
    values.set(dequantise(symbols.subarray(at, end), dequantisers[quality]!), at);
    at = end;
  }
  return values;
}

/** Items a decoder sees at once; it bounds memory, not results. */
const BATCH = 256;

/** Runs `decode` over latents, at most `batch` items at a time, and joins what it returns: [items, features]. */
export async function decodeInBatches(
  { items, dims, values }: DecodedLatents,
  decode: (z: Float32Array, size: number) => Promise<Float32Array>,
  batch: number = BATCH,
): Promise<Float32Array> {
  let all = new Float32Array(0);
  for (let from = 0; from < items; from += batch) {
    const size = Math.min(batch, items - from);
    const part = await decode(values.slice(from * dims, (from + size) * dims), size);
    if (from === 0) all = new Float32Array((part.length / size) * items);
    all.set(part, (part.length / size) * from);
  }
  return all;
}

/** Latents to reconstructions, [items, features], the likelihood's mean. */
export async function decodeItems(engine: Engine, model: Model, latents: DecodedLatents): Promise<Float32Array> {
  const network = await openNetwork(engine, model.decoder, model.parameters);
  try {
    return await decodeInBatches(latents, async (z) => (await network.run({ z }))["reconstruction"] as Float32Array);
  } finally {
    network.dispose();
  }
}
