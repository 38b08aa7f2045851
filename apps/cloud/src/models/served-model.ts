import { type FrameLimits, readFrames } from "@isthmus/codec";
import {
  type DecodedStream,
  type DecodedSymbols,
  latentChecker,
  latentDecoder,
  requireGeometry,
  type TileShape,
} from "@isthmus/compress";
import { type DataDescription, parseDescription } from "@isthmus/data";
import { elementCount } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import type { Crew } from "../decode/crew.ts";
import type { ModelFacts } from "../decode/model-facts.ts";
import type { LosslessStream } from "../decode/task.ts";
import type { LongWork } from "../long-work.ts";
import type { Claim } from "./claim.ts";
import { rawBytesOf } from "./raw-bytes.ts";

/** What a stream holds, once it is known that it decodes. */
export interface StreamFacts {
  readonly items: number;
  /** Bytes that the items were before they were encoded. */
  readonly rawBytes: number;
}

/** A model as what arrives is checked by it. */
interface CheckingModel {
  /** 16 hex digits. */
  readonly id: string;
  /**
   * Finds out whether a stream decodes, as far as integers go, and keeps none of them.
   *
   * @param work that this is part of: it rests between steps
   * @throws IsthmusError `BITSTREAM_*` with the `offset` in its details, for one that does not decode or holds more than is accepted
   */
  check(stream: Uint8Array, work: LongWork): Promise<StreamFacts>;
}

/** The models that are there. */
export interface Models<M extends CheckingModel = CheckingModel> {
  /** Rejects with `STORE_UNAVAILABLE` where it cannot be known. */
  find(id: string): Promise<M | undefined>;
}

export interface ServedModelParts {
  readonly facts: ModelFacts;
  /** The model's file, for a process that is to open it. */
  readonly file: () => Promise<Uint8Array>;
  readonly crew: Pick<Crew, "do">;
  /** Numbers that a stream may decode to. */
  readonly maxValues: number;
}

/** A model of the service: what it knows of it without running its networks. */
export class ServedModel implements CheckingModel {
  readonly facts: ModelFacts;
  readonly description: DataDescription | undefined;
  readonly file: () => Promise<Uint8Array>;
  private readonly crew: ServedModelParts["crew"];
  private readonly maxValues: number;
  private readonly bundles = new Map<number, Promise<Uint8Array>>();
  private readonly checker: ReturnType<typeof latentChecker> | undefined;
  private readonly decoder: ReturnType<typeof latentDecoder> | undefined;

  constructor({ facts, file, crew, maxValues }: ServedModelParts) {
    this.facts = facts;
    this.file = file;
    this.crew = crew;
    this.maxValues = maxValues;
    this.description = facts.data && parseDescription(facts.data);
    this.checker = facts.codec && latentChecker(facts.codec);
    this.decoder = facts.codec && latentDecoder(facts.codec);
  }

  get id(): string {
    return this.facts.id;
  }

  /** Numbers of an item. */
  get features(): number {
    return elementCount(this.facts.shape);
  }

  async check(stream: Uint8Array, work: LongWork): Promise<StreamFacts> {
    const streams = this.facts.lossless ? await this.items(stream) : await this.checked(stream, work);
    requireOne(streams.length, stream);
    const [only] = streams as readonly [(typeof streams)[number]];
    return { items: only.items, rawBytes: rawBytesOf(this, only) };
  }

  /** What one or more streams of a lossless coder hold; in another process, as its networks run. */
  async items(stream: Uint8Array): Promise<readonly LosslessStream[]> {
    return await this.crew.do("lossless", { stream, maxValues: this.maxValues }, this);
  }

  /** How many qualities its streams can have; 0 of a lossless coder. */
  get qualities(): number {
    const { codec } = this.facts;
    return codec ? (codec.coding.qualities ?? 1) : 0;
  }

  /**
   * Its encoder in float32, for devices; made when it is first asked for.
   *
   * @throws IsthmusError `DEPLOY_*` for an encoder that devices cannot run, `DECODE_FAILED`, `OVERLOADED`
   */
  async bundle(quality: number): Promise<Uint8Array> {
    const known = this.bundles.get(quality) ?? this.crew.do("bundle", { quality }, this);
    this.bundles.set(quality, known);
    return await known.catch((error: unknown) => {
      this.bundles.delete(quality);
      throw error;
    });
  }

  /** Whether it decodes so much. */
  takes({ items, symbols }: Pick<Claim, "items" | "symbols">): boolean {
    return Math.max(items * this.features, symbols) <= this.maxValues;
  }

  /** The symbols and latents of one or more streams. */
  symbols(bytes: Uint8Array): DecodedSymbols {
    const decoded = this.decoder!(bytes, { limits: this.limits });
    this.requireGeometries(decoded.streams);
    return decoded;
  }

  /** The same streams without their symbols. */
  private async checked(bytes: Uint8Array, work: LongWork): Promise<readonly DecodedStream[]> {
    const streams = await work.run(this.checker!(bytes, { limits: this.limits }));
    this.requireGeometries(streams);
    return streams;
  }

  private get limits(): Pick<FrameLimits, "symbols" | "items"> {
    const most = this.maxValues;
    return { symbols: most, items: Math.min(Math.floor(most / this.features), 2 ** 24) };
  }

  private requireGeometries(streams: readonly DecodedStream[]): void {
    for (const { items, geometry } of streams) {
      if (geometry) requireGeometry(items, geometry, this.facts.shape as TileShape);
    }
  }
}

/** A parcel has one stream. */
function requireOne(streams: number, bytes: Uint8Array): void {
  if (streams === 1) return;
  let offset = 0;
  for (const frame of readFrames(bytes)) {
    offset = frame.offset + frame.byteLength;
    if (frame.last) break;
  }
  throw new IsthmusError("BITSTREAM_UNSUPPORTED", `byte ${offset}: another stream begins; a parcel has one`, {
    offset,
  });
}
