/** What a real broker does too seldom: a few packets of MQTT 5 by hand. */
import { createServer, type Socket } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { sqliteStore, startBridge } from "./support/bridge.ts";
import { parcelOf } from "./support/frames.ts";

const [CONNECT, SUBSCRIBE, PUBLISH] = [0x10, 0x82, 0x32];
const [NOT_AUTHORISED, SESSION_TAKEN_OVER] = [0x87, 0x8e];

interface FakeBroker {
  readonly url: string;
  readonly connections: Socket[];
  /** First bytes of the packets that came. */
  readonly heard: number[];
  /** Resolves when so many packets of a kind have come. */
  until(kind: number, count: number): Promise<void>;
}

/** Answers a connection and a subscription, and nothing else. Packets are short: one byte has their length. */
async function fakeBroker({ receiveMaximum = 0, subscription = 1 }): Promise<FakeBroker> {
  const connections: Socket[] = [];
  const heard: number[] = [];
  const looks = new Set<() => void>();
  const answer = (socket: Socket, packet: Buffer): void => {
    heard.push(packet[0]!);
    for (const look of looks) look();
    const properties = receiveMaximum === 0 ? [0] : [3, 0x21, receiveMaximum >> 8, receiveMaximum & 255];
    if (packet[0] === CONNECT) socket.write(Buffer.of(0x20, 2 + properties.length, 0, 0, ...properties));
    if (packet[0] === SUBSCRIBE) socket.write(Buffer.of(0x90, 4, packet[2]!, packet[3]!, 0, subscription));
  };
  const server = createServer((socket) => {
    connections.push(socket);
    let rest = Buffer.alloc(0);
    socket.on("error", () => {});
    socket.on("data", (data) => {
      rest = Buffer.concat([rest, data]);
      for (let size = sizeOf(rest); size <= rest.length && rest.length > 1; size = sizeOf(rest)) {
        answer(socket, rest.subarray(0, size));
        rest = rest.subarray(size);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of connections) socket.destroy();
    server.close();
  });
  return {
    url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`,
    connections,
    heard,
    until: (kind, count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (heard.filter((one) => one === kind).length < count) return;
          looks.delete(look);
          resolve();
        };
        looks.add(look);
        look();
      }),
  };
}

/** With the length in one or two bytes. */
function sizeOf(packet: Buffer): number {
  const isLong = (packet[1] ?? 0) > 127;
  return isLong ? 3 + ((packet[1]! & 127) | ((packet[2] ?? 0) << 7)) : 2 + (packet[1] ?? 0);
}

/** A message of QoS 1 from a device, or of QoS 0 where it has no id. */
function publish(id: number | undefined, body: Uint8Array): Buffer {
  const topic = Buffer.from("isthmus/v1/a/up");
  const name = id === undefined ? [] : [Buffer.of(id >> 8, id & 255)];
  const content = [Buffer.of(0, topic.length), topic, ...name, Buffer.of(0), body];
  const length = content.reduce((sum, part) => sum + part.length, 0);
  expect(length).toBeLessThan(128);
  return Buffer.concat([Buffer.of(id === undefined ? 0x30 : 0x32, length), ...content]);
}

it("says that a broker refuses the subscription, and tries again", async () => {
  const broker = await fakeBroker({ subscription: NOT_AUTHORISED });
  const { bridge, said } = await startBridge(broker.url, await sqliteStore());
  await said(/warn could not subscribe at the broker .*Not authorized/);
  await broker.until(CONNECT, 3);
  expect(bridge.connected).toBe(false);
});

it("has no more unacknowledged answers out than the broker takes", async () => {
  const broker = await fakeBroker({ receiveMaximum: 2 });
  const store = await sqliteStore();
  const { subscribed, count } = await startBridge(broker.url, store, { inFlight: 10 });
  await subscribed();
  const [socket] = broker.connections;
  for (let id = 1; id <= 5; id++) socket!.write(publish(id, parcelOf("a", id)));
  await broker.until(PUBLISH, 2);
  // All five are stored before the third answer could have been sent.
  while ((await store.totals()).frames < 5) await new Promise(setImmediate);
  expect(await count("isthmus_mqtt_in_flight")).toBe(5);
  expect(broker.heard.filter((kind) => kind === PUBLISH)).toHaveLength(2);
});

it("drops what asks for no acknowledgement while it has enough to do", async () => {
  const broker = await fakeBroker({});
  const store = await sqliteStore();
  const { subscribed, count } = await startBridge(broker.url, store, { inFlight: 2 });
  await subscribed();
  const [socket] = broker.connections;
  for (let id = 1; id <= 2; id++) socket!.write(publish(id, parcelOf("a", id)));
  await broker.until(PUBLISH, 2);
  socket!.write(publish(undefined, parcelOf("a", 3)));
  while ((await count("isthmus_mqtt_refused_total", { reason: "overloaded" })) < 1) await new Promise(setImmediate);
  expect(await store.totals()).toMatchObject({ frames: 2 });
});

it("gives up the answers of a connection that is lost, and is free for the next", async () => {
  const broker = await fakeBroker({ receiveMaximum: 2 });
  const store = await sqliteStore();
  const { subscribed, count } = await startBridge(broker.url, store, { inFlight: 10 });
  await subscribed();
  for (let id = 1; id <= 5; id++) broker.connections[0]!.write(publish(id, parcelOf("a", id)));
  await broker.until(PUBLISH, 2);
  while ((await store.totals()).frames < 5) await new Promise(setImmediate);
  broker.connections[0]!.destroy();
  await broker.until(SUBSCRIBE, 2);
  while ((await count("isthmus_mqtt_in_flight")) > 0) await new Promise(setImmediate);
  expect(await count("isthmus_mqtt_answers_total", { outcome: "lost" })).toBe(5);
});

it("ends at once where no broker is", async () => {
  const { bridge, said } = await startBridge("mqtt://127.0.0.1:9", await sqliteStore());
  await said(/warn trouble with the broker/);
  await bridge.close(60_000);
  expect(bridge.connected).toBe(false);
});

it("says so when the broker gave its name to another", async () => {
  const broker = await fakeBroker({});
  const { said } = await startBridge(broker.url, await sqliteStore());
  for (let i = 1; i <= 4; i++) {
    await broker.until(SUBSCRIBE, i);
    broker.connections.at(-1)!.end(Buffer.of(0xe0, 2, SESSION_TAKEN_OVER, 0));
  }
  await said(/error another client has the same client id/);
});
