import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { writeParcel } from "@isthmus/codec";
import { afterEach, describe, expect, it } from "vitest";
import { Draws } from "../chaos/draws.ts";
import { Harm } from "../chaos/harm.ts";
import { HttpRelay } from "../chaos/net/http-relay.ts";
import type { LineFaults } from "../chaos/net/line.ts";
import { mqttHarm } from "../chaos/net/mqtt-harm.ts";
import { TcpProxy } from "../chaos/net/tcp-proxy.ts";
import { pageOf } from "../chaos/verify/page-of.ts";

const draws = new Draws(1, "test");
const fine: LineFaults = { cut: 0, delay: 0, slow: { share: 0, bytesPerSecond: 1 } };
const noise = (length: number): Buffer => Buffer.from(Uint8Array.from({ length }, () => draws.below(256)));
const parcel = (sequence: number): Uint8Array =>
  writeParcel({ device: "pump-7", sequence, time: 5, stream: noise(40) });

const toClose: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of toClose.splice(0)) await close();
});

/** What comes back of a connection until it ends. */
function spoken(port: number, bytes: Uint8Array): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (Buffer.concat(chunks).length >= bytes.length) socket.end();
    });
    socket.on("error", () => {}).on("close", () => resolve(Buffer.concat(chunks)));
  });
}

async function echo(): Promise<number> {
  const server = createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  toClose.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function proxyTo(target: () => number | undefined, faults: LineFaults): Promise<TcpProxy> {
  const proxy = await TcpProxy.start({ target, faults, draws });
  toClose.push(() => proxy.close());
  return proxy;
}

describe("a proxy", () => {
  it("carries bytes as they are and in order, late and slowly too", async () => {
    const port = await echo();
    const bytes = noise(300_000);
    for (const faults of [fine, { ...fine, delay: 5 }, { ...fine, slow: { share: 1, bytesPerSecond: 1e7 } }]) {
      const proxy = await proxyTo(() => port, faults);
      expect((await spoken(proxy.port, bytes)).equals(bytes)).toBe(true);
      expect(proxy.cuts).toBe(0);
    }
  });

  it("cuts connections by chance or on demand, and counts them", async () => {
    const port = await echo();
    const cutting = await proxyTo(() => port, { ...fine, cut: 1 });
    expect(await spoken(cutting.port, noise(10))).toHaveLength(0);
    expect(cutting.cuts).toBe(1);
    const proxy = await proxyTo(() => port, fine);
    const socket = connect(proxy.port, "127.0.0.1", () => socket.write("x"));
    await new Promise((resolve) => socket.on("error", () => {}).once("data", resolve));
    proxy.cutAll();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(proxy.cuts).toBe(1);
  });

  it("stays while what stands behind it comes and goes", async () => {
    let port: number | undefined;
    const proxy = await proxyTo(() => port, fine);
    expect(await spoken(proxy.port, noise(10))).toHaveLength(0);
    port = await echo();
    expect(await spoken(proxy.port, noise(10))).toHaveLength(10);
  });
});

describe("harm", () => {
  it("hits its share of parcels in one byte each, and says how many", () => {
    const harm = new Harm(0.2, draws);
    const parcels = Array.from({ length: 1000 }, (_, i) => parcel(i));
    const body = Buffer.concat(parcels);
    const damaged = harm.damage(body);
    const length = body.length / parcels.length;
    const hit = parcels.map(
      (_, i) =>
        [...body.subarray(i * length, (i + 1) * length)].filter((byte, at) => byte !== damaged[i * length + at]).length,
    );
    expect(Math.max(...hit)).toBe(1);
    expect(hit.filter((bytes) => bytes > 0)).toHaveLength(harm.damaged);
    // Four standard deviations of a binomial of 1000 at 0.2.
    expect(Math.abs(harm.damaged - 200)).toBeLessThan(4 * Math.sqrt(1000 * 0.2 * 0.8));
  });

  it("is the same of the same seed", () => {
    const body = Buffer.concat(Array.from({ length: 50 }, (_, i) => parcel(i)));
    const [once, again] = [1, 2].map(() => new Harm(0.5, new Draws(9, "same")).damage(body));
    expect(once).toEqual(again);
    expect(once).not.toEqual(Uint8Array.from(body));
  });
});

/** An MQTT 5 PUBLISH of quality 1 with one user property. */
function publish(payload: Uint8Array): Buffer {
  const text = (value: string): Buffer => Buffer.from([value.length >> 8, value.length & 255, ...Buffer.from(value)]);
  const properties = Buffer.concat([Buffer.from([0x26]), text("mac"), text("x".repeat(150))]);
  const length = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...length(value >> 7)]);
  const body = Buffer.concat([
    ...[text("isthmus/v1/pump-7/up"), Buffer.from([0, 9]), Buffer.from(length(properties.length)), properties],
    payload,
  ]);
  return Buffer.concat([Buffer.from([0x32, ...length(body.length)]), body]);
}

