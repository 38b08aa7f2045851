/** The sending side of a session, whoever codes its messages. */
import { type AncillaryField, FIELD_DIMS, fieldBytes, noteFields, type StreamNotes } from "./fields.ts";
import { type FragmentOptions, packetsOf } from "./fragments.ts";
import { checkInteger, type PayloadCoding } from "./frame.ts";
import { numberBytes } from "./numbers.ts";
import { PACKET_HEADER_BYTES, writePacket } from "./packet.ts";

const SEQUENCES = 0x10000;

export interface SessionOptions extends FragmentOptions, StreamNotes {
  /** 1 to 255: told apart by it from other sessions on the same link. */
  readonly session: number;
  /** Of the first packet, 0 to 65535: where a sender goes on that was switched off. Default: 0. */
  readonly firstSequence?: number;
}

export interface SessionSender<Items = Int32Array> {
  /** The packet that a receiver needs before any other; send it again now and then, as it may be lost. */
  readonly hello: () => Uint8Array<ArrayBuffer>;
  /**
   * The packets of some items: one where they fit, else fragments of one message.
   *
   * @param items symbols `[items, dims]`, or whatever the sender makes messages of
   * @throws RangeError when they are not whole items, or too many for 255 fragments
   */
  readonly encode: (items: Items) => Uint8Array<ArrayBuffer>[];
}

/** What a hello says once for all packets. */
export interface SessionModel {
  readonly modelId: Uint8Array;
  readonly quality: number;
  readonly dims: number;
}

/** How many items, then their payload. */
export interface Message {
  readonly coding: PayloadCoding;
  readonly bytes: Uint8Array;
}

/**
 * A sender of whatever `messageOf` makes a message of.
 *
 * @throws RangeError for options out of range, or notes that make the hello larger than a packet may be
 */
export function sessionSender<Items>(
  model: SessionModel,
  options: SessionOptions,
  messageOf: (items: Items) => Message,
): SessionSender<Items> {
  const { session, firstSequence = 0, maxPacketBytes = 51 } = options;
  checkInteger("session", session, 1, 255);
  checkInteger("firstSequence", firstSequence, 0, SEQUENCES - 1);
  const hello = helloBody(model, noteFields(options));
  checkInteger("bytes of the hello, with its notes,", PACKET_HEADER_BYTES + hello.length, 0, maxPacketBytes);
  let next = firstSequence;
  const numbered = (count: number): number => {
    const sequence = next;
    next = (next + count) % SEQUENCES;
    return sequence;
  };
  return {
    hello: () => writePacket({ kind: "hello", coding: "learned", session, sequence: numbered(1), body: hello }),
    encode: (items) => {
      const { coding, bytes } = messageOf(items);
      const packets = packetsOf(bytes, { coding, session, sequence: next }, options);
      numbered(packets.length);
      return packets;
    },
  };
}

/** What a hello says: the model, its quality, the dimensions of an item, and notes. */
export function helloBody(
  { modelId, quality, dims }: SessionModel,
  notes: readonly AncillaryField[] = [],
): Uint8Array<ArrayBuffer> {
  const fields = [{ type: FIELD_DIMS, value: Uint8Array.from(numberBytes(dims)) }, ...notes];
  return Uint8Array.of(...modelId, quality, ...fieldBytes(fields));
}
