// Threat: guessing tokens, by what a wrong one is answered, by how long that takes, or by trying very many.
import * as crypto from "node:crypto";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Tokens } from "../../src/auth/tokens.ts";
import { readAnswers } from "../support/hostile/raw-http.ts";
import { problemOf, type Running, running } from "../support/server.ts";

vi.mock("node:crypto", async (original) => {
  const real = await original<typeof crypto>();
  return { ...real, timingSafeEqual: vi.fn<typeof real.timingSafeEqual>(real.timingSafeEqual) };
});

let service: Running;
beforeAll(async () => {
  service = await running();
});
afterAll(() => service.close());

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

it("compares whole tokens in one step whose time does not tell where they differ", async () => {
  const tokens = new Tokens(Buffer.from("a secret of some length"), { generation: async () => 0 });
  const good = tokens.issue({ role: "device", name: "pump-7" }, 0);
  const compare = vi.mocked(crypto.timingSafeEqual);
  const macAt = good.length - 43;
  for (let at = macAt; at < good.length; at++) {
    const other = LETTERS[(LETTERS.indexOf(good[at]!) + 1) % 64]!;
    compare.mockClear();
    expect(await tokens.holderOf(`${good.slice(0, at)}${other}${good.slice(at + 1)}`)).toBeUndefined();
    expect(compare.mock.calls.map(([a, b]) => [a.byteLength, b.byteLength])).toEqual([[good.length, good.length]]);
  }
  compare.mockClear();
  expect(await tokens.holderOf(good)).toEqual({ role: "device", name: "pump-7" });
  expect(compare).toHaveBeenCalledTimes(1);
});

it("asks the store for generations only when the mac is right, so that strangers cost no query", async () => {
  const generation = vi.fn<() => Promise<number>>(async () => 0);
  const tokens = new Tokens(Buffer.from("a secret of some length"), { generation });
  const good = tokens.issue({ role: "reader", name: "ada" }, 0);
  for (const wrong of [
    good.replace("ada", "eve"),
    good.replace("reader", "operator"),
    good.replace(".0.", ".1."),
    "",
    "a.b.c.d",
  ]) {
    expect(await tokens.holderOf(wrong)).toBeUndefined();
  }
  expect(generation).not.toHaveBeenCalled();
});

const asking = (authorization: string, path = "/v1/devices"): Promise<Response> =>
  fetch(`${service.url}${path}`, { headers: { authorization } });

it("answers every wrong token in the same words, whatever is wrong with it, and never with the token", async () => {
  const good = service.token("reader", "ada");
  const wrong = [
    `${good}x`,
    good.slice(0, -1),
    good.replace("ada", "eve"),
    good.replace(".0.", ".7."),
    "x",
    `operator.${"x".repeat(200)}`,
  ];
  const said = await Promise.all(wrong.map(async (token) => await problemOf(await asking(`Bearer ${token}`))));
  expect(new Set(said.map((one) => JSON.stringify(one))).size).toBe(1);
  expect(said[0]).toMatchObject({ status: 401, type: "urn:isthmus:problem:unauthorised" });
  expect(JSON.stringify(service.log)).not.toContain(good.split(".").at(-1));
});

it("leaves an address alone that has tried many, for a while, and nobody else: not another, nor a right token", async () => {
  const statuses: number[] = [];
  for (let i = 0; i < 80; i++) statuses.push((await asking(`Bearer operator.eve.${i}.${"A".repeat(43)}`)).status);
  const late = await asking("Bearer x");
  expect(statuses[0]).toBe(401);
  expect(statuses).toContain(429);
  expect(late.status).toBe(429);
  expect(Number(late.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(await fromElsewhere()).toBe(401);
  expect((await asking(`Bearer ${service.token("reader", "ada")}`)).status).toBe(200);
});

/** The same from another address of this machine. */
async function fromElsewhere(): Promise<number> {
  const socket = connect({ port: Number(new URL(service.url).port), host: "127.0.0.1", localAddress: "127.0.0.2" });
  socket.write("GET /v1/devices HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer x\r\n\r\n");
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return readAnswers(Buffer.concat(chunks))[0]!.status;
}

it("lets no role do what is another's", async () => {
  const may: Record<string, string[]> = {};
  for (const role of ["device", "reader", "operator"] as const) {
    const asks = {
      "GET /v1/devices": () => service.ask(role, "/v1/devices"),
      "GET /v1/models": () => service.ask(role, "/v1/models"),
      "POST /v1/frames": () =>
        service.ask(role, "/v1/frames", {
          method: "POST",
          body: "x",
          headers: { "content-type": "application/vnd.isthmus.parcels" },
        }),
      "POST /v1/decode": () =>
        service.ask(role, "/v1/decode", {
          method: "POST",
          body: "x",
          headers: { "content-type": "application/vnd.isthmus.stream" },
        }),
      "PUT /v1/models/0123456789abcdef": () =>
        service.ask(role, "/v1/models/0123456789abcdef", {
          method: "PUT",
          body: "x",
          headers: { "content-type": "application/octet-stream" },
        }),
    };
    may[role] = [];
    for (const [name, ask] of Object.entries(asks)) if ((await ask()).status !== 403) may[role].push(name);
  }
  expect(may).toEqual({
    device: ["POST /v1/frames"],
    reader: ["GET /v1/devices", "GET /v1/models", "POST /v1/decode"],
    operator: [
      "GET /v1/devices",
      "GET /v1/models",
      "POST /v1/frames",
      "POST /v1/decode",
      "PUT /v1/models/0123456789abcdef",
    ],
  });
});
