/**
 * Sessions: latents in packets of 8 bytes of header, for links that carry some fifty bytes at a time. A hello says once
 * which model, quality and dimensions the packets after it are of.
 */
import { bitstreamError } from "./bitstream-error.ts";
import {
  badField,
  FIELD_DIMS,
  type FoundField,
  notesOf,
  parseFields,
  requiredNumber,
  requireKnown,
  type StreamNotes,
} from "./fields.ts";
import { type FragmentOptions, packetsOf, reassembler } from "./fragments.ts";
import { checkInteger, FRAME_LIMITS, type FrameLimits, frameLimits, type PayloadCoding } from "./frame.ts";
import type { FrequencyTable } from "./frequency-table.ts";
import { toHex } from "./hex.ts";
import { decodePayload, encodePayloads, mostRows } from "./latent-payload.ts";
import { checkedCoding, type Coding, type LatentTables } from "./latent-stream.ts";
import { numberAt, numberBytes } from "./numbers.ts";
import { type Packet, PACKET_HEADER_BYTES, readPacket } from "./packet.ts";
import { leastBitsPerSymbol } from "./rans.ts";
import { type SessionOptions, type SessionSender, sessionSender } from "./session-sender.ts";

const SEQUENCES = 0x10000;
const ID_BYTES = 8;

export interface OpenSessionOptions extends LatentTables, SessionOptions {
  /** Which of the model's qualities. Default: 0. */
  readonly quality?: number;
  /** As in `encodeLatents`. Default: false. */
  readonly tryDeflate?: boolean;
}

/**
 * The sending side of a session.
 *
 * @throws RangeError for options out of range, or notes that make the hello larger than a packet may be
 */
export function openSession(options: OpenSessionOptions): SessionSender {
  const { modelId, dims, tables: all } = checkedCoding(options);
  const { quality = 0, tryDeflate = false } = options;
  checkInteger("quality", quality, 0, all.length - 1);
  return sessionSender({ modelId, dims, quality }, options, (symbols: Int32Array) => {
    checkInteger("symbols.length / dims", symbols.length / dims, 0, FRAME_LIMITS.items);
    const { coding, payloads } = encodePayloads(symbols, all[quality]!, 1, tryDeflate);
    return { coding, bytes: Uint8Array.of(...numberBytes(symbols.length / dims), ...payloads[0]!) };
  });
}

/**
 * Cuts a whole `.isth` stream into packets that any receiver of sessions puts together again, as session 0.
 *
 * @param sequence of the first packet; the next free one is that many packets further
 */
export function streamPackets(bytes: Uint8Array, sequence: number, options: FragmentOptions = {}): Uint8Array[] {
  checkInteger("sequence", sequence, 0, SEQUENCES - 1);
  return packetsOf(bytes, { coding: "learned", session: 0, sequence }, options);
}

export interface JoinSessionsOptions {
  /** Those whose sessions can be decoded. */
  readonly models: readonly LatentTables[];
  /** Of a message: `payloadBytes` also bounds all fragments held at once, of all sessions. Default: 2^20 bytes and symbols. */
  readonly limits?: Partial<FrameLimits>;
  /** How many unfinished messages are held, the oldest given up first. Default: 16. */
  readonly maxMessages?: number;
}

export type SessionEvent = HelloEvent | LatentsEvent | StreamEvent | LostEvent;

/** A session begins, or begins anew. */
export interface HelloEvent {
  readonly kind: "hello";
  readonly session: number;
  readonly modelId: Uint8Array;
  readonly quality: number;
  readonly dims: number;
  readonly notes: StreamNotes;
}

export interface LatentsEvent {
  readonly kind: "latents";
  readonly session: number;
  /** Of the message's first packet. */
  readonly sequence: number;
  readonly modelId: Uint8Array;
  readonly quality: number;
  readonly items: number;
  readonly dims: number;
  /** `[items, dims]` */
  readonly symbols: Int32Array;
}

/** A whole `.isth` stream, not decoded yet. */
export interface StreamEvent {
  readonly kind: "stream";
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** A message was given up of which not all fragments came. */
export interface LostEvent {
  readonly kind: "lost";
  readonly session: number;
  readonly sequence: number;
  readonly arrived: number;
  readonly of: number;
}

export interface SessionReceiver {
  /**
   * Takes a packet, in whatever order packets come; one that came before changes nothing.
   *
   * @throws IsthmusError `BITSTREAM_*` for a packet that is damaged, is not understood, or completes a message that is
   *   wrong, `BITSTREAM_SESSION` for one of a session whose hello has not come; the receiver stays as it was without it
   */
  receive(packet: Uint8Array): SessionEvent[];
}

/** How far back a packet is known again, and how late one may be. */
const WINDOW = 1024;
const DEFAULT_LIMITS = { payloadBytes: 2 ** 20, symbols: 2 ** 20 };

interface Session {
  /** Of the hello. */
  readonly body: Uint8Array;
  readonly event: HelloEvent;
  readonly tables: readonly FrequencyTable[];
  readonly leastBits: number;
}

/** The receiving side of any number of sessions on a link. */
export function joinSessions({ models, limits = {}, maxMessages = 16 }: JoinSessionsOptions): SessionReceiver {
  const codings = models.map(checkedCoding);
  const caps = frameLimits({ ...DEFAULT_LIMITS, ...limits });
  checkInteger("maxMessages", maxMessages, 1, 65536);
  const sessions = new Map<number, Session>();
  const seen = new Map<number, Recent>();
  const fragments = reassembler(caps.payloadBytes, maxMessages);

  const completed = (message: Uint8Array, packet: Pick<Packet, "coding" | "session" | "sequence">): SessionEvent => {
    const { session: number, sequence, coding } = packet;
    if (number === 0) return { kind: "stream", sequence, bytes: message.slice() };
    const session = sessions.get(number);
    if (!session) throw noHello(number);
    return { kind: "latents", session: number, sequence, ...decodeMessage(message, coding, session, caps) };
  };
  const take = (packet: Packet): SessionEvent[] => {
    if (packet.kind === "hello") {
      const session = readHello(packet, codings);
      const before = sessions.get(packet.session);
      if (before && sameBytes(before.body, session.body)) return [];
      sessions.set(packet.session, session);
      seen.delete(packet.session);
      fragments.forget(packet.session);
      return [session.event];
    }
    if (packet.session > 0 && !sessions.has(packet.session)) throw noHello(packet.session);
    if (packet.kind === "data") return [completed(packet.body, packet)];
    const whole = fragments.take(packet);
    const lost = fragments.givenUp().map((one): LostEvent => ({ kind: "lost", ...one }));
    return whole ? [...lost, completed(whole.message, whole)] : lost;
  };

  return {
    receive: (bytes) => {
      const packet = readPacket(bytes);
      if (packet.kind !== "hello" && seen.get(packet.session)?.has(packet.sequence)) return [];
      const events = take(packet);
      const recent = seen.get(packet.session) ?? new Recent();
      recent.add(packet.sequence);
      seen.set(packet.session, recent);
      return events;
    },
  };
}

/** The sequences of a session that came lately: those of the last `WINDOW`, and older ones are taken for repeats. */
class Recent {
  readonly #sequences = new Set<number>();
  #newest: number | undefined;

