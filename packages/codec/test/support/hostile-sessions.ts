/** Hostile packets of sessions. */
import { crc16 } from "../../src/crc16.ts";
import { joinSessions, openSession, type SessionReceiver, streamPackets } from "../../src/index.ts";
import {
  type Draw,
  everyCutAndFlip,
  type HostileKind,
  type HostileSeries,
  pick,
  probe,
  refusal,
  withDamage,
} from "./hostile-draws.ts";
import { far, limits, modelId, streams, symbols, tables } from "./hostile-latents.ts";

const options = { session: 5, tables, modelId, maxPacketBytes: 40, firstSequence: 65_533 };
/** Of each session a hello and three messages, one of them of a few fragments. */
const sessions = [false, true].map((parity) => {
  const sender = openSession({ ...options, parity });
  const hello = sender.hello();
  const sent = [symbols.subarray(0, tables.length), symbols, far].flatMap((message) => sender.encode(message));
  return [hello, ...sent];
});
const packets = sessions[1]!;
/** One that says its hello anew, as another, among its fragments; one whose messages' fragments are mixed; a whole stream. */
const others = [
  [...packets.slice(0, 6), openSession({ ...options, timestamp: 1n }).hello(), ...packets.slice(6)],
  [packets[0]!, ...packets.slice(3).flatMap((packet, i, all) => [packet, all[(i * 7) % all.length]!])],
  [...streamPackets(streams[4]!, 9, { maxPacketBytes: 40 }), ...packets],
];

const receiver = (): SessionReceiver => joinSessions({ models: [{ tables, modelId }], limits, maxMessages: 1 });

/** The kinds of events that packets bring about, or how one of them was refused. */
function received(packets: readonly Uint8Array[], by = receiver()): string {
  const kinds = new Set<string>();
  for (const packet of packets) {
    try {
      for (const event of probe.around(() => by.receive(packet))) {
        kinds.add(event.kind);
        if (event.kind === "latents" && event.symbols.length > limits.symbols) throw new Error("too many symbols");
      }
    } catch (error) {
      // Within the packet, or within the message that it completes.
      return refusal(error, 2 ** 16);
    }
  }
  return `decoded ${[...kinds].sort().join(" ")}`;
}

/** A session's packets, one of them damaged, left out, sent twice or in another place; at times under a good checksum. */
function sessionOutcome(draw: Draw): string {
  const sent: Uint8Array[] = [...pick(draw, [...sessions, ...others])];
  for (let left = draw(3); left > 0; left--) {
    const [at, to] = [draw(sent.length), draw(sent.length)];
    const packet = sent[at]!;
    const damage = withDamage(draw, packet, 2, draw(2) ? 0 : 8);
    const what = draw(6);
    if (what < 2) sent.splice(at, 1, damage);
    else if (what < 4) sent.splice(at, 1, withChecksum(damage));
    else if (what === 4) sent.splice(to, 0, packet);
    else sent.splice(at, 1, ...(draw(2) ? [] : [packet.subarray(0, draw(packet.length))]));
  }
  return received(sent);
}

function withChecksum(packet: Uint8Array): Uint8Array {
  const bytes = packet.slice();
  if (bytes.length < 8) return bytes;
  const view = new DataView(bytes.buffer);
  view.setUint16(4, bytes.length - 8, true);
  view.setUint16(6, crc16(bytes.subarray(8), crc16(bytes.subarray(0, 6))), true);
  return bytes;
}

export const sessionSeries: readonly HostileSeries[] = everyCutAndFlip("packets of a session", packets, (packet) => {
  const by = receiver();
  by.receive(packets[0]!);
  return received([packet], by);
});

export const sessionKinds: readonly HostileKind[] = [
  {
    name: "packets of sessions, damaged, left out, repeated or moved",
    seed: 8,
    run: sessionOutcome,
    outcomes: [
      ...["CRC", "FRAGMENT", "LIMIT", "MODEL", "SESSION", "TRUNCATED"],
      ...["decoded hello latents", "decoded hello latents lost"],
    ],
    share: 0.25,
  },
];
