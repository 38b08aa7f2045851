/** Hostile inputs, drawn from fixed seeds: each is refused by a code that says where, or decoded rightly. */
import { IsthmusError } from "@isthmus/math";
import { beforeAll, expect, it } from "vitest";
import { crc16 } from "../../src/crc16.ts";
import {
  crc32c,
  decodeLatents,
  encodeLatents,
  encodeSymbols,
  fitFrequencyTables,
  FRAME_HEADER_BYTES,
  type FrequencyTable,
  joinSessions,
  medianSymbol,
  openSession,
  packTables,
  readFrames,
  unpackTables,
} from "../../src/index.ts";
import { bellSymbols, uniforms } from "./index.ts";

const INT32_MAX = 2 ** 31 - 1;
const dims = 3;
const modelId = Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3);
const tables = fitFrequencyTables(bellSymbols(500, dims, 8), dims, { precision: 12, maxSymbols: 12 });
const packed = packTables(tables);
/** What a reader allows who does not expect more. */
const limits = { items: 2 ** 14, symbols: 2 ** 16 };

const symbols = bellSymbols(30, dims, 7);
const far = symbols.map((symbol) => (symbol * 100_003_003) | 0);
const repeated = Int32Array.from({ length: 60 * dims }, (_, i) => symbols[i % (4 * dims)]!);
/** One frame, three frames, no items, some far symbols that are escaped, raw ones, deflated ones, several payloads. */
const streams = [
  encodeLatents(symbols, { tables, modelId }),
  encodeLatents(symbols, { tables, modelId, itemsPerFrame: 12 }),
  encodeLatents(new Int32Array(0), { tables, modelId }),
  encodeLatents(Int32Array.of(...far.subarray(0, 6), ...symbols, ...symbols), { tables, modelId, itemsPerFrame: 40 }),
  encodeLatents(far, { tables, modelId, itemsPerFrame: 20 }),
  encodeLatents(repeated, { tables, modelId, tryDeflate: true }),
  encodeLatents(symbols, { tables, modelId, payloads: 3 }),
  encodeLatents(repeated, { tables, modelId, payloads: 2, tryDeflate: true, itemsPerFrame: 50 }),
];
/** Of each session a hello and three messages, one of them of a few fragments. */
const sessions = [false, true].map((parity) => {
  const sender = openSession({ session: 5, tables, modelId, maxPacketBytes: 40, parity, firstSequence: 65_533 });
  const hello = sender.hello();
  const sent = [symbols.subarray(0, dims), symbols, far].flatMap((message) => sender.encode(message));
  return [hello, ...sent];
});
/** Those of a single frame. */
const single = [0, 2, 5, 6].map((index) => streams[index]!);

/** Whole numbers below n, from one seed. */
type Draw = (n: number) => number;

function drawFrom(seed: number): Draw {
  const uniform = uniforms(seed);
  return (n) => Math.floor(uniform() * n);
}

const pick = <T>(draw: Draw, from: readonly T[]): T => from[draw(from.length)]!;

/** A byte as damage leaves it: one bit flipped, an extreme, a neighbour, or anything. */
function damaged(draw: Draw, byte: number): number {
  return pick(draw, [byte ^ (1 << draw(8)), 0, 255, byte + 1, byte - 1, draw(256)]) & 255;
}

function withDamage(draw: Draw, bytes: Uint8Array, most: number, from = 0): Uint8Array {
  const copy = bytes.slice();
  for (let left = 1 + draw(most); left > 0; left--) {
    const at = from + draw(copy.length - from);
    copy[at] = damaged(draw, copy[at]!);
  }
  return copy;
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + tail.length);
  bytes.set(head);
  bytes.set(tail, head.length);
  return bytes;
}

/** Writes the checksum that a frame over all the bytes should have, and often the lengths too. */
function rechecksummed(draw: Draw, bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields = FRAME_HEADER_BYTES + view.getUint16(14, true);
  if (draw(4) > 0) view.setUint32(16, Math.max(0, bytes.length - fields), true);
  const end = bytes[13]! > 1 ? fields + 7 * bytes[13]! : bytes.length;
  view.setUint32(20, crc32c(bytes.subarray(FRAME_HEADER_BYTES, end), crc32c(bytes.subarray(0, 20))), true);
  return bytes;
}

