// What is answered arrives, whatever else a client sends and however late it reads.
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { connect, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Connections } from "../src/http/connections.ts";
import { exchange, type RawAnswer, readAnswers } from "./support/hostile/raw-http.ts";
import { digitsModel, type TestModel } from "./support/models.ts";
import { type Running, running } from "./support/server.ts";

/** More than a socket takes in while nobody reads. */
const MUCH = 2 ** 21;
const clients: Socket[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

/** Sends everything, and reads nothing until the server has written all of its answers or cannot write on. */
async function reader(server: Server, ...parts: readonly (string | Buffer)[]): Promise<() => Promise<Buffer>> {
  const { port } = server.address() as { port: number };
  const opened = once(server, "connection") as Promise<[Socket]>;
  const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true }).pause();
  clients.push(client);
  client.on("error", () => undefined).on("end", () => client.end());
  client.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
  const [connection] = await opened;
  while (!connection.writableFinished && !connection.writableNeedDrain) await turn();
  return async () => {
    const chunks: Buffer[] = [];
    client.on("data", (chunk: Buffer) => chunks.push(chunk)).resume();
    await once(client, "close");
    return Buffer.concat(chunks);
  };
}

describe("the service", () => {
  let service: Running;
  let model: TestModel;
  beforeAll(async () => {
    model = await digitsModel();
    service = await running({ files: { "m.safetensors": model.file } });
  });
  afterAll(() => service.close());

  const ask = (method: string, rest: string): string =>
    `${method} /v1/models/${model.id} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${service.token("reader", "ada")}\r\n${rest}\r\n`;
  const answers = async (...parts: readonly (string | Buffer)[]): Promise<RawAnswer[]> =>
    readAnswers(await (await reader(service.app.server.server, ...parts))());
  const files = (found: readonly RawAnswer[]): number =>
    found.filter(({ status, body }) => status === 200 && body.equals(model.file)).length;

  it("lets answers arrive before one to a request whose body it does not read", async () => {
    const refused = ask(
      "PUT",
      `Content-Type: application/octet-stream\r\nConnection: close\r\nContent-Length: ${MUCH}\r\n`,
    );
    const found = await answers(ask("GET", "").repeat(16), refused, Buffer.alloc(MUCH));
    expect(files(found)).toBe(16);
    expect(found.map(({ status }) => status)).toEqual([...Array<number>(16).fill(200), 403]);
  });

  it("refuses what is no request behind the answers to those before it", async () => {
    const found = await answers(ask("GET", "").repeat(16), "no request\r\n\r\n", Buffer.alloc(MUCH));
    expect(files(found)).toBe(16);
    expect(found.map(({ status }) => status)).toEqual([...Array<number>(16).fill(200), 400]);
    expect(found.at(-1)!.headers["content-type"]).toBe("application/problem+json");
  });

  it("answers a client that has said that it will ask no more", async () => {
    const port = Number(new URL(service.url).port);
    const asked = Buffer.from(ask("GET", "").repeat(3));
    expect(files(readAnswers((await exchange(port, asked, true)).bytes))).toBe(3);
    const more = readAnswers((await exchange(port, Buffer.concat([asked, Buffer.alloc(9)]), true)).bytes);
    expect(files(more)).toBe(3);
  });

  it("says nothing behind its last answer", async () => {
    const found = await answers(ask("GET", "").repeat(15), ask("GET", "Connection: close\r\n"), Buffer.alloc(MUCH));
    expect(files(found)).toBe(16);
    expect(found).toHaveLength(16);
  });
});

describe("a server whose connections are ended gently", () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.closeAllConnections();
  });

  async function listening(answer: RequestListener, mostMs: number): Promise<Server> {
    const server = createServer(answer);
    servers.push(server);
    const connections = new Connections(server, mostMs);
    server.on("clientError", (_, socket) => connections.refuse(socket as Socket, "HTTP/1.1 400 Bad Request\r\n\r\n"));
    await once(server.listen(0, "127.0.0.1"), "listening");
    return server;
  }

  /** Answers with so many bytes, and reads no body. */
  function answering(bytes: number, mostMs: number): Promise<Server> {
    const body = Buffer.alloc(bytes, "a");
    return listening((_, response) => response.writeHead(200, { "content-length": bytes }).end(body), mostMs);
  }

  it("lets the answer that it is at arrive when it closes, and ends the connections", async () => {
    const server = await answering(2 ** 25, 60_000);
    const read = await reader(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const closed = once(server.close(), "close");
    expect(readAnswers(await read())[0]!.body).toHaveLength(2 ** 25);
    await closed;
  });

  it("ends connections on which nothing is asked when it closes", async () => {
    const server = await answering(0, 60_000);
    const opened = once(server, "connection");
    const idle = connect((server.address() as { port: number }).port, "127.0.0.1").resume();
    clients.push(idle);
    await opened;
    server.close();
    await once(idle, "close");
  });

  it("sees that a client ends whose body it had stopped to read before it answered", async () => {
    const server = await listening(({ socket }, response) => {
      socket.once("pause", () => response.writeHead(403, { connection: "close" }).end());
    }, 60_000);
    const opened = once(server, "connection") as Promise<[Socket]>;
    const read = reader(server, `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${MUCH}\r\n\r\n`, Buffer.alloc(MUCH));
    const [connection] = await opened;
    let wasQuiet = false;
    connection.on("timeout", () => (wasQuiet = true));
    const closed = once(connection, "close");
    expect(readAnswers(await (await read)())[0]!.status).toBe(403);
    await closed;
    expect(wasQuiet).toBe(false);
    expect(connection.bytesRead).toBeGreaterThan(MUCH);
  });

  it("reads no longer than it may from a client that goes on sending", async () => {
    const server = await answering(10, 200);
    const opened = once(server, "connection") as Promise<[Socket]>;
    const { port } = server.address() as { port: number };
    const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    clients.push(client);
    client.on("error", () => undefined).resume();
    client.write(`PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${2 ** 40}\r\n\r\n`);
    const [connection] = await opened;
    const drip = setInterval(() => client.write("a"), 10);
    await once(connection, "close");
    clearInterval(drip);
    expect(connection.bytesWritten).toBeGreaterThan(10);
  });
});
