/** Hostile inputs made by hand, for what damage all but never makes. */
import { constants, deflateRawSync } from "node:zlib";
import { crc16 } from "../../src/crc16.ts";
import {
  type BitsBackTables,
  crc32c,
  decodeBitsBack,
  decodeLatents,
  decodeLossless,
  encodeBitsBack,
  type Frame,
  joinSessions,
  openSession,
  packBitsBackTables,
  unpackBitsBackTables,
  writeFrame,
} from "../../src/index.ts";
import { writePacket } from "../../src/packet.ts";
import { WILD_PIXELS, wildItems, wildModel } from "./bits-back.ts";
import { type HostileSeries, joined, probe } from "./hostile-draws.ts";
import { modelId, streams, tables } from "./hostile-latents.ts";

interface Corner {
  readonly what: string;
  /** An error's code, or `decoded`. */
  readonly ends: string;
  readonly read: () => unknown;
}

const frame = (given: Partial<Frame>): Uint8Array =>
  writeFrame({
    ...{ modelId, quality: 0, items: 0, dims: tables.length, sequence: 0, last: true, ancillary: [] },
    ...{ payloads: [Uint8Array.of(0, 0, 1)], ...given },
  });

const latents = (bytes: Uint8Array, options = {}): unknown => decodeLatents(bytes, { tables, modelId, ...options });

/** A deflated frame of so many items under symbols of 8 bits. */
const deflated = (items: number, ...stream: number[]): unknown =>
  latents(frame({ items, coding: "deflated", payloads: [Uint8Array.of(8, ...stream)] }));

/** A frame that is given the number 0, which the first one leaves out. */
function numbered(): Uint8Array {
  const bytes = Uint8Array.of(...frame({}).subarray(0, 30), 3, 1, 0, 0, 0, 1);
  const view = new DataView(bytes.buffer);
  view.setUint16(14, 9, true);
  view.setUint32(20, crc32c(bytes.subarray(24), crc32c(bytes.subarray(0, 20))), true);
  return bytes;
}

/** A session's hello, then a packet with this body. */
function packet(kind: "data" | "parity", ...body: number[]): () => unknown {
  const given = { kind, coding: "learned", session: 5, sequence: 9, body: Uint8Array.from(body) } as const;
  return () => afterHello(writePacket(given));
}

function afterHello(bytes: Uint8Array): unknown {
  const receiver = joinSessions({ models: [{ tables, modelId }] });
  receiver.receive(openSession({ session: 5, tables, modelId }).hello());
  return receiver.receive(bytes);
}

/** Of a packet whose payload is written in no way that there is. */
function strangePacket(): Uint8Array {
  const bytes = writePacket({
    kind: "data",
    coding: "learned",
    session: 5,
    sequence: 9,
    body: Uint8Array.of(0, 0, 0, 1),
  });
  bytes[0]! |= 0x0c;
  new DataView(bytes.buffer).setUint16(6, crc16(bytes.subarray(8), crc16(bytes.subarray(0, 6))), true);
  return bytes;
}

/** Its networks hash texts, which takes far more memory than reading does: hence few items. */
const wild = wildModel("logisticMixture", 3);
const changed = (change: Partial<BitsBackTables>): (() => unknown) => {
  const packed = packBitsBackTables({ ...wild.tables, ...change });
  return () => unpackBitsBackTables(packed);
};
const mixture = wild.tables.pixels as Extract<BitsBackTables["pixels"], { kind: "logisticMixture" }>;
/** Zeros between lengths of code words, in runs of 3 to 10. */
const sparse = Uint8Array.from({ length: 300 }, (_, i) => [65, 70, 77, 84][(7 * i + (i >> 3)) % 4]!);
const wildBytes = wildItems(
  "logisticMixture",
  Array.from({ length: 10 * WILD_PIXELS }, (_, i) => (i * 37) & 255),
);
const wildPayload = encodeBitsBack(wildBytes, wild, 6);