const random = (draw: Draw): Uint8Array => Uint8Array.from({ length: draw(200) }, () => draw(256));
const PREFIX = Uint8Array.of(0xc9, 0x53, 0x10);

interface Kind {
  readonly name: string;
  readonly seed: number;
  readonly make: (draw: Draw) => Uint8Array;
  /** What must be among the outcomes, so that none of the reader's checks goes untried. */
  readonly outcomes: readonly string[];
}

const kinds: readonly Kind[] = [
  {
    name: "cut short",
    seed: 1,
    make: (draw) => {
      const stream = pick(draw, streams);
      return stream.subarray(0, draw(stream.length));
    },
    outcomes: ["TRUNCATED"],
  },
  {
    name: "with bits flipped",
    seed: 2,
    make: (draw) => {
      const bytes = pick(draw, streams).slice();
      for (let left = 1 + draw(8); left > 0; left--) bytes[draw(bytes.length)]! ^= 1 << draw(8);
      return bytes;
    },
    outcomes: ["CRC", "LIMIT", "MAGIC", "TRUNCATED", "VERSION"],
  },
  {
    name: "spliced from two",
    seed: 3,
    make: (draw) => {
      const [head, tail] = [pick(draw, streams), pick(draw, streams)];
      return joined(head.subarray(0, draw(head.length + 1)), tail.subarray(draw(tail.length + 1)));
    },
    outcomes: ["CRC", "LIMIT", "MAGIC", "SEQUENCE", "TRUNCATED", "VERSION", "decoded"],
  },
  {
    name: "of random bytes",
    seed: 4,
    make: (draw) => (draw(2) ? random(draw) : joined(PREFIX, random(draw))),
    outcomes: ["LIMIT", "MAGIC", "TRUNCATED"],
  },
  {
    name: "damaged under a good checksum",
    seed: 5,
    make: (draw) => {
      const stream = pick(draw, single);
      const cut = draw(4) ? stream : stream.subarray(0, FRAME_HEADER_BYTES + draw(stream.length - FRAME_HEADER_BYTES));
      const from = draw(2) ? 3 : Math.min(FRAME_HEADER_BYTES, cut.length - 1);
      return rechecksummed(draw, withDamage(draw, cut, 4, from));
    },
    outcomes: [
      ...["CRC", "DEFLATE", "DIMS", "END", "LIMIT", "MODEL", "PAYLOAD", "QUALITY", "STATE", "TLV", "TRUNCATED"],
      ...["UNSUPPORTED", "decoded"],
    ],
  },
];

/**
 * Decodes and says how it ended: `decoded`, or the code without its `BITSTREAM_`. Throws unless the bytes are refused
 * with such a code and a place within them, or say just what was decoded.
 */
function outcome(bytes: Uint8Array, set: readonly FrequencyTable[], lost: "refuse" | "replace" = "refuse"): string {
  let decoded;
  try {
    decoded = decodeLatents(bytes, { tables: set, modelId, limits, lost });
  } catch (error) {
    if (!(error instanceof IsthmusError && error.code.startsWith("BITSTREAM_"))) throw error;
    const offset = error.details["offset"] as number;
    if (!(offset >= 0 && offset <= bytes.length)) throw new Error(`${error.code} at ${offset} of ${bytes.length}`);
    return error.code.slice("BITSTREAM_".length);
  }
  if (decoded.symbols.length > limits.symbols) throw new Error(`${decoded.symbols.length} symbols`);
  requireSame(bytes, decoded.symbols, set);
  return decoded.streams.some((stream) => stream.lost.length > 0) ? "replaced" : "decoded";
}

