import type { DecodedStream } from "@isthmus/compress";
import type { ServedModel } from "../models/served-model.ts";
import { Batcher, type BatcherOptions } from "./batcher.ts";
import type { Crew } from "./crew.ts";
import type { Decoded } from "./decoded.ts";
import type { LosslessStream } from "./task.ts";

export interface DecoderParts {
  readonly crew: Crew;
  readonly batching?: Pick<BatcherOptions, "batchItems" | "patienceMs" | "mostItems">;
  readonly onBatch?: (items: number, milliseconds: number) => void;
}

/** Batchers are a few numbers each; more models than these are not decoded at once. */
const MOST_BATCHERS = 256;

/** Turns streams into items. */
export class Decoder {
  private readonly parts: DecoderParts;
  private readonly batchers = new Map<string, Batcher>();

  constructor(parts: DecoderParts) {
    this.parts = parts;
  }

  /** Items that wait to be decoded or are, and pictures and lossless streams that wait. */
  get queued(): number {
    return [...this.batchers.values()].reduce((sum, { queued }) => sum + queued, this.parts.crew.queued);
  }

  /**
   * What each of one or more streams of a model holds, in their order.
   *
   * @throws IsthmusError `BITSTREAM_*`, `OVERLOADED`, `DECODE_FAILED`, `STORE_UNAVAILABLE`
   */
  async decode(model: ServedModel, bytes: Uint8Array): Promise<Decoded[]> {
    if (model.facts.lossless) return (await model.items(bytes)).map((stream) => losslessItems(model, stream));
    const { dims, values, symbols, streams } = model.symbols(bytes);
    let at = 0;
    const decoded = streams.map((stream) => {
      const [from, to] = [at, (at += stream.items * dims)];
      return this.stream(model, stream, values.slice(from, to), symbols.subarray(from, to));
    });
    return await Promise.all(decoded);
  }

  private async stream(
    model: ServedModel,
    { items, geometry, seamless = false, filledRows = 0 }: DecodedStream,
    latents: Float32Array,
    symbols: Int32Array,
  ): Promise<Decoded> {
    if (geometry) {
      const { height, width, channels } = geometry;
      const values = await this.parts.crew.do("picture", { latents, items, geometry, seamless }, model);
      return { count: 1, shape: [height, width, channels], values, isPicture: true, symbols, filledRows: 0 };
    }
    const { shape } = model.facts;
    const values = items === 0 ? new Float32Array(0) : await this.batcher(model).decode(latents, items);
    return { count: items, shape, values, isPicture: false, symbols, filledRows };
  }

  private batcher(model: ServedModel): Batcher {
    const known = this.batchers.get(model.id);
    if (known) return known;
    const { crew, batching, onBatch } = this.parts;
    const run = (latents: Float32Array, items: number): Promise<Float32Array> =>
      crew.do("decode", { latents, items }, model);
    const made = new Batcher({ ...batching, run, ...(onBatch && { onBatch }) });
    if (this.batchers.size >= MOST_BATCHERS) this.batchers.delete([...this.batchers.keys()][0]!);
    this.batchers.set(model.id, made);
    return made;
  }
}

function losslessItems({ facts }: ServedModel, { items, geometry, values }: LosslessStream): Decoded {
  const isPicture = geometry !== undefined;
  const shape = geometry ? [geometry.height, geometry.width, geometry.channels] : facts.shape;
  const shown = facts.lossless!.binary ? values.map((value) => 255 * value) : values;
  return { count: isPicture ? 1 : items, shape, values: shown, isPicture, symbols: new Int32Array(0), filledRows: 0 };
}
