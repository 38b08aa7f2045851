import { invalid } from "./invalid.ts";
import { wire } from "./protobuf-writer.ts";

/** How many fields one file may make us keep: bounds memory on hostile bytes, far above any network's need. */
const FIELD_LIMIT = 1_000_000;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** One field of a message. Asking for another kind of value than the bytes hold throws `ONNX_INVALID`. */
export interface Field {
  /** A signed 64-bit integer; beyond 2^53 it is rounded. */
  int(): number;
  /** A repeated integer field's part: one value, or several when packed. */
  ints(): number[];
  float(): number;
  /** A repeated float field's part: one value, or several when packed. */
  floats(): Float32Array;
  /** The same of doubles. */
  doubles(): Float64Array;
  /** A view of the file, not a copy. */
  bytes(): Uint8Array;
  string(): string;
  /** The fields of a message within. */
  message(handlers: Handlers): void;
}

/** Field number -> what to do with it. Fields without a handler are skipped. */
export type Handlers = Readonly<Record<number, (field: Field) => void>>;

/**
 * Walks through the fields of a message in time linear in its length.
 *
 * @throws IsthmusError `ONNX_INVALID` with the offset, for bytes that are not protobuf
 */
export function readMessage(bytes: Uint8Array, handlers: Handlers): void {
  new ProtobufReader(bytes, { fields: FIELD_LIMIT }, 0, bytes.length).read(handlers);
}

class ProtobufReader {
  private readonly all: Uint8Array;
  private readonly budget: { fields: number };
  private readonly end: number;
  private offset: number;

  constructor(all: Uint8Array, budget: { fields: number }, start: number, end: number) {
    this.all = all;
    this.budget = budget;
    this.offset = start;
    this.end = end;
  }

  read(handlers: Handlers): void {
    while (this.offset < this.end) {
      const start = this.offset;
      const key = this.varint();
      const field = this.value(start, Number(key & 7n));
      const handler = handlers[Number(key >> 3n)];
      if (!handler) continue;
      this.spend();
      handler(field);
    }
  }

  /** The value at the offset, which moves behind it. */
  private value(start: number, wireType: number): Field {
    switch (wireType) {
      case wire.varint: {
        const value = signed(this.varint());
        return this.field(start, { int: () => value, ints: () => [value] });
      }
      case wire.fixed64: {
        const at = this.take(8);
        return this.field(start, { doubles: () => new Float64Array(this.copied(start, at, 8, 8)) });
      }
      case wire.fixed32: {
        const at = this.take(4);
        const floats = () => new Float32Array(this.copied(start, at, 4, 4));
        return this.field(start, { float: () => floats()[0]!, floats });
      }
      case wire.bytes: {
        const length = Number(this.varint());
        return this.delimited(start, this.take(length), length);
      }
      default:
        throw invalid(`wire type ${wireType} at byte ${start} is not protobuf's`, { offset: start });
    }
  }

  private delimited(start: number, at: number, length: number): Field {
    const inner = () => new ProtobufReader(this.all, this.budget, at, at + length);
    const bytes = () => this.all.subarray(at, at + length);
    return this.field(start, {
      bytes,
      string: () => utf8.decode(bytes()),
      message: (handlers) => inner().read(handlers),
      ints: () => inner().packed(),
      floats: () => new Float32Array(this.copied(start, at, length, 4)),
      doubles: () => new Float64Array(this.copied(start, at, length, 8)),
    });
  }

  /** The bytes of whole numbers of `width` bytes, aligned. */
  private copied(start: number, at: number, length: number, width: number): ArrayBuffer {
    if (length % width === 0) return new Uint8Array(this.all.subarray(at, at + length)).buffer;
    throw invalid(`the field at byte ${start} holds no whole number of values`, { offset: start });
  }

  private packed(): number[] {
    const values: number[] = [];
    while (this.offset < this.end) {
      this.spend();
      values.push(signed(this.varint()));
    }
    return values;
  }

  /** A field that answers what it can and refuses the rest. */
  private field(start: number, answers: Partial<Field>): Field {
    const refuse = (wanted: string) => () => {
      throw invalid(`the field at byte ${start} is not ${wanted}`, { offset: start });
    };
    return {
      int: refuse("an integer"),
      ints: refuse("integers"),
      float: refuse("a float"),
      floats: refuse("floats"),
      doubles: refuse("doubles"),
      bytes: refuse("bytes"),
      string: refuse("a string"),
      message: refuse("a message"),
      ...answers,
    };
  }

  private spend(): void {
    if (--this.budget.fields < 0) throw invalid(`more than ${FIELD_LIMIT} fields`, { limit: FIELD_LIMIT });
  }

  /** The offset of the next `length` bytes, which must be there. */
  private take(length: number): number {
    const at = this.offset;
    if (length > this.end - at) {
      throw invalid(`truncated: ${length} bytes expected at byte ${at}, ${this.end - at} left`, { offset: at });
    }
    this.offset = at + length;
    return at;
  }

  private varint(): bigint {
    const start = this.offset;
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.all[this.take(1)]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    throw invalid(`the number at byte ${start} is longer than ten bytes`, { offset: start });
  }
}

function signed(value: bigint): number {
  return Number(BigInt.asIntN(64, value));
}
