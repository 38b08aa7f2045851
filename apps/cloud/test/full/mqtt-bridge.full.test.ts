/** A real Mosquitto between devices and the service: nothing lost, nothing twice, whoever is killed when. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect as connectTo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { IsthmusError } from "@isthmus/math";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { has } from "../../../../tools/lib/probe.mjs";
import { makeCertificates } from "../../../../tools/services/certificates.ts";
import { expectSuccess } from "../../../../tools/services/expect-success.ts";
import { type MosquittoServer, startMosquitto } from "../../../../tools/services/mosquitto.ts";
import type { Holder } from "../../src/auth/holder.ts";
import { Tokens } from "../../src/auth/tokens.ts";
import { brokerOf } from "../../src/mqtt/broker.ts";
import type { Arrival, FrameStore, Put } from "../../src/store/frame-store.ts";
import { sqliteStore, startBridge } from "../support/bridge.ts";
import { DeviceClient, statuses, untilAnswered } from "../support/device-client.ts";
import { temporaryFolder } from "../support/folder.ts";
import { parcelOf, streamOf } from "../support/frames.ts";

async function device(url: string, name: string, options = {}): Promise<DeviceClient> {
  const client = await DeviceClient.connect(url, name, options);
  onTestFinished(() => client.close());
  return client;
}

/** A store whose puts wait until they are let go; what was put meanwhile is told. */
function gated(store: FrameStore) {
  const waiting: (() => void)[] = [];
  const state = { isOpen: false, now: 0 };
  let heard = (): void => {};
  const put = async (arrivals: readonly Arrival[]): Promise<Put[]> => {
    state.now++;
    heard();
    if (!state.isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
    const puts = await store.put(arrivals);
    state.now--;
    return puts;
  };
  return {
    put,
    /** Resolves when so many are waiting. */
    async until(count: number): Promise<void> {
      while (state.now < count) await new Promise<void>((resolve) => (heard = resolve));
    },
    letGo(): void {
      state.isOpen = true;
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
}

/** Passes on between a bridge and its broker; all connections can be cut. */
async function relayTo(port: number): Promise<{ readonly url: string; cut(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = connectTo(port, "127.0.0.1");
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        from.destroy();
        to.destroy();
      });
    }
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return { url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}`, cut };
}

describe.skipIf(!has()["mosquitto"])("at a broker", () => {
  let broker: MosquittoServer;
  beforeAll(async () => {
    broker = await startMosquitto();
  });
  afterAll(() => broker?.stop());

  it("stores what devices publish, and answers with their correlation data", async () => {
    const store = await sqliteStore();
    const { subscribed, count } = await startBridge(broker.url, store);
    await subscribed();
    const pump = await device(broker.url, "pump-7");
    const body = Buffer.concat([parcelOf("pump-7", 1), parcelOf("pump-7", 2)]);
    const [first, second] = [await pump.send(body), await pump.send(body)];
    expect(first.contentType).toBe("application/json");
    expect(statuses(first)).toEqual(["stored", "stored"]);
    expect(statuses(second)).toEqual(["duplicate", "duplicate"]);
    const frames = await store.frames({ device: "pump-7", limit: 9 });
    expect(frames.map(({ sequence, stream }) => [sequence, stream])).toEqual([
      [1, streamOf(1)],
      [2, streamOf(2)],
    ]);
    expect(await count("isthmus_mqtt_messages_total")).toBe(2);
    expect(await count("isthmus_mqtt_message_bytes_total")).toBe(2 * body.length);
    expect(await count("isthmus_mqtt_answers_total", { outcome: "sent" })).toBe(2);
    expect(await count("isthmus_mqtt_connected")).toBe(1);
  });

  it("refuses what is wrong, one answer for each, and goes on", async () => {
    const store = await sqliteStore();
    const tokens = new Tokens(Buffer.from("the secret of the service"), store);
    const { subscribed, count } = await startBridge(broker.url, store, { tokens, maxBytes: 1000 });
    await subscribed();
    const holder: Holder = { role: "device", name: "pump-7" };
    const token = tokens.issue(holder, 0);
    const pump = await device(broker.url, "pump-7");
    const reason = async (body: Uint8Array, options = {}) => (await pump.send(body, options)).document.type;
    const unauthorised = "urn:isthmus:problem:unauthorised";
    expect(await reason(parcelOf("pump-7", 1))).toBe(unauthorised);
    expect(await reason(parcelOf("pump-7", 1), { token: `${token}x` })).toBe(unauthorised);
    expect(await reason(parcelOf("pump-7", 1), { token: tokens.issue({ ...holder, name: "pump-8" }, 0) })).toBe(
      unauthorised,
    );
    const large = await pump.send(new Uint8Array(1001), { token });
    expect(large).toMatchObject({ contentType: "application/problem+json", document: { status: 413, limit: 1000 } });
    const mixed = Buffer.concat([parcelOf("pump-8", 1), parcelOf("pump-7", 1), parcelOf("pump-7", 1, streamOf(9))]);
    expect((await pump.send(mixed, { token })).document.results).toMatchObject([
      { status: "refused", reason: "other-device" },
      { status: "stored" },
      { status: "refused", reason: "sequence-taken", next: 2 },
    ]);
    await pump.client.publishAsync("isthmus/v1/.nobody/up", "x", { qos: 1 });
    await pump.client.publishAsync("isthmus/v1/pump-7/up", "nobody waits for this", { qos: 1 });
    expect(statuses(await pump.send(parcelOf("pump-7", 2), { token, qos: 0 }))).toEqual(["stored"]);
    const refused = (why: string) => count("isthmus_mqtt_refused_total", { reason: why });
    expect(await refused("unauthorised")).toBe(4);
    expect(await refused("too-large")).toBe(1);
    expect(await refused("malformed")).toBe(1);
    expect(await store.totals()).toMatchObject({ devices: 1, frames: 2 });
  });

  it("says that it is unavailable while the database is, and stores afterwards", async () => {
    const store = await sqliteStore();
    let isThere = false;
    const put = (arrivals: readonly Arrival[]) =>
      isThere ? store.put(arrivals) : Promise.reject(new IsthmusError("STORE_UNAVAILABLE", "gone"));
    const { subscribed } = await startBridge(broker.url, { put });
    await subscribed();
    const pump = await device(broker.url, "pump-7");
    const { document } = await pump.send(parcelOf("pump-7", 1));
    expect(document).toMatchObject({ type: "urn:isthmus:problem:unavailable", status: 503, retryAfter: 5 });
    isThere = true;
    expect(statuses(await pump.send(parcelOf("pump-7", 1)))).toEqual(["stored"]);
  });

  it("is given again by the broker what it had not stored when the connection was lost, and stores it once", async () => {
    const store = await sqliteStore();
    const gate = gated(store);
    const relay = await relayTo(broker.port);
    const { subscribed, count } = await startBridge(relay.url, gate);
    await subscribed();
    const pump = await device(broker.url, "pump-7");
    const answer = pump.send(parcelOf("pump-7", 1));
    await gate.until(1);
    relay.cut();
    // Nobody has sent it again but the broker.
    await gate.until(2);
    gate.letGo();
    expect(["stored", "duplicate"]).toContain(statuses(await answer)![0]);
    expect(await count("isthmus_mqtt_messages_total")).toBe(2);
    expect(await count("isthmus_mqtt_answers_total", { outcome: "lost" })).toBeLessThanOrEqual(1);
    expect(await store.totals()).toMatchObject({ frames: 1 });
  });

  it("holds the broker back with as many messages as it was told to work on at once", async () => {
    const gate = gated(await sqliteStore());
    const { subscribed, count } = await startBridge(broker.url, gate, { inFlight: 4 });
    await subscribed();
    const pump = await device(broker.url, "pump-7");
    const answers = Array.from({ length: 30 }, (_, i) => pump.send(parcelOf("pump-7", i)));
    await gate.until(4);
    // The broker has had all of them, and time to deliver more.
    await pump.client.publishAsync("isthmus/v1/pump-7/none", "", { qos: 1 });
    expect(await count("isthmus_mqtt_messages_total")).toBe(4);
    expect(await count("isthmus_mqtt_in_flight")).toBe(4);
    gate.letGo();
    expect((await Promise.all(answers)).flatMap(statuses)).toEqual(answers.map(() => "stored"));
  });

  it("shares the messages with other instances, each message to one of them", async () => {
    const store = await sqliteStore();
    const instances = [await startBridge(broker.url, store), await startBridge(broker.url, store)];
    for (const { subscribed } of instances) await subscribed();
    const devices = await Promise.all(["a", "b", "c"].map((name) => device(broker.url, name)));
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => devices[i % 3]!.send(parcelOf(devices[i % 3]!.device, i))),
    );
    expect(answers.flatMap(statuses)).toEqual(answers.map(() => "stored"));
    const counts = await Promise.all(instances.map(({ count }) => count("isthmus_mqtt_messages_total")));
    expect(counts[0]! + counts[1]!).toBe(60);
    for (const count of counts) expect(count).toBeGreaterThan(0);
  });

  it("ends what it was given before it leaves, and the broker forgets it", async () => {
    const store = await sqliteStore();
    const gate = gated(store);
    const first = await startBridge(broker.url, gate, { inFlight: 3, clientId: "leaving" });
    await first.subscribed();
    const pump = await device(broker.url, "pump-7");
    const answers = Array.from({ length: 10 }, (_, i) => pump.send(parcelOf("pump-7", i)));
    await gate.until(3);
    await pump.client.publishAsync("isthmus/v1/pump-7/none", "", { qos: 1 });
    const closed = first.bridge.close(60_000);
    gate.letGo();
    await closed;
    expect((await Promise.all(answers)).flatMap(statuses)).toEqual(answers.map(() => "stored"));
    expect(first.bridge.connected).toBe(false);
    expect(await first.count("isthmus_mqtt_connected")).toBe(0);
    const probe = await device(broker.url, "probe", { clientId: "leaving", clean: false });
    expect(
      (probe.client as unknown as { connackPacket: { sessionPresent: boolean } }).connackPacket.sessionPresent,
    ).toBe(false);
  });

  it("leaves to the next of its name what it could not end in time", async () => {
    const store = await sqliteStore();
    const gate = gated(store);
    const first = await startBridge(broker.url, gate, { clientId: "hurried" });
    await first.subscribed();
    const pump = await device(broker.url, "pump-7");
    const answer = pump.send(parcelOf("pump-7", 1));
    await gate.until(1);
    await first.bridge.close(50);
    const second = await startBridge(broker.url, store, { clientId: "hurried" });
    await second.subscribed();
    expect(statuses(await answer)).toEqual(["stored"]);
    gate.letGo();
  });
});

describe.skipIf(!has()["mosquitto"])("at a broker that is killed", () => {
  it("stores once all that devices go on sending, by two instances", async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const store = await sqliteStore();
    const instances = [await startBridge(broker.url, store), await startBridge(broker.url, store)];
    for (const { subscribed } of instances) await subscribed();
    const names = ["a", "b", "c"];
    const devices = await Promise.all(names.map((name) => device(broker.url, name, { clean: false })));
    let done = 0;
    const sendAll = async (from: DeviceClient): Promise<void> => {
      for (let sequence = 0; sequence < 60; sequence++) {
        await untilAnswered(from, parcelOf(from.device, sequence));
        if (++done === 40 || done === 110) await broker.process.restart();
      }
    };
    await Promise.all(devices.map(sendAll));
    expect(await store.totals()).toMatchObject({ devices: 3, frames: 180 });
    for (const { subscribed } of instances) await subscribed();
    expect(statuses(await devices[0]!.send(parcelOf("a", 0)))).toEqual(["duplicate"]);
  });
});

describe.skipIf(!has()["mosquitto"])("at a broker that asks who is there", () => {
  it("is let in by its password, and may do what the example of an ACL lets it", async () => {
    const folder = await temporaryFolder();
    const passwords = join(folder, "passwords");
    writeFileSync(passwords, "");
    const acl = fileURLToPath(new URL("../../examples/mosquitto.acl", import.meta.url));
    for (const [user, password] of [
      ["isthmus-cloud", "pass/word"],
      ["pump-7", "secret"],
    ] as const) {
      expectSuccess(spawnSync("mosquitto_passwd", ["-b", passwords, user, password], { encoding: "utf8" }));
    }
    const settings = ["allow_anonymous false", `password_file ${passwords}`, `acl_file ${acl}`];
    const broker = await startMosquitto({ settings });
    onTestFinished(() => broker.stop());
    const store = await sqliteStore();
    const refused = await startBridge(broker.url, store, {
      broker: brokerOf(broker.url.replace("//", "//isthmus-cloud:wrong@")),
    });
    await refused.said(/warn trouble with the broker .*Not authorized/);
    expect(refused.bridge.connected).toBe(false);
    const { subscribed } = await startBridge(broker.url.replace("//", "//isthmus-cloud:pass%2Fword@"), store);
    await subscribed();
    const pump = await device(broker.url, "pump-7", { username: "pump-7", password: "secret" });
    expect(statuses(await pump.send(parcelOf("pump-7", 1)))).toEqual(["stored"]);
    // The broker drops what a device publishes under another's name.
    await pump.client
      .publishAsync("isthmus/v1/pump-8/up", Buffer.from(parcelOf("pump-8", 1)), { qos: 1 })
      .catch(() => {});
    expect(statuses(await pump.send(parcelOf("pump-7", 2)))).toEqual(["stored"]);
    expect(await store.totals()).toMatchObject({ devices: 1, frames: 2 });
  });
});

describe.skipIf(!has()["mosquitto"] || !has()["openssl"])("at a broker behind TLS", () => {
  it("shows its certificate, and trusts its authority's only", async () => {
    const certificates = makeCertificates(await temporaryFolder());
    const broker = await startMosquitto({ tls: { ca: certificates.ca, ...certificates.server, clients: true } });
    onTestFinished(() => broker.stop());
    const { ca, client } = certificates;
    const files = { ca, cert: client.certificate, key: client.key };
    const store = await sqliteStore();
    const strangers = await startBridge(broker.url, store, { broker: brokerOf(broker.url, { ca }) });
    const doubters = await startBridge(broker.url, store, {
      broker: brokerOf(broker.url, { cert: client.certificate, key: client.key }),
    });
    await doubters.said(/warn trouble with the broker .*self-signed certificate/);
    await strangers.said(/warn trouble with the broker/);
    const { subscribed } = await startBridge(broker.url, store, { broker: brokerOf(broker.url, files) });
    await subscribed();
    const pump = await device(broker.url, "pump-7", brokerOf(broker.url, files).options);
    expect(statuses(await pump.send(parcelOf("pump-7", 1)))).toEqual(["stored"]);
    expect([strangers, doubters].map(({ bridge }) => bridge.connected)).toEqual([false, false]);
  });
});
