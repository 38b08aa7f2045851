// Threat: connections that are kept open by sending next to nothing (slow-loris), and very many connections.
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readAnswers } from "../support/hostile/raw-http.ts";
import { digitsModel, type TestModel } from "../support/models.ts";
import { type Running, running } from "../support/server.ts";

const MOST = 20;

let service: Running;
const sockets: Socket[] = [];
let model: TestModel;
beforeAll(async () => {
  model = await digitsModel();
  service = await running({
    files: { "m.safetensors": model.file },
    headersMs: 300,
    requestMs: 600,
    maxConnections: MOST,
  });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await service.close();
});

const port = (): number => Number(new URL(service.url).port);

/** A connection that sends `begin`, then a byte now and then, until the other side has had enough of it. */
async function trickle(begin: string): Promise<Buffer> {
  const socket = connect(port(), "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => undefined);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.write(begin);
  const drip = setInterval(() => socket.write("a"), 50);
  await once(socket, "close");
  clearInterval(drip);
  return Buffer.concat(chunks);
}

const head = (): string =>
  `POST /v1/frames HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${service.token("device", "pump-7")}\r\nContent-Type: application/vnd.isthmus.parcels\r\n`;

it("gives up headers that do not end", async () => {
  const [answer] = readAnswers(await trickle(`${head()}X-Slow: `));
  expect(answer!.status).toBe(408);
  expect(JSON.parse(answer!.body.toString())).toMatchObject({ type: "urn:isthmus:problem:timeout", status: 408 });
});

it("gives up a body that does not come, of a length that it says or in chunks", async () => {
  for (const length of ["Content-Length: 100000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nffff\r\n"]) {
    const [answer] = readAnswers(await trickle(`${head()}${length}`), [], true);
    expect(answer?.status ?? 408).toBe(408);
  }
});

/** One of the service's figures. */
async function figure(name: string): Promise<number> {
  const metric = service.service.metrics.registry.getSingleMetric(name)!;
  return (await metric.get()).values[0]!.value;
}

it("gives up answers that nobody reads", async () => {
  const connections = (): Promise<number> => figure("isthmus_http_connections");
  await expect.poll(connections, { timeout: 60_000 }).toBe(0);
  const socket = connect(port(), "127.0.0.1").pause();
  sockets.push(socket);
  socket.on("error", () => undefined);
  const ask = `GET /v1/models/${model.id} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${service.token("reader", "ada")}\r\n\r\n`;
  socket.write(ask.repeat(500));
  await expect.poll(connections, { timeout: 30_000, interval: 10 }).toBe(1);
  await expect.poll(connections, { timeout: 60_000 }).toBe(0);
  expect(socket.bytesRead).toBeLessThan(500 * model.file.length);
});

it("takes no more connections than it may, and others again when those have ended", async () => {
  const held = Array.from({ length: MOST + 5 }, () => connect(port(), "127.0.0.1"));
  sockets.push(...held);
  for (const socket of held) socket.on("error", () => undefined);
  const turnedAway = await Promise.race(held.map(async (socket) => (await once(socket, "close"), true)));
  expect(turnedAway).toBe(true);
  expect(await figure("isthmus_http_connections_dropped_total")).toBeGreaterThan(0);
  for (const socket of held) {
    socket.destroy();
    if (!socket.closed) await once(socket, "close");
  }
  await expect
    .poll(async () => (await fetch(`${service.url}/healthz`).catch(() => undefined))?.status, { timeout: 30_000 })
    .toBe(200);
});
