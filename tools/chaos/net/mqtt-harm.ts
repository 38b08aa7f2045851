import { Transform } from "node:stream";
import type { Harm } from "../harm.ts";

const PUBLISH = 3;
const DUPLICATE = 0b1000;
/** Of the remaining length and of the properties' length, both variable byte integers. */
const MOST_LENGTH_BYTES = 4;

/**
 * Reads what an MQTT 5 client sends packet by packet, damages payloads of its PUBLISH packets, and repeats some whole with the flag of a
 * repetition. A device's answers and all else pass as they are.
 */
export function mqttHarm(harm: Harm): Transform {
  let held = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _, done) {
      held = Buffer.concat([held, chunk]);
      for (let packet = firstPacket(held); packet; packet = firstPacket(held)) {
        held = held.subarray(packet.length);
        for (const one of harmed(packet, harm)) this.push(one);
      }
      done();
    },
  });
}

/** The first whole packet, once all of it is there. */
function firstPacket(bytes: Buffer): Buffer | undefined {
  const remaining = variableInteger(bytes, 1);
  if (!remaining) return undefined;
  const length = remaining.end + remaining.value;
  return bytes.length < length ? undefined : bytes.subarray(0, length);
}

function variableInteger(bytes: Buffer, at: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < MOST_LENGTH_BYTES && at + i < bytes.length; i++) {
    const byte = bytes[at + i]!;
    value += (byte & 127) * 128 ** i;
    if (byte < 128) return { value, end: at + i + 1 };
  }
  return undefined;
}

function harmed(packet: Buffer, harm: Harm): Buffer[] {
  if (packet[0]! >>> 4 !== PUBLISH) return [packet];
  const at = payloadAt(packet);
  const sent = Buffer.concat([packet.subarray(0, at), harm.damage(packet.subarray(at))]);
  if (!harm.doubles(packet.subarray(at))) return [sent];
  const again = Buffer.from(sent);
  again[0]! |= DUPLICATE;
  return [sent, again];
}

/** Behind the topic, the packet's identifier (where it has a quality of service) and the properties. */
function payloadAt(packet: Buffer): number {
  const topicAt = variableInteger(packet, 1)!.end;
  const quality = (packet[0]! >>> 1) & 3;
  const propertiesAt = topicAt + 2 + packet.readUInt16BE(topicAt) + (quality > 0 ? 2 : 0);
  const { value, end } = variableInteger(packet, propertiesAt)!;
  return end + value;
}
