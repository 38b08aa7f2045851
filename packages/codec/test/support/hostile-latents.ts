/** Hostile streams of latents, and tables: each is refused by a code that says where, or decoded rightly. */
import { IsthmusError } from "@isthmus/math";
import {
  checkLatents,
  crc32c,
  decodeLatents,
  decodeSymbols,
  encodeLatents,
  encodeSymbols,
  fitFrequencyTables,
  FRAME_HEADER_BYTES,
  type FrequencyTable,
  medianSymbol,
  packTables,
  readFrames,
  unpackTables,
} from "../../src/index.ts";
import { toEnd } from "../../src/steps.ts";
import {
  type Draw,
  damagedTables,
  everyCutAndFlip,
  type HostileKind,
  type HostileSeries,
  joined,
  pick,
  probe,
  randomBytes,
  refusal,
  spliced,
  tablesRefusal,
  withDamage,
  withFlips,
} from "./hostile-draws.ts";
import { bellSymbols } from "./index.ts";

const dims = 3;
export const modelId: Uint8Array = Uint8Array.of(0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3);
export const tables: readonly FrequencyTable[] = fitFrequencyTables(bellSymbols(500, dims, 8), dims, {
  precision: 12,
  maxSymbols: 12,
});
const packed = packTables(tables);
/** What a reader allows who does not expect more. */
export const limits = { items: 2 ** 14, symbols: 2 ** 16 };

export const symbols: Int32Array = bellSymbols(30, dims, 7);
export const far: Int32Array = symbols.map((symbol) => (symbol * 100_003_003) | 0);
const repeated = Int32Array.from({ length: 60 * dims }, (_, i) => symbols[i % (4 * dims)]!);
const strange = bellSymbols(200, dims, 9).map((symbol) => 5000 + symbol);
/**
 * One frame, three frames, no items, some far symbols that are escaped, raw ones, deflated ones, several payloads, and
 * deflated ones under a code of their own.
 */
export const streams: readonly Uint8Array[] = [
  encodeLatents(symbols, { tables, modelId }),
  encodeLatents(symbols, { tables, modelId, itemsPerFrame: 12 }),
  encodeLatents(new Int32Array(0), { tables, modelId }),
  encodeLatents(Int32Array.of(...far.subarray(0, 6), ...symbols, ...symbols), { tables, modelId, itemsPerFrame: 40 }),
  encodeLatents(far, { tables, modelId, itemsPerFrame: 20 }),
  encodeLatents(repeated, { tables, modelId, tryDeflate: true }),
  encodeLatents(symbols, { tables, modelId, payloads: 3 }),
  encodeLatents(repeated, { tables, modelId, payloads: 2, tryDeflate: true, itemsPerFrame: 50 }),
  encodeLatents(strange, { tables, modelId }),
];
/** Those of a single frame. */
const single = [0, 2, 5, 6, 8].map((index) => streams[index]!);

/** Writes the checksum that a frame over all the bytes should have, and often the lengths too. */
export function rechecksummed(draw: Draw, bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields = FRAME_HEADER_BYTES + view.getUint16(14, true);
  if (draw(4) > 0) view.setUint32(16, Math.max(0, bytes.length - fields), true);
  const end = bytes[13]! > 1 ? fields + 7 * bytes[13]! : bytes.length;
  view.setUint32(20, crc32c(bytes.subarray(FRAME_HEADER_BYTES, end), crc32c(bytes.subarray(0, 20))), true);
  return bytes;
}

/** Cut somewhere behind its header or not at all, and damaged there or in its header too, under a good checksum. */
export function forged(draw: Draw, stream: Uint8Array): Uint8Array {
  const cut = draw(4) ? stream : stream.subarray(0, FRAME_HEADER_BYTES + draw(stream.length - FRAME_HEADER_BYTES));
  const from = draw(2) ? 3 : Math.min(FRAME_HEADER_BYTES, cut.length - 1);
  return rechecksummed(draw, withDamage(draw, cut, 4, from));
}

const PREFIX = Uint8Array.of(0xc9, 0x53, 0x10);

/**
 * Decodes and says how it ended: `decoded`, or the code without its `BITSTREAM_`. Throws unless the bytes are refused
 * with such a code and a place within them, or say just what was decoded.
 */
function outcome(bytes: Uint8Array, set = tables, lost: "refuse" | "replace" = "refuse"): string {
  let decoded;
  try {
    decoded = probe.around(() => decodeLatents(bytes, { tables: set, modelId, limits, lost }));
  } catch (error) {
    if (lost === "refuse") requireRefused(bytes, set, error as IsthmusError);
    return refusal(error, bytes.length);
  }
  if (lost === "refuse") toEnd(checkLatents(bytes, { tables: set, modelId, limits }));
  if (decoded.symbols.length > limits.symbols) throw new Error(`${decoded.symbols.length} symbols`);
  requireSame(bytes, decoded.symbols, set);
  return decoded.streams.some((stream) => stream.lost.length > 0) ? "replaced" : "decoded";
}

