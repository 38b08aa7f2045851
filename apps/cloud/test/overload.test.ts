/** More than can be done: what is refused, and what goes on meanwhile. */
import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { digitsModel, digitStream, parcel } from "./support/models.ts";
import { problemOf, type Running, running } from "./support/server.ts";

let service: Running;
/** Of 2 items, and of 40. */
let stream: Uint8Array;
let long: Uint8Array;
let sequence = 0;
beforeAll(async () => {
  const model = await digitsModel();
  stream = await digitStream(model, 0, 2);
  long = await digitStream(model, 0, 40);
  service = await running({ files: { "digits.safetensors": model.file }, backlog: { alwaysTaken: 1, waitMs: 1 } });
});
afterAll(() => service.close());

const held: (() => void)[] = [];
afterEach(() => {
  for (const release of held.splice(0)) release();
});

const decode = (to = service): Promise<Response> =>
  to.ask("reader", "/v1/decode", {
    ...{ method: "POST", body: stream as Uint8Array<ArrayBuffer> },
    headers: { "content-type": "application/vnd.isthmus.stream" },
  });
const send = (): Promise<Response> => service.send(parcel("pump-7", sequence++, stream));
const devices = (): Promise<Response> => service.ask("reader", "/v1/devices");

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

/** Holds what a part of the service is asked next, until it is told to go on. */
function hold<N extends string>(part: Record<N, (...given: never[]) => Promise<unknown>>, name: N) {
  const own = part[name];
  const reached = deferred();
  const released = deferred();
  part[name] = async (...given) => {
    part[name] = own;
    reached.resolve();
    await released.promise;
    return await own.apply(part, given);
  };
  held.push(released.resolve);
  return { reached: reached.promise, release: released.resolve };
}

describe.each([
  ["frames", "/v1/frames", send, decode, () => hold(service.service.store as never, "put")],
  ["decoding", "/v1/decode", decode, send, () => hold(service.service.decoder as never, "decode")],
])("%s beyond what can be done soon", (_, path, ask, other, holdUp) => {
  it("are refused with Retry-After, taken afterwards, and keep nobody else waiting", async () => {
    const { reached, release } = holdUp();
    const first = ask();
    await reached;
    const refused = await ask();
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await problemOf(refused)).toMatchObject({ type: "urn:isthmus:problem:overloaded", status: 429 });
    expect((await other()).status).toBe(200);
    expect((await devices()).status).toBe(200);
    release();
    expect((await first).status).toBe(200);
    expect((await ask()).status).toBe(200);
  });

  it("are refused before a byte of their bodies has come", async () => {
    const { reached, release } = holdUp();
    const first = ask();
    await reached;
    const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
    const token = service.token("operator", "tester");
    socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Length: 1000\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString("latin1").slice(0, 12)).toBe("HTTP/1.1 429");
    socket.destroy();
    release();
    expect((await first).status).toBe(200);
  });
});

it("is not made by those who do not read their answers", async () => {
  const body = Buffer.concat(Array.from({ length: 250 }, () => long));
  const socket = connect(Number(new URL(service.url).port), "127.0.0.1");
  const head = [
    ...["POST /v1/decode HTTP/1.1", "Host: a", `Authorization: Bearer ${service.token("reader", "slow")}`],
    ...["Content-Type: application/vnd.isthmus.stream", "Accept: application/x-npy", `Content-Length: ${body.length}`],
  ];
  socket.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]));
  // Of 7.8 MB, more than the system holds for who does not read, the first have come.
  await once(socket, "readable");
  expect((await decode()).status).toBe(200);
  expect((socket.read(12) as Buffer).toString()).toBe("HTTP/1.1 200");
  socket.destroy();
});

it("is nothing that a few at once meet, however long they take", async () => {
  const own = await running({ files: { "digits.safetensors": (await digitsModel()).file } });
  const { reached, release } = hold(own.service.decoder as never, "decode");
  const first = decode(own);
  await reached;
  const others = await Promise.all(Array.from({ length: 63 }, () => decode(own)));
  expect(others.map(({ status }) => status)).toEqual(Array(63).fill(200));
  release();
  expect((await first).status).toBe(200);
  await own.close();
});