describe("harm over MQTT", () => {
  const connectPacket = Buffer.from([0x10, 0x03, 1, 2, 3]);
  const payload = Buffer.concat([parcel(1), parcel(2)]);
  const sent = Buffer.concat([connectPacket, publish(payload), Buffer.from([0xc0, 0]), publish(payload)]);

  async function through(harm: Harm, bytes: Buffer, step: number): Promise<Buffer> {
    const stream = mqttHarm(harm);
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    for (let at = 0; at < bytes.length; at += step) stream.write(bytes.subarray(at, at + step));
    await new Promise<void>((resolve) => stream.end(resolve));
    return Buffer.concat(chunks);
  }

  it("passes packets on as they are, however the bytes are cut up", async () => {
    for (const step of [1, 7, 1000]) expect(await through(new Harm(0, draws), sent, step)).toEqual(sent);
  });

  it("damages payloads alone, and repeats what it damaged with the flag of a repetition", async () => {
    const harm = new Harm(1, draws);
    const came = await through(harm, sent, 11);
    const [first, ping] = [publish(payload), Buffer.from([0xc0, 0])];
    const publishes = [0, 1].map((i) => came.subarray(5 + i * first.length, 5 + (i + 1) * first.length));
    expect(came).toHaveLength(sent.length + 2 * first.length);
    expect(came.subarray(5 + 2 * first.length, 7 + 2 * first.length)).toEqual(ping);
    const header = first.length - payload.length;
    expect(publishes[0]!.subarray(0, header)).toEqual(first.subarray(0, header));
    expect(publishes[0]!.subarray(header)).not.toEqual(payload);
    expect(publishes[1]![0]! & 0b1000).toBe(0b1000);
    expect(publishes[1]!.subarray(1)).toEqual(publishes[0]!.subarray(1));
    expect([harm.damaged, harm.doubled]).toEqual([4, 4]);
  });
});

async function served(handler: RequestListener): Promise<number> {
  const server: Server = createHttpServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  toClose.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe("harm over HTTP", () => {
  async function relayTo(target: () => number | undefined, harm: Harm): Promise<string> {
    const relay = await HttpRelay.start({ target, harm });
    toClose.push(() => relay.close());
    return `http://127.0.0.1:${relay.port}/v1/frames`;
  }

  async function bytesOf(message: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  it("passes head, body and answer on; twice, and damaged, when it is told", async () => {
    const bodies: Buffer[] = [];
    const port = await served((asked, answer) => {
      void bytesOf(asked).then((body) => {
        bodies.push(body);
        answer.writeHead(429, { "retry-after": "3", "content-type": asked.headers["content-type"]! });
        answer.end(`${asked.method} ${asked.url} ${asked.headers.authorization}`);
      });
    });
    const body = Buffer.concat([parcel(1), parcel(2)]);
    const ask = async (url: string) => {
      const headers = { "content-type": "application/x-test", authorization: "Bearer t" };
      const answer = await fetch(url, { method: "POST", headers, body });
      return [
        answer.status,
        answer.headers.get("retry-after"),
        answer.headers.get("content-type"),
        await answer.text(),
      ];
    };
    const answer = [429, "3", "application/x-test", "POST /v1/frames Bearer t"];
    expect(await ask(await relayTo(() => port, new Harm(0, draws)))).toEqual(answer);
    expect(bodies.splice(0)).toEqual([body]);
    expect(await ask(await relayTo(() => port, new Harm(1, draws)))).toEqual(answer);
    expect(bodies).toHaveLength(2);
    expect(bodies[0]).toEqual(bodies[1]);
    expect(bodies[0]).not.toEqual(body);
  });

  it("ends the connection where there is no service, or one that dies", async () => {
    const dying = await served((asked) => asked.socket.destroy());
    for (const target of [() => undefined, () => dying]) {
      const url = await relayTo(target, new Harm(0, draws));
      await expect(fetch(url, { method: "POST", body: parcel(1) as BodyInit })).rejects.toThrow(TypeError);
    }
  });
});

describe("who reads what is served", () => {
  it("asks again where the service says not now, until its patience ends, and gives up at anything worse", async () => {
    let asked: string[] = [];
    const answers = (...statuses: number[]) =>
      served(({ url, headers }, answer) => {
        asked.push(`${url} ${headers.authorization}`);
        answer.writeHead(statuses[Math.min(asked.length, statuses.length) - 1]!, { "retry-after": "0.01" });
        answer.end(JSON.stringify({ frames: [1] }));
      });
    const read = async (port: number) => await pageOf(`http://127.0.0.1:${port}/v1/x`, "t", 300);
    expect(await read(await answers(503, 503, 200))).toEqual({ frames: [1] });
    expect(asked).toEqual(Array(3).fill("/v1/x Bearer t"));
    asked = [];
    expect(await read(await answers(404))).toBeUndefined();
    await expect(read(await answers(503))).rejects.toThrow(/503 \{"frames"/);
    asked = [];
    await expect(read(await answers(500, 200))).rejects.toThrow("500");
    expect(asked).toHaveLength(1);
  });
});