const corners: readonly Corner[] = [
  { what: "a frame that says its number is 0", ends: "TLV", read: () => latents(numbered()) },
  {
    what: "a payload left out",
    ends: "PAYLOAD",
    read: () => latents(frame({ payloads: [Uint8Array.of(0, 0, 1), new Uint8Array(0)] })),
  },
  {
    what: "more payloads than channels",
    ends: "UNSUPPORTED",
    read: () => latents(frame({ payloads: new Array<Uint8Array>(4).fill(Uint8Array.of(0, 0, 1)) })),
  },
  {
    what: "another quality in the second frame",
    ends: "QUALITY",
    read: () =>
      latents(joined(frame({ last: false }), frame({ sequence: 1, quality: 1 })), {
        tables: [...tables, ...tables],
        qualities: 2,
      }),
  },
  {
    what: "streams that are too many items together",
    ends: "LIMIT",
    read: () => latents(joined(streams[0]!, streams[0]!), { limits: { items: 40 } }),
  },
  {
    what: "a lossless frame of two payloads",
    ends: "UNSUPPORTED",
    read: () =>
      decodeLossless(
        frame({ profile: "lossless", dims: WILD_PIXELS, payloads: [new Uint8Array(6), new Uint8Array(6)] }),
        {
          model: wild,
          modelId,
        },
      ),
  },
  { what: "a stored block cut short", ends: "DEFLATE", read: () => deflated(1, 1, 10, 0, 245, 255, 1, 2, 3) },
  {
    what: "a stored block of too many bytes",
    ends: "END",
    read: () => deflated(1, 1, 9, 0, 246, 255, ...new Uint8Array(9)),
  },
  { what: "a byte after the last block", ends: "END", read: () => deflated(1, 1, 3, 0, 252, 255, 1, 2, 3, 0) },
  // The last block, of fixed codes; a match of 3 (0000001) at the distance of code 30 (11110).
  { what: "a distance that does not exist", ends: "DEFLATE", read: () => deflated(1, 3, 62, 0) },
  {
    what: "a block of codes with short runs of zeros",
    ends: "decoded",
    read: () => deflated(100, ...deflateRawSync(sparse, { strategy: constants.Z_HUFFMAN_ONLY })),
  },
  { what: "a packet of a coding that is not known", ends: "UNSUPPORTED", read: () => afterHello(strangePacket()) },
  { what: "a parity packet without its length", ends: "FRAGMENT", read: packet("parity", 2, 2) },
  { what: "a message that begins with no number", ends: "TLV", read: packet("data", 0x80) },
  { what: "inputs that are too few", ends: "TABLE_INVALID", read: changed({ inputs: wild.tables.inputs.subarray(1) }) },
  {
    what: "a shift of 32",
    ends: "TABLE_INVALID",
    read: changed({ posterior: { ...wild.tables.posterior, shift: 32 } }),
  },
  { what: "17 logistics", ends: "TABLE_INVALID", read: changed({ pixels: { ...mixture, logistics: 17 } }) },
  {
    what: "networks that say anything",
    ends: "decoded",
    read: () => {
      const items = decodeBitsBack(wildPayload, wild, { items: 10, latentBits: 6 });
      if (Buffer.compare(items, wildBytes) !== 0) throw new Error("the items came back as others");
    },
  },
];

export const cornerSeries: readonly HostileSeries[] = [
  {
    name: "corners, made by hand",
    cases: corners.length,
    run: (index) => {
      const { what, ends, read } = corners[index]!;
      const found = endOf(read);
      if (found === ends) return found;
      throw new Error(`${what}: ${found}, expected ${ends}`);
    },
  },
];

function endOf(read: () => unknown): string {
  try {
    probe.around(read);
    return "decoded";
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === undefined) throw error;
    return code.replace("BITSTREAM_", "");
  }
}
