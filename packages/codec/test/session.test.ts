import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc16 } from "../src/crc16.ts";
import {
  decodeLatents,
  encodeLatents,
  fitFrequencyTables,
  joinSessions,
  type LatentsEvent,
  openSession,
  type OpenSessionOptions,
  type SessionEvent,
  streamPackets,
} from "../src/index.ts";
import { readPacket, writePacket } from "../src/packet.ts";
import { bellSymbols, isthmusErrorOf, uniforms } from "./support/index.ts";

const dims = 8;
const modelId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const model = { tables: fitFrequencyTables(bellSymbols(500, dims, 3), dims), modelId };
const open = (options: Partial<OpenSessionOptions> = {}) => openSession({ session: 7, ...model, ...options });
const symbols = bellSymbols(40, dims, 4);
/** One item after another, in packets of their own. */
const item = (i: number): Int32Array => symbols.slice(i * dims, (i + 1) * dims);

function receiveAll(packets: readonly Uint8Array[], receiver = joinSessions({ models: [model] })): SessionEvent[] {
  return packets.flatMap((packet) => receiver.receive(packet));
}

const latentsOf = (events: readonly SessionEvent[]): LatentsEvent[] =>
  events.filter((event): event is LatentsEvent => event.kind === "latents");

/** The items of the list in another order, from a seed. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const uniform = uniforms(seed);
  return list
    .map((value) => ({ value, at: uniform() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

describe("CRC-16", () => {
  it("gives the check value that its catalogue has, and goes on over parts", () => {
    const text = new TextEncoder().encode("123456789");
    expect(crc16(text)).toBe(0x29b1);
    expect(crc16(text.subarray(4), crc16(text.subarray(0, 4)))).toBe(0x29b1);
  });
});

describe("a session", () => {
  it("says once what its packets are of, and then takes 8 bytes and the number of items besides the payload", () => {
    const sender = open({ geometry: { height: 480, width: 640, channels: 3 } });
    const [hello, ...packets] = [sender.hello(), ...sender.encode(item(0))];
    expect(packets).toHaveLength(1);
    const payload = encodeLatents(item(0), model).length - 24 - 6;
    expect(packets[0]).toHaveLength(8 + 1 + payload);
    const [event, latents] = receiveAll([hello, ...packets]);
    expect(event).toEqual({
      ...{ kind: "hello", session: 7, modelId, quality: 0, dims },
      notes: { geometry: { height: 480, width: 640, channels: 3 } },
    });
    expect(latents).toEqual({
      kind: "latents",
      session: 7,
      sequence: 1,
      modelId,
      quality: 0,
      items: 1,
      dims,
      symbols: item(0),
    });
  });

  it("has a hello and single windows below the 51 bytes of LoRaWAN's slowest rates", () => {
    const sender = open();
    expect(sender.hello().length).toBe(8 + 8 + 1 + 3);
    for (let i = 0; i < 40; i++)
      for (const packet of sender.encode(item(i))) expect(packet.length).toBeLessThanOrEqual(51);
  });

  it("carries any symbols, in packets of any size, in any order, some of them twice", () => {
    const int32 = fc.oneof(fc.integer({ min: -6, max: 6 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }));
    const items = fc.array(int32, { minLength: dims, maxLength: 10 * dims });
    const options = fc.record({
      maxPacketBytes: fc.integer({ min: 40, max: 120 }),
      parity: fc.boolean(),
      firstSequence: fc.constantFrom(0, 65530),
    });
    fc.assert(
      fc.property(fc.array(items, { maxLength: 4 }), options, fc.nat(1e6), (messages, sent, seed) => {
        const sender = open(sent);
        const whole = messages.map((values) =>
          Int32Array.from(values.slice(0, values.length - (values.length % dims))),
        );
        const hello = sender.hello();
        const packets = whole.flatMap((message) => sender.encode(message));
        for (const packet of packets) expect(packet.length).toBeLessThanOrEqual(sent.maxPacketBytes);
        const events = receiveAll([hello, ...shuffled([...packets, ...packets], seed)]);
        expect(events.map(({ kind }) => kind)).toEqual(["hello", ...whole.map(() => "latents")]);
        const order = (sequence: number) => (sequence - sent.firstSequence + 65536) % 65536;
        const received = latentsOf(events).sort((a, b) => order(a.sequence) - order(b.sequence));
        expect(received.map((one) => one.symbols)).toEqual(whole);
      }),
    );
  });

  it("may change to another model or quality: the next hello begins it anew", () => {
    const other = {
      ...model,
      modelId: new Uint8Array(8).fill(9),
      qualities: 2,
      tables: [...model.tables, ...model.tables],
    };
    const receiver = joinSessions({ models: [model, other] });
    const [first, second] = [open(), openSession({ session: 7, quality: 1, ...other })];
    const events = receiveAll(
      [first.hello(), ...first.encode(item(0)), second.hello(), ...second.encode(item(1)), second.hello()],
      receiver,
    );
    expect(events.map(({ kind }) => kind)).toEqual(["hello", "latents", "hello", "latents"]);
    expect(latentsOf(events).map(({ quality }) => quality)).toEqual([0, 1]);
  });

  it("goes on beyond 65536 packets", () => {
    const sender = open();
    const receiver = joinSessions({ models: [model] });
    receiver.receive(sender.hello());
    const one = item(0).fill(0);
    for (let i = 0; i < 66_000; i++) {
      const [packet] = sender.encode(one);
      if (receiver.receive(packet!).length !== 1) throw new Error(`packet ${i} was taken for a repeat`);
      if (i % 1000 === 0) expect(receiver.receive(packet!)).toEqual([]);
    }
  });
});

describe("fragments", () => {
  const large = symbols;
  it("come without any one of them where a parity packet came", () => {
    const sender = open({ parity: true });
    const hello = sender.hello();
    const packets = sender.encode(large);
    expect(packets.length).toBeGreaterThan(3);
    for (let lost = 0; lost < packets.length; lost++) {
      const events = receiveAll([hello, ...shuffled(packets.toSpliced(lost, 1), lost)]);
      expect(latentsOf(events).map((one) => one.symbols)).toEqual([large]);
    }
    const plain = open().encode(large);
    expect(latentsOf(receiveAll([hello, ...plain.slice(1)]))).toEqual([]);
  });

  it("that come after their message is complete do not begin it anew", () => {
    const sender = open({ parity: true });
    const receiver = joinSessions({ models: [model], maxMessages: 1 });
    receiver.receive(sender.hello());
    const [late, ...packets] = sender.encode(large);
    expect(receiveAll([...packets, late!], receiver).map(({ kind }) => kind)).toEqual(["latents"]);
    expect(receiveAll(sender.encode(large), receiver).map(({ kind }) => kind)).toEqual(["latents"]);
  });

  it("are given up, the oldest first, and said to be lost, when more messages begin than may", () => {
    const sender = open();
    const receiver = joinSessions({ models: [model], maxMessages: 2 });
    receiver.receive(sender.hello());
    const messages = [0, 1, 2].map(() => sender.encode(large));
    const of = messages[0]!.length;
    const events = messages.flatMap((packets) => receiveAll(packets.slice(1), receiver));
    expect(events).toEqual([{ kind: "lost", session: 7, sequence: 1, arrived: of - 1, of }]);
    expect(receiveAll([messages[1]![0]!], receiver)).toMatchObject([{ kind: "latents", sequence: 1 + of }]);
  });

  it("are held in no more bytes than allowed", () => {
    const sender = open();
    const receiver = joinSessions({ models: [model], limits: { payloadBytes: 100 } });
    receiver.receive(sender.hello());
    const [a, b] = [sender.encode(large), sender.encode(large)];
    expect(receiveAll([a[0]!, a[1]!], receiver)).toEqual([]); // twice 41 bytes
    expect(receiveAll([b[0]!], receiver)).toMatchObject([{ kind: "lost", arrived: 2 }]);
  });

  it("are refused where they disagree", () => {
    const base = { kind: "fragment", coding: "learned", session: 7 } as const;
    const part = (index: number, count: number, size: number) =>
      writePacket({ ...base, sequence: 10 + index, body: Uint8Array.of(index, count, ...new Uint8Array(size)) });
    const codeOf = (...packets: Uint8Array[]): string => {
      const receiver = joinSessions({ models: [model] });
      return isthmusErrorOf(() => receiveAll([open().hello(), ...packets], receiver)).code;
    };
    expect(codeOf(part(0, 1, 5))).toBe("BITSTREAM_FRAGMENT");
    expect(codeOf(part(3, 3, 5))).toBe("BITSTREAM_FRAGMENT");
    expect(codeOf(part(0, 2, 0))).toBe("BITSTREAM_FRAGMENT");
    expect(codeOf(part(0, 2, 5), part(1, 3, 5))).toBe("BITSTREAM_FRAGMENT");
    expect(codeOf(part(0, 2, 5), part(1, 2, 6))).toBe("BITSTREAM_FRAGMENT");
  });

  it("carry whole streams too, without a session", () => {
    const stream = encodeLatents(symbols, model);
    const packets = streamPackets(stream, 65_534, { parity: true });
    const [event] = receiveAll(shuffled(packets.slice(1), 5), joinSessions({ models: [] }));
    expect(event).toEqual({ kind: "stream", sequence: 65_534, bytes: stream });
    expect(decodeLatents(stream, model).symbols).toEqual(symbols);
  });
});

describe("refused", () => {
  const sender = open();
  const hello = sender.hello();
  const [packet] = sender.encode(item(0)) as [Uint8Array];
  const codeOf = (...packets: Uint8Array[]): string => isthmusErrorOf(() => receiveAll(packets)).code;

  it("is a packet with any bit flipped, or cut anywhere, or with something after it", () => {
    for (const good of [hello, packet]) {
      for (let bit = 0; bit < 8 * good.length; bit++) {
        const damaged = good.with(bit >> 3, good[bit >> 3]! ^ (1 << (bit & 7)));
        expect(codeOf(hello, damaged)).toMatch(/^BITSTREAM_(CRC|VERSION|TRUNCATED|END)$/);
      }
      for (let length = 0; length < good.length; length++) {
        expect(codeOf(hello, good.subarray(0, length))).toBe("BITSTREAM_TRUNCATED");
      }
      expect(codeOf(hello, Uint8Array.of(...good, 0))).toBe("BITSTREAM_END");
    }
  });

  it("is a session without its hello, or whose hello is of a model, quality or dimensions not known here", () => {
    expect(codeOf(packet)).toBe("BITSTREAM_SESSION");
    const greet = (...body: number[]) =>
      writePacket({ kind: "hello", coding: "learned", session: 7, sequence: 0, body: Uint8Array.from(body) });
    expect(codeOf(greet(...modelId))).toBe("BITSTREAM_TRUNCATED");
    expect(codeOf(greet(...modelId.map((byte) => byte + 1), 0, 2, 1, dims))).toBe("BITSTREAM_MODEL");
    expect(codeOf(greet(...modelId, 1, 2, 1, dims))).toBe("BITSTREAM_QUALITY");
    expect(codeOf(greet(...modelId, 0, 2, 1, dims + 1))).toBe("BITSTREAM_DIMS");
    expect(codeOf(greet(...modelId, 0))).toBe("BITSTREAM_TLV");
    expect(codeOf(greet(...modelId, 0, 2, 1, dims, 5, 0))).toBe("BITSTREAM_TLV");
    expect(codeOf(writePacket({ ...readPacket(hello), session: 0 }))).toBe("BITSTREAM_SESSION");
  });

  it("is a message that claims more than it can hold, or than is accepted", () => {
    const data = (...body: number[]) =>
      writePacket({ kind: "data", coding: "learned", session: 7, sequence: 9, body: Uint8Array.from(body) });
    expect(codeOf(hello, data(0xff, 0x7f, 0, 0, 1))).toBe("BITSTREAM_LIMIT");
    expect(codeOf(hello, data(0x80))).toBe("BITSTREAM_TLV");
    expect(codeOf(hello, data(1))).toBe("BITSTREAM_LIMIT");
    const receiver = joinSessions({ models: [model], limits: { symbols: 7 } });
    expect(isthmusErrorOf(() => receiveAll([hello, packet], receiver)).code).toBe("BITSTREAM_LIMIT");
  });

  it("is what a sender cannot send", () => {
    expect(() => open({ session: 0 })).toThrow(/session/);
    expect(() => open({ quality: 1 })).toThrow(/quality/);
    expect(() => open({ maxPacketBytes: 39 }).encode(item(0))).toThrow(/maxPacketBytes|hello/);
    expect(() => open({ nonce: new Uint8Array(32) })).toThrow(/bytes of the hello, with its notes/);
    expect(() => open().encode(new Int32Array(3))).toThrow(/symbols.length/);
    const far = Int32Array.from({ length: 3000 * dims }, (_, i) => Math.imul(i, 0x9e3779b1));
    expect(() => open().encode(far)).toThrow(/message: expected at most 10455 bytes/);
  });

  it("is anything, with an error or an event, after which the receiver still works", () => {
    const receiver = joinSessions({ models: [model] });
    receiver.receive(hello);
    const body = fc.uint8Array({ maxLength: 60 });
    const kind = fc.constantFrom("data", "fragment", "parity", "hello") as fc.Arbitrary<"data">;
    const coding = fc.constantFrom("learned", "raw", "deflated") as fc.Arbitrary<"raw">;
    const anyPacket = fc
      .record({ kind, coding, session: fc.constantFrom(0, 7, 8), sequence: fc.nat(65535), body })
      .map(writePacket);
    fc.assert(
      fc.property(fc.oneof(anyPacket, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        try {
          receiver.receive(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: "IsthmusError", code: expect.stringMatching(/^BITSTREAM_/) });
        }
      }),
      { numRuns: 3000 },
    );
    const fresh = open({ session: 9 });
    const events = receiveAll([fresh.hello(), ...fresh.encode(symbols)], receiver);
    expect(latentsOf(events).map((one) => one.symbols)).toEqual([symbols]);
  });
});
