import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, describe, expect, test, vi } from "vitest";
import { has } from "../../../../tools/lib/probe.mjs";
import { makeCertificates } from "../../../../tools/services/certificates.ts";
import { type MosquittoOptions, type MosquittoServer, startMosquitto } from "../../../../tools/services/mosquitto.ts";
import { startAgent } from "../support/agents.ts";
import { copier, symbolsOf } from "../support/bundles.ts";
import { newFolder } from "../support/folder.ts";
import { MqttService } from "../support/mqtt-service.ts";
import { Service } from "../support/service.ts";

const { mosquitto, openssl } = has() as { readonly mosquitto: boolean; readonly openssl: boolean };
const PATIENT = { timeout: 60_000, interval: 20 };
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const stored = (service: Service): number[] =>
  service.stored.toSorted((a, b) => a.sequence - b.sequence).flatMap(({ stream }) => symbolsOf(stream, 1));

const brokers: MosquittoServer[] = [];
afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.stop()));
});

async function brokerOf(options: MosquittoOptions = {}): Promise<MosquittoServer> {
  const broker = await startMosquitto(options);
  brokers.push(broker);
  return broker;
}

/** An agent that sends the numbers up to `count`, ten in a message. */
function agentFor(url: string, count: number, send: object = {}, folder = newFolder()) {
  writeFileSync(join(folder, "m.isthb"), copier({ samples: 1 }));
  const tables = {
    model: { bundle: "m.isthb" },
    source: { kind: "stdin", header: false },
    frame: { items: 1 },
    send: { url, patience: 1, batch_bytes: 600, ...send },
  };
  return startAgent(
    folder,
    tables,
    Readable.from([
      Buffer.from(
        upTo(count)
          .map((i) => `${i}\n`)
          .join(""),
      ),
    ]),
  );
}

describe.skipIf(!mosquitto)("over MQTT 5, by a real broker (Mosquitto)", () => {
  test("frames leave the queue on the service's answers alone, signed by the token, and are stored once", async () => {
    const [broker, service] = [await brokerOf(), new Service()];
    const token = "device.pump-7.3.c2VjcmV0";
    const other = await MqttService.start(broker.url, service, token);
    const takings = ["ignore", "no answer", "twice", "usual", "no answer"] as const;
    other.taking = (message) => takings[message] ?? "usual";
    const run = agentFor(broker.url, 100, { token });
    await run.ended;
    expect(stored(service)).toEqual(upTo(100));
    expect(service.duplicates).toBeGreaterThan(0);
    expect(new Set(other.signed)).toEqual(new Set([3]));
    expect((await run.agent).snapshot().send.target).toBe(`${broker.url}/isthmus/v1/pump-7/up`);
  });

  test("with nobody behind the broker nothing leaves the queue, whatever the broker says", async () => {
    const broker = await brokerOf();
    const run = agentFor(broker.url, 5, { patience: 0.2 });
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().problems["send"]?.count).toBeGreaterThan(1), PATIENT);
    expect(agent.snapshot().problems["send"]!.message).toBe(
      `cannot send to ${agent.snapshot().send.target}: no service listens at the broker`,
    );
    expect(agent.snapshot().queue.frames).toBe(5);
    const service = new Service();
    await MqttService.start(broker.url, service);
    await run.ended;
    expect(stored(service)).toEqual(upTo(5));
  });

  test("a token that is wrong is told, and nothing is lost by it", async () => {
    const [broker, service] = [await brokerOf(), new Service()];
    await MqttService.start(broker.url, service, "device.pump-7.0.right");
    const folder = newFolder();
    const run = agentFor(broker.url, 5, { token: "device.pump-7.0.wrong" }, folder);
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().problems["send"]?.message).toContain("the mac is wrong"), PATIENT);
    await run.stop();
    expect(service.stored.length).toBe(0);
    await agentFor(broker.url, 0, { token: "device.pump-7.0.right" }, folder).ended;
    expect(stored(service)).toEqual(upTo(5));
  });

  test("a service that asks for patience gets it", async () => {
    const [broker, service] = [await brokerOf(), new Service()];
    const other = await MqttService.start(broker.url, service);
    other.taking = () => "later";
    const run = agentFor(broker.url, 3);
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().send.nextTrySeconds).toBeGreaterThan(3000), PATIENT);
    expect(agent.snapshot().problems["send"]!.message).toContain("overloaded");
    await run.stop();
  });

  test("a broker that is killed and started again, with the service behind it, loses nothing", async () => {
    const [broker, service] = [await brokerOf(), new Service()];
    const other = await MqttService.start(broker.url, service);
    const run = agentFor(broker.url, 100, { batch_bytes: 120, patience: 0.5 });
    for (const kills of [1, 2]) {
      await vi.waitFor(() => expect(service.stored.length).toBeGreaterThan(20 * kills), PATIENT);
      await broker.process.kill();
      await broker.process.start();
    }
    await run.ended;
    await other.stop();
    expect(stored(service)).toEqual(upTo(100));
  }, 240_000);

  test("a broker that wants a name and a password", async () => {
    const folder = newFolder();
    const file = join(folder, "passwords");
    // mosquitto_passwd's form for pump-7 and "open sesame": PBKDF2 of SHA-512.
    const { pbkdf2Sync } = await import("node:crypto");
    const salt = Buffer.from("0123456789ab");
    const hash = pbkdf2Sync("open sesame", salt, 101, 64, "sha512").toString("base64");
    writeFileSync(file, `pump-7:$7$101$${salt.toString("base64")}$${hash}\n`, { mode: 0o644 });
    const broker = await brokerOf({ settings: ["allow_anonymous false", `password_file ${file}`] });
    const service = new Service();
    await MqttService.start(broker.url, service, undefined, { username: "pump-7", password: "open sesame" });
    const wrong = agentFor(broker.url, 3, { username: "pump-7", password: "wrong" }, folder);
    const agent = await wrong.agent;
    await vi.waitFor(() => expect(agent.snapshot().problems["send"]?.message).toMatch(/not authorized/i), PATIENT);
    await wrong.stop();
    await agentFor(broker.url, 0, { username: "pump-7", password: "open sesame" }, folder).ended;
    expect(stored(service)).toEqual([0, 1, 2]);
  });

  test.skipIf(!openssl)(
    "encrypted, with a certificate on each side; a broker that nobody vouches for gets nothing",
    async () => {
      const folder = newFolder();
      const { ca, server, client } = makeCertificates(folder);
      const broker = await brokerOf({ tls: { ca, ...server, clients: true } });
      const service = new Service();
      const { readFileSync } = await import("node:fs");
      const own = { ca: readFileSync(ca), cert: readFileSync(client.certificate), key: readFileSync(client.key) };
      await MqttService.start(broker.url, service, undefined, own);
      const files = { ca, cert: client.certificate, key: client.key };
      const unknown = agentFor(broker.url, 3, { cert: files.cert, key: files.key }, folder);
      const agent = await unknown.agent;
      await vi.waitFor(
        () => expect(agent.snapshot().problems["send"]?.message).toMatch(/self.signed|certificate/i),
        PATIENT,
      );
      await unknown.stop();
      expect(service.stored.length).toBe(0);
      await agentFor(broker.url, 0, files, folder).ended;
      expect(stored(service)).toEqual([0, 1, 2]);
    },
  );
});