/** A payload of rANS belongs to one row of symbols: coding what was decoded gives it again. Lost ones are medians. */
function requireSame(bytes: Uint8Array, decoded: Int32Array, set: readonly FrequencyTable[]): void {
  let at = 0;
  for (const { items, payloads, found, coding } of readFrames(bytes, { partial: true })) {
    const part = decoded.subarray(at, at + items * set.length);
    payloads.forEach((payload, k) => {
      const [from, to] = [0, 1].map((next) => Math.floor(((k + next) * set.length) / payloads.length));
      const own = part.filter((_, i) => i % set.length >= from! && i % set.length < to!);
      const tablesOf = set.slice(from, to);
      const isRight =
        found[k]!.state === "whole"
          ? coding !== "learned" || Buffer.compare(encodeSymbols(own, tablesOf), payload) === 0
          : own.every((symbol, i) => symbol === medianSymbol(tablesOf[i % tablesOf.length]!));
      if (!isRight) throw new Error(`payload ${k} is not of these symbols`);
    });
    at += part.length;
  }
  if (at !== decoded.length) throw new Error(`${decoded.length} symbols decoded, the frames have ${at}`);
}

/** Runs the cases of one seed and says which outcomes there were; a failure says which case it was. */
function soak(cases: number, seed: number, run: (draw: Draw) => string): string[] {
  const counts = new Map<string, number>();
  const draw = drawFrom(seed);
  for (let index = 0; index < cases; index++) {
    try {
      const result = run(draw);
      counts.set(result, (counts.get(result) ?? 0) + 1);
    } catch (cause) {
      throw new Error(`case ${index} of seed ${seed}`, { cause });
    }
  }
  return [...counts.keys()].sort();
}

/** Another int32 for one of a table's, mostly close to what is allowed. */
function damagedNumber(draw: Draw, value: number): number {
  const anything = drawInt32(draw);
  return (
    pick(draw, [0, -1, 1, value + 1, value - 1, -value, 12 + draw(5), 4096, 65536, INT32_MAX, ~INT32_MAX, anything]) | 0
  );
}

function drawInt32(draw: Draw): number {
  return draw(2 ** 32) | 0;
}

/** Moves a share from one frequency to another, so that the sum stays right and many such tables are good ones. */
function moveShare(draw: Draw, numbers: Int32Array): void {
  const [from, to] = [draw(numbers.length), draw(numbers.length)];
  const share = draw(Math.max(1, numbers[from]! + 1));
  numbers[from]! -= share;
  numbers[to]! += share;
}

function damagedTables(draw: Draw): Int32Array {
  const numbers = packed.slice(0, draw(8) ? packed.length : draw(packed.length));
  if (numbers.length === 0) return numbers;
  for (let left = 1 + draw(3); left > 0; left--) {
    const at = draw(numbers.length);
    if (draw(3)) moveShare(draw, numbers);
    else numbers[at] = damagedNumber(draw, numbers[at]!);
  }
  return numbers;
}

/** Unpacks damaged tables; what is taken for good must be what was packed, and decode a stream or refuse it. */
function tablesOutcome(draw: Draw): string {
  const numbers = damagedTables(draw);
  let set;
  try {
    set = unpackTables(numbers);
  } catch (error) {
    if (error instanceof IsthmusError && error.code.startsWith("TABLE_")) return error.code;
    throw error;
  }
  if (String(packTables(set)) !== String(numbers)) throw new Error("the tables were taken for others");
  return outcome(pick(draw, streams), set);
}

/** A session's packets, one of them damaged, left out, sent twice or in another place; at times under a good checksum. */
function sessionOutcome(draw: Draw): string {
  const receiver = joinSessions({ models: [{ tables, modelId }], limits, maxMessages: 1 });
  const packets = [...pick(draw, sessions)];
  for (let left = draw(3); left > 0; left--) {
    const [at, to] = [draw(packets.length), draw(packets.length)];
    const packet = packets[at]!;
    const damage = withDamage(draw, packet, 2, draw(2) ? 0 : 8);
    if (draw(3) === 0) packets.splice(at, 1, damage);
    else if (draw(2)) packets.splice(at, 1, withChecksum(damage));
    else if (draw(2)) packets.splice(to, 0, packet);
    else packets.splice(at, 1, ...(draw(2) ? [] : [packet.subarray(0, draw(packet.length))]));
  }
  const kinds = new Set<string>();
  for (const packet of packets) {
    try {
      for (const event of receiver.receive(packet)) {
        kinds.add(event.kind);
        if (event.kind === "latents" && event.symbols.length > limits.symbols) throw new Error("too many symbols");
      }
    } catch (error) {
      if (!(error instanceof IsthmusError && error.code.startsWith("BITSTREAM_"))) throw error;
      return error.code.slice("BITSTREAM_".length);
    }
  }
  return [...kinds].sort().join(" ");
}

