/** Messages cut into packets of a size, and put together again from those that arrive, in whatever order. */
import { bitstreamError } from "./bitstream-error.ts";
import { checkInteger } from "./frame.ts";
import { type Packet, PACKET_HEADER_BYTES, writePacket } from "./packet.ts";

const FRAGMENT_BYTES = 2; // index, count
const PARITY_BYTES = 4; // index, count, length of the last fragment
const MOST_FRAGMENTS = 255;
/** What a packet has to be able to hold: a hello with the numbers of a picture. */
const LEAST_PACKET_BYTES = 40;
const SEQUENCES = 0x10000;
const MOST_OVER = 64;

export interface FragmentOptions {
  /** The most bytes of a packet, 40 to 65543. Default: 51, what LoRaWAN carries at its slowest in Europe. */
  readonly maxPacketBytes?: number;
  /** Whether a message in fragments gets a packet more by which any one of them can be made again. Default: false. */
  readonly parity?: boolean;
}

/** What the packets of a message have in common. */
export type MessageHead = Pick<Packet, "coding" | "session" | "sequence">;

/**
 * The packets of a message: one where it fits, else fragments, each but the last as large as it may be.
 *
 * @throws RangeError when it takes more than 255 fragments
 */
export function packetsOf(
  message: Uint8Array,
  head: MessageHead,
  { maxPacketBytes = 51, parity = false }: FragmentOptions,
): Uint8Array<ArrayBuffer>[] {
  checkInteger("maxPacketBytes", maxPacketBytes, LEAST_PACKET_BYTES, PACKET_HEADER_BYTES + 0xffff);
  if (PACKET_HEADER_BYTES + message.length <= maxPacketBytes) {
    return [writePacket({ ...head, kind: "data", body: message })];
  }
  const size = maxPacketBytes - PACKET_HEADER_BYTES - (parity ? PARITY_BYTES : FRAGMENT_BYTES);
  const count = Math.ceil(message.length / size);
  if (count > MOST_FRAGMENTS) {
    throw new RangeError(
      `message: expected at most ${MOST_FRAGMENTS * size} bytes in packets of ${maxPacketBytes}, got ${message.length}`,
    );
  }
  const numbered = (kind: Packet["kind"], index: number, body: Uint8Array) => {
    return writePacket({ ...head, kind, sequence: (head.sequence + index) % SEQUENCES, body });
  };
  const chunks = Array.from({ length: count }, (_, i) => message.subarray(i * size, (i + 1) * size));
  const packets = chunks.map((chunk, i) => numbered("fragment", i, Uint8Array.of(i, count, ...chunk)));
  if (!parity) return packets;
  const last = chunks[count - 1]!.length;
  const body = Uint8Array.of(count, count, last & 255, last >>> 8, ...xorOf(chunks, size));
  return [...packets, numbered("parity", count, body)];
}

function xorOf(chunks: readonly (Uint8Array | undefined)[], size: number): Uint8Array {
  const sum = new Uint8Array(size);
  for (const chunk of chunks) chunk?.forEach((byte, i) => (sum[i]! ^= byte));
  return sum;
}

interface Reassembled extends MessageHead {
  readonly message: Uint8Array;
}

/** A message of which not all fragments came before it was given up. */
interface GivenUp {
  readonly session: number;
  /** Of its first fragment. */
  readonly sequence: number;
  readonly arrived: number;
  readonly of: number;
}

interface Pending extends MessageHead {
  readonly chunks: (Uint8Array | undefined)[];
  arrived: number;
  bytes: number;
  parity?: { readonly chunk: Uint8Array; readonly lastLength: number };
}

export interface Reassembler {
  /** Takes a fragment or a parity packet; gives the message that it completes. A repeated one changes nothing. */
  take(packet: Packet): Reassembled | undefined;
  /** What was given up since this was last asked: the oldest first, to stay within the memory allowed. */
  givenUp(): GivenUp[];
  /** Forgets what is pending of a session. */
  forget(session: number): void;
}

