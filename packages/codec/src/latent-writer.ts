/** The sending half of a device: symbols to one frame in a caller's memory, without allocating. */
import { fixedWidthLength, widthOf, writeFixedWidth } from "./fixed-width.ts";
import {
  checkInteger,
  checkModelId,
  closeFrame,
  FRAME_LIMITS,
  frameHead,
  type PayloadCoding,
  SYMBOLS_PER_FRAME,
} from "./frame.ts";
import type { FrequencyTable } from "./frequency-table.ts";
import { numberBytes } from "./numbers.ts";
import { codeSymbols, symbolCoder, writeCoded } from "./rans.ts";

export interface LatentWriterOptions {
  /** One for each channel of the one quality that is written. */
  readonly tables: readonly FrequencyTable[];
  /** Symbols of an item, a multiple of the channels. */
  readonly dims: number;
  /** 8 bytes. */
  readonly modelId: Uint8Array;
  readonly quality: number;
}

/**
 * Writes what `encodeLatents` writes with one payload and one frame, byte for byte, but never deflates: where tables fit, and for
 * fewer than 64 symbols, that is all the same. It keeps its memory, so that writing allocates nothing once it has written as much before.
 */
export class LatentWriter {
  readonly dims: number;
  private readonly options: LatentWriterOptions;
  private readonly coder = symbolCoder();
  /** Header and fields of a frame of so many items. */
  private head: { readonly items: number; readonly bytes: Uint8Array } | undefined;
  /** Of the payload that was coded last. */
  private width = 0;
  private coding: PayloadCoding = "learned";

  /** @throws TypeError, RangeError a model id, a quality or dimensions that no frame can hold */
  constructor(options: LatentWriterOptions) {
    checkModelId(options.modelId);
    checkInteger("quality", options.quality, 0, 255);
    checkInteger("dims", options.dims, 1, FRAME_LIMITS.dims);
    this.dims = options.dims;
    this.options = options;
  }

  /**
   * One stream of one frame.
   *
   * @param symbols of which the first `items` items are written
   * @param into at least {@link mostFrameBytes} from `at` on, unless the frame is known to be shorter
   * @returns how many bytes were written
   * @throws RangeError when the frame does not fit, or is larger than a frame may be
   */
  write(symbols: Int32Array, items: number, into: Uint8Array, at: number): number {
    const head = this.headOf(items);
    const body = at + head.length;
    const length = this.code(symbols, items);
    if (body + length > into.length) {
      throw new RangeError(`"into" expected ${head.length + length} bytes from ${at} on, got ${into.length - at}`);
    }
    into.set(head, at);
    this.writePayload(symbols, items, into, body);
    closeFrame(into, at, body, body + length, this.coding);
    return head.length + length;
  }

  /** The payload of a session's message: how many items, then these. */
  message(symbols: Int32Array, items: number): { readonly coding: PayloadCoding; readonly bytes: Uint8Array } {
    const count = numberBytes(items);
    const bytes = new Uint8Array(count.length + this.code(symbols, items));
    bytes.set(count);
    this.writePayload(symbols, items, bytes, count.length);
    return { coding: this.coding, bytes };
  }

  /** By rANS, unless integers of one width are shorter. Returns the length of the payload. */
  private code(symbols: Int32Array, items: number): number {
    const count = items * this.dims;
    const learned = codeSymbols(this.coder, symbols, count, this.options.tables);
    this.width = widthOf(symbols, count);
    const raw = fixedWidthLength(count, this.width);
    this.coding = learned <= raw ? "learned" : "raw";
    return Math.min(learned, raw);
  }

  private writePayload(symbols: Int32Array, items: number, into: Uint8Array, at: number): void {
    if (this.coding === "learned") writeCoded(this.coder, into, at);
    else writeFixedWidth(symbols, items * this.dims, this.width, into, at);
  }

  private headOf(items: number): Uint8Array {
    if (this.head?.items !== items) {
      const { modelId, quality, dims } = this.options;
      checkInteger("items * dims", items * dims, 0, SYMBOLS_PER_FRAME);
      const frame = { modelId, quality, items, dims, sequence: 0, last: true, ancillary: [] };
      this.head = { items, bytes: frameHead(frame, 1) };
    }
    return this.head.bytes;
  }
}