  /** By serial numbers (Elz and Bush 1996, RFC 1982): half of all numbers are ahead of any. */
  has(sequence: number): boolean {
    if (this.#newest === undefined) return false;
    const behind = (this.#newest - sequence + SEQUENCES) % SEQUENCES;
    return behind < SEQUENCES / 2 && (behind >= WINDOW || this.#sequences.has(sequence));
  }

  add(sequence: number): void {
    const ahead = (sequence - (this.#newest ?? sequence) + SEQUENCES) % SEQUENCES;
    if (this.#newest === undefined || ahead < SEQUENCES / 2) this.#newest = sequence;
    this.#sequences.add(sequence);
    if (this.#sequences.size <= 2 * WINDOW) return;
    for (const old of this.#sequences) {
      if ((this.#newest - old + SEQUENCES) % SEQUENCES >= WINDOW) this.#sequences.delete(old);
    }
  }
}

function noHello(session: number): Error {
  return bitstreamError("BITSTREAM_SESSION", 1, `session ${session} has not said which model it is of`, { session });
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function readHello({ session, body }: Packet, codings: readonly Coding[]): Session {
  if (session === 0) throw bitstreamError("BITSTREAM_SESSION", 1, "a hello of session 0, which needs none");
  if (body.length <= ID_BYTES) {
    throw bitstreamError("BITSTREAM_TRUNCATED", PACKET_HEADER_BYTES, `a hello of ${body.length} bytes`);
  }
  const modelId = body.slice(0, ID_BYTES);
  const coding = codings.find((one) => sameBytes(one.modelId, modelId));
  if (!coding) {
    const got = toHex(modelId);
    throw bitstreamError("BITSTREAM_MODEL", PACKET_HEADER_BYTES, `model ${got} is none of those known here`, { got });
  }
  const quality = body[ID_BYTES]!;
  const tables = coding.tables[quality];
  if (!tables) {
    const what = `quality ${quality}: the model has ${coding.tables.length}, counted from 0`;
    throw bitstreamError("BITSTREAM_QUALITY", PACKET_HEADER_BYTES + ID_BYTES, what, { quality });
  }
  const fields = parseFields(body, ID_BYTES + 1, body.length);
  requireKnown(fields, [FIELD_DIMS]);
  requireDims(fields, coding.dims);
  const event: HelloEvent = { kind: "hello", session, modelId, quality, dims: coding.dims, notes: notesOf(fields) };
  const leastBits = tables.reduce((sum, table) => sum + leastBitsPerSymbol(table), 0);
  return { body: body.slice(), event, tables, leastBits };
}

function requireDims(fields: readonly FoundField[], expected: number): void {
  const { value, offset } = requiredNumber(fields, FIELD_DIMS, ID_BYTES + 1);
  if (value === expected) return;
  const what = `the session has ${value} dimensions, the model's latents ${expected}`;
  throw bitstreamError("BITSTREAM_DIMS", offset, what, { expected, got: value });
}

function decodeMessage(
  message: Uint8Array,
  way: PayloadCoding,
  { event, tables, leastBits }: Session,
  caps: FrameLimits,
): Omit<LatentsEvent, "kind" | "session" | "sequence"> {
  const { modelId, quality, dims } = event;
  const count = numberAt(message, 0);
  if (!count) throw badField(0, 0x01, "at the beginning of a message is no number");
  const { value: items, end } = count;
  const payload = message.subarray(end);
  const group = { channels: tables.length, leastBits };
  const rows = (items * dims) / tables.length;
  if (items > caps.items || items * dims > caps.symbols || rows > mostRows(payload.length, way, group)) {
    const what = `${items} items of ${dims} symbols in ${payload.length} bytes are more than is accepted`;
    throw bitstreamError("BITSTREAM_LIMIT", 0, what, { items, dims, payloadBytes: payload.length });
  }
  const symbols = new Int32Array(items * dims);
  decodePayload(payload, way, tables, symbols, end);
  return { modelId, quality, items, dims, symbols };
}