/** A check ends in the error that decoding ends in. */
function requireRefused(bytes: Uint8Array, set: typeof tables, { code, message }: IsthmusError): void {
  let checked: unknown;
  try {
    probe.around(() => toEnd(checkLatents(bytes, { tables: set, modelId, limits })));
  } catch (error) {
    checked = error;
  }
  if (checked instanceof IsthmusError && checked.code === code && checked.message === message) return;
  throw new Error(`decoding says ${message}, a check ${String(checked)}`);
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

const payloads = [symbols, far, repeated].map((part) => encodeSymbols(part, tables));

/** A payload alone, under no checksum: random, damaged or cut, of as many symbols as it has or others. */
function payloadOutcome(draw: Draw): string {
  const which = draw(payloads.length);
  const whole = payloads[which]!;
  const cut = (): Uint8Array => whole.subarray(0, draw(whole.length));
  const payload = pick(draw, [() => randomBytes(draw), () => withDamage(draw, whole, 3), cut])();
  const rows = draw(3) ? [symbols, far, repeated][which]!.length / dims : draw(100);
  const decoded = new Int32Array(rows * dims);
  try {
    probe.around(() => decodeSymbols(payload, tables, decoded));
  } catch (error) {
    return refusal(error, payload.length);
  }
  if (Buffer.compare(encodeSymbols(decoded, tables), payload) !== 0)
    throw new Error("the payload is not of these symbols");
  return "decoded";
}

/** Unpacks damaged tables; what is taken for good must be what was packed, and decode a stream or refuse it. */
function tablesOutcome(draw: Draw): string {
  const numbers = damagedTables(draw, packed);
  let set;
  try {
    set = probe.around(() => unpackTables(numbers));
  } catch (error) {
    return tablesRefusal(error);
  }
  if (String(packTables(set)) !== String(numbers)) throw new Error("the tables were taken for others");
  return outcome(pick(draw, streams), set);
}

export const latentSeries: readonly HostileSeries[] = everyCutAndFlip("streams of latents", streams, (bytes) =>
  outcome(bytes),
);

export const latentKinds: readonly HostileKind[] = [
  {
    name: "streams of latents cut short",
    seed: 1,
    run: (draw) => {
      const stream = pick(draw, streams);
      return outcome(stream.subarray(0, draw(stream.length)));
    },
    outcomes: ["TRUNCATED"],
  },
  {
    name: "streams of latents with bits flipped",
    seed: 2,
    run: (draw) => outcome(withFlips(draw, pick(draw, streams), 8)),
    outcomes: ["CRC", "LIMIT", "MAGIC", "TRUNCATED", "VERSION"],
  },
  {
    name: "streams of latents spliced from two",
    seed: 3,
    run: (draw) => outcome(spliced(draw, streams)),
    outcomes: ["CRC", "LIMIT", "MAGIC", "SEQUENCE", "TRUNCATED", "VERSION", "decoded"],
  },
  {
    name: "random bytes",
    seed: 4,
    run: (draw) => outcome(draw(2) ? randomBytes(draw) : joined(PREFIX, randomBytes(draw))),
    outcomes: ["LIMIT", "MAGIC", "TRUNCATED"],
  },
  {
    name: "streams of latents damaged under a good checksum",
    seed: 5,
    run: (draw) => outcome(forged(draw, pick(draw, single))),
    outcomes: [
      ...["CRC", "DEFLATE", "DIMS", "END", "LIMIT", "MODEL", "PAYLOAD", "QUALITY", "STATE", "TLV", "TRUNCATED"],
      ...["UNSUPPORTED", "decoded"],
    ],
  },
  {
    name: "streams of latents whose lost payloads may be replaced, damaged or cut",
    seed: 7,
    run: (draw) => {
      const stream = pick(draw, streams.slice(6, 8));
      const damage = withDamage(draw, stream, 3, draw(3) ? FRAME_HEADER_BYTES : 0);
      return outcome(draw(2) ? damage : stream.subarray(0, draw(stream.length)), tables, "replace");
    },
    outcomes: ["CRC", "PAYLOAD", "TRUNCATED", "replaced"],
  },
  {
    name: "payloads of symbols under no checksum, random, damaged or cut",
    seed: 9,
    run: payloadOutcome,
    outcomes: ["END", "STATE", "SYMBOL"],
  },
  {
    name: "packed frequency tables, damaged",
    seed: 6,
    run: tablesOutcome,
    outcomes: ["DIMS", "END", "SYMBOL", "TABLE_INVALID", "TABLE_VERSION", "decoded"],
  },
];
