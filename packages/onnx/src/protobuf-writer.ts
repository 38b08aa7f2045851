import { type Chunked, joined } from "./chunked.ts";
import { type Bytes, bytesOf } from "./lazy-bytes.ts";

/** Wire types of protobuf's encoding that ONNX uses. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Bytes that are no longer than this are copied where they belong; longer ones stay where they are until they are read. */
const COPIED = 1024;

const utf8 = new TextEncoder();

/**
 * Writes one protobuf message. Fields appear in the order of the calls and repeated numbers are not packed, as
 * proto2 (and so onnx.proto) has it; equal calls give equal bytes. Lengths are known before bytes are made.
 */
export class ProtobufWriter implements Chunked {
  private readonly parts: Bytes[] = [];
  /** The short fields since the last part. */
  private short = new Uint8Array(64);
  private used = 0;
  private closed = 0;

  /** Bytes of the message. */
  get length(): number {
    return this.closed + this.used;
  }

  /** An integer field: int32, int64 or an enumeration. Negative values take ten bytes, as protobuf's int64 does. */
  int(field: number, value: number): this {
    if (!Number.isSafeInteger(value)) throw new RangeError(`"value" expected a safe integer, got ${value}`);
    this.key(field, wire.varint);
    if (value >= 0) this.varint(value);
    else this.negative(value);
    return this;
  }

  /** A float field, rounded to float32. */
  float(field: number, value: number): this {
    this.key(field, wire.fixed32);
    this.reserve(4);
    new DataView(this.short.buffer).setFloat32(this.used, value, true);
    this.used += 4;
    return this;
  }

  /** Long ones are not copied, and lazy ones not made, before they are read. */
  bytes(field: number, value: Bytes): this {
    this.prefix(field, value.length);
    return this.append(value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  message(field: number, value: ProtobufWriter): this {
    this.prefix(field, value.length);
    for (const part of value.parts) this.append(part);
    return this.append(value.short.subarray(0, value.used));
  }

  /** The message in pieces. */
  *chunks(): Generator<Uint8Array, void, undefined> {
    for (const part of this.parts) yield bytesOf(part);
    if (this.used > 0) yield this.short.subarray(0, this.used);
  }

  finish(): Uint8Array {
    return joined(this);
  }

  private key(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  private prefix(field: number, length: number): void {
    this.key(field, wire.bytes);
    this.varint(length);
  }

  /** Seven bits a byte, lowest first, the top bit set on all but the last. */
  private varint(value: number): void {
    this.reserve(8);
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.short[this.used++] = (rest % 128) | 128;
    this.short[this.used++] = rest;
  }

  /** As the 64 bits of two's complement. */
  private negative(value: number): void {
    this.reserve(10);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 127n; rest >>= 7n) this.short[this.used++] = Number(rest & 127n) | 128;
    this.short[this.used++] = Number(rest);
  }

  private append(part: Bytes): this {
    if (!(part instanceof Uint8Array) || part.length > COPIED) return this.refer(part);
    this.reserve(part.length);
    this.short.set(part, this.used);
    this.used += part.length;
    return this;
  }

  private refer(part: Bytes): this {
    this.close();
    this.parts.push(part);
    this.closed += part.length;
    return this;
  }

  private close(): void {
    if (this.used === 0) return;
    this.parts.push(this.short.subarray(0, this.used));
    this.closed += this.used;
    this.short = new Uint8Array(64);
    this.used = 0;
  }

  /** Makes room for short fields. */
  private reserve(count: number): void {
    const needed = this.used + count;
    if (needed <= this.short.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.short.length));
    grown.set(this.short);
    this.short = grown;
  }
}
