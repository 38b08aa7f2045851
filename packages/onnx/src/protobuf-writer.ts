/** Wire types of protobuf's encoding that ONNX uses. */
export const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/**
 * Writes one protobuf message. Fields appear in the order of the calls and repeated numbers are not packed, as
 * proto2 (and so onnx.proto) has it; equal calls give equal bytes.
 */
export class ProtobufWriter {
  private readonly chunks: Uint8Array[] = [];
  private length = 0;

  /** An integer field: int32, int64 or an enumeration. Negative values take ten bytes, as protobuf's int64 does. */
  int(field: number, value: number): this {
    if (!Number.isSafeInteger(value)) throw new RangeError(`"value" expected a safe integer, got ${value}`);
    this.key(field, wire.varint);
    return this.append(varint(BigInt.asUintN(64, BigInt(value))));
  }

  /** A float field, rounded to float32. */
  float(field: number, value: number): this {
    this.key(field, wire.fixed32);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.append(bytes);
  }

  /** The bytes are not copied before `finish`. */
  bytes(field: number, value: Uint8Array): this {
    this.prefix(field, value.length);
    return this.append(value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: ProtobufWriter): this {
    this.prefix(field, value.length);
    for (const chunk of value.chunks) this.append(chunk);
    return this;
  }

  finish(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    let offset = 0;
    for (const chunk of this.chunks) {
      bytes.set(chunk, offset);
      offset += chunk.length;
    }
    return bytes;
  }

  private key(field: number, wireType: number): void {
    this.append(varint(BigInt(field * 8 + wireType)));
  }

  private prefix(field: number, length: number): void {
    this.key(field, wire.bytes);
    this.append(varint(BigInt(length)));
  }

  private append(chunk: Uint8Array): this {
    this.chunks.push(chunk);
    this.length += chunk.length;
    return this;
  }
}

/** Seven bits a byte, lowest first, the top bit set on all but the last. */
function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Uint8Array.from([...bytes, Number(rest)]);
}