function withChecksum(packet: Uint8Array): Uint8Array {
  const bytes = packet.slice();
  if (bytes.length < 8) return bytes;
  const view = new DataView(bytes.buffer);
  view.setUint16(4, bytes.length - 8, true);
  view.setUint16(6, crc16(bytes.subarray(8), crc16(bytes.subarray(0, 6))), true);
  return bytes;
}

/** Bytes of objects and arrays in use after collection. */
function bytesInUse(): number {
  for (let i = 0; i < 5; i++) globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Tests of so many cases of each kind. */
export function hostileTests(cases: number): void {
  const before = { inUse: 0, peakKiB: 0 };
  beforeAll(() => {
    const draw = drawFrom(0);
    for (const { make } of kinds) for (let i = 0; i < 2000; i++) outcome(make(draw), tables);
    for (let i = 0; i < 2000; i++) tablesOutcome(draw);
    for (let i = 0; i < 2000; i++) sessionOutcome(draw);
    Object.assign(before, { inUse: bytesInUse(), peakKiB: process.resourceUsage().maxRSS });
  });

  it("a stream cut at each byte, and with each bit flipped, is refused or, past a payload of several, marked so", () => {
    for (const stream of streams) {
      for (let length = 0; length < stream.length; length++) {
        expect(outcome(stream.subarray(0, length), tables)).toBe("TRUNCATED");
      }
      for (let bit = 0; bit < 8 * stream.length; bit++) {
        const flipped = stream.with(bit >> 3, stream[bit >> 3]! ^ (1 << (bit & 7)));
        expect(outcome(flipped, tables)).not.toBe("decoded");
      }
    }
  });

  it.each(kinds)(`a stream $name, ${cases} times`, ({ seed, make, outcomes }) => {
    const found = soak(cases, seed, (draw) => outcome(make(draw), tables));
    expect(found).toEqual(expect.arrayContaining([...outcomes]));
  });

  it(`a stream whose lost payloads may be replaced, damaged or cut, ${cases} times`, () => {
    const found = soak(cases, 7, (draw) => {
      const stream = pick(draw, streams.slice(6));
      const damage = withDamage(draw, stream, 3, draw(3) ? FRAME_HEADER_BYTES : 0);
      return outcome(draw(2) ? damage : stream.subarray(0, draw(stream.length)), tables, "replace");
    });
    expect(found).toEqual(expect.arrayContaining(["CRC", "PAYLOAD", "TRUNCATED", "replaced"]));
  });

  it(`packed tables, damaged, ${cases} times`, () => {
    const outcomes = ["DIMS", "END", "SYMBOL", "TABLE_INVALID", "TABLE_VERSION", "decoded"];
    expect(soak(cases, 6, tablesOutcome)).toEqual(expect.arrayContaining(outcomes));
  });

  it(`packets of sessions, ${Math.ceil(cases / 10)} times`, () => {
    const outcomes = [
      "CRC",
      "FRAGMENT",
      "LIMIT",
      "MODEL",
      "SESSION",
      "TRUNCATED",
      "hello latents",
      "hello latents lost",
    ];
    expect(soak(Math.ceil(cases / 10), 8, sessionOutcome)).toEqual(expect.arrayContaining(outcomes));
  });

  it("all in memory that does not grow", () => {
    // A third of a byte for each case: nothing is kept of any. Measured: 41 kB.
    expect(bytesInUse() - before.inUse).toBeLessThan(2 ** 20);
    // Garbage between two collections; a size that is believed before it is checked would be gigabytes. Measured: 54 MB.
    expect(process.resourceUsage().maxRSS - before.peakKiB).toBeLessThan(128 * 1024);
  });
}