/** Holds at most `maxBytes` of fragments and `maxMessages` unfinished messages. */
export function reassembler(maxBytes: number, maxMessages: number): Reassembler {
  const pending = new Map<number, Pending>();
  /** Messages that are over, so that a late packet of one does not begin it anew. */
  const over = new Set<number>();
  const given: GivenUp[] = [];
  let held = 0;

  const finish = (key: number): void => {
    drop(key);
    over.add(key);
    if (over.size > MOST_OVER) over.delete(over.values().next().value!);
  };

  const drop = (key: number): void => {
    held -= pending.get(key)?.bytes ?? 0;
    pending.delete(key);
  };
  const giveUpOldest = (): void => {
    const [[key, { session, sequence, arrived, chunks }]] = [...pending.entries()].slice(0, 1) as [[number, Pending]];
    given.push({ session, sequence, arrived, of: chunks.length });
    finish(key);
  };

  return {
    take: (packet) => {
      const part = partOf(packet);
      const sequence = (packet.sequence - part.index + SEQUENCES) % SEQUENCES;
      const key = packet.session * SEQUENCES + sequence;
      if (over.has(key)) return undefined;
      const message = pending.get(key) ?? {
        ...{ coding: packet.coding, session: packet.session, sequence, arrived: 0, bytes: 0 },
        chunks: new Array<Uint8Array | undefined>(part.count).fill(undefined),
      };
      pending.set(key, message);
      try {
        held += add(message, packet, part);
        const whole = joined(message);
        if (whole) finish(key);
        while (held > maxBytes || pending.size > maxMessages) giveUpOldest();
        return whole && { coding: message.coding, session: message.session, sequence, message: whole };
      } catch (error) {
        drop(key);
        throw error;
      }
    },
    givenUp: () => given.splice(0),
    forget: (session) => {
      for (const [key, message] of pending) if (message.session === session) drop(key);
      for (const key of over) if (Math.floor(key / SEQUENCES) === session) over.delete(key);
    },
  };
}

interface Part {
  readonly index: number;
  readonly count: number;
  readonly lastLength: number;
  readonly chunk: Uint8Array;
}

function partOf({ kind, body }: Packet): Part {
  const isParity = kind === "parity";
  const start = isParity ? PARITY_BYTES : FRAGMENT_BYTES;
  const [index = 0, count = 0] = body;
  const chunk = body.slice(start);
  const lastLength = isParity ? (body[2] ?? 0) | ((body[3] ?? 0) << 8) : 0;
  const isRight = chunk.length > 0 && count >= 2 && (isParity ? index === count && lastLength >= 1 : index < count);
  if (!isRight || lastLength > chunk.length) throw disagreement(`fragment ${index} of ${count} is malformed`);
  return { index, count, lastLength, chunk };
}

function disagreement(what: string): Error {
  return bitstreamError("BITSTREAM_FRAGMENT", PACKET_HEADER_BYTES, what);
}

/** How many bytes are held more. */
function add(message: Pending, packet: Packet, { index, count, chunk, lastLength }: Part): number {
  if (count !== message.chunks.length || packet.coding !== message.coding) {
    throw disagreement(`fragment ${index} of ${count} belongs to a message of ${message.chunks.length}`);
  }
  if (packet.kind === "parity" ? message.parity : message.chunks[index]) return 0;
  if (packet.kind === "parity") message.parity = { chunk, lastLength };
  else message.chunks[index] = chunk;
  message.arrived += packet.kind === "parity" ? 0 : 1;
  message.bytes += chunk.length;
  return chunk.length;
}

/** The message when all is there, or one fragment lacks that the parity makes up for. */
function joined({ chunks, arrived, parity }: Pending): Uint8Array | undefined {
  const lacking = chunks.length - arrived;
  if (lacking > (parity ? 1 : 0)) return undefined;
  const size = parity?.chunk.length ?? chunks[0]!.length;
  const all = [...chunks];
  if (lacking === 1) {
    const lost = chunks.indexOf(undefined);
    const made = xorOf(
      [...chunks, parity!.chunk].map((chunk) => chunk?.subarray(0, size)),
      size,
    );
    all[lost] = lost === chunks.length - 1 ? made.subarray(0, parity!.lastLength) : made;
  }
  const message = new Uint8Array(size * (all.length - 1) + all.at(-1)!.length);
  all.forEach((chunk, i) => {
    const isLast = i === all.length - 1;
    if (isLast ? chunk!.length > size : chunk!.length !== size) throw disagreement("fragments of sizes that disagree");
    message.set(chunk!, i * size);
  });
  return message;
}
