/** What the service answers to what it should not be asked, and to whom it answers at all. */
import { crc32c } from "@isthmus/codec";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleFloatEncoder } from "@isthmus/deploy";
import { loadEncoder } from "@isthmus/edge";
import { IsthmusError } from "@isthmus/math";
import { SqliteStore } from "../src/store/sqlite-store.ts";
import { exchange, readAnswers } from "./support/hostile/raw-http.ts";
import { digits, digitsModel, digitStream, parcel, type TestModel } from "./support/models.ts";
import { problemOf, type Running, type RunOptions, running } from "./support/server.ts";

let ofDigits: TestModel;
let other: TestModel;
let stream: Uint8Array;
const opened: Running[] = [];

/** A service that is closed after the last test. */
async function open(options: RunOptions = {}): Promise<Running> {
  const service = await running({ files: { "digits.safetensors": ofDigits.file }, ...options });
  opened.push(service);
  return service;
}

let service: Running;
beforeAll(async () => {
  ofDigits = await digitsModel();
  other = await digitsModel(7);
  stream = await digitStream(ofDigits, 0, 2);
  service = await open({ maxBody: 5000, maxModel: 300_000 });
});
afterAll(async () => {
  for (const one of opened) await one.close();
});

const kind = (name: string): string => `urn:isthmus:problem:${name}`;

describe("frames", () => {
  it("are stored, and known when they come again", async () => {
    const body = parcel("pump-7", 1, stream);
    const first = await service.send(body);
    expect(first.status).toBe(200);
    expect(await first.json()).toEqual({ results: [{ device: "pump-7", sequence: 1, status: "stored" }] });
    expect(await (await service.send(body)).json()).toMatchObject({ results: [{ status: "duplicate" }] });
  });

  it("that are damaged are refused with the place in the body, and what is whole is stored", async () => {
    const good = parcel("pump-7", 20, stream);
    const bad = parcel("pump-7", 21, stream);
    bad[bad.length - 1]! ^= 1;
    const problem = await problemOf(await service.send(Buffer.concat([good, bad])));
    expect(problem).toMatchObject({ type: kind("bad-frame"), status: 400, code: "PARCEL_CRC", offset: good.length });
    expect(problem["results"]).toMatchObject([{ status: "stored" }, { reason: "bad-frame" }]);
  });

  it("whose symbols do not decode are refused", async () => {
    const broken = await digitStream(ofDigits, 0, 40);
    // The frame's checksum holds again, so that only decoding finds it.
    broken[broken.length - 1]! ^= 0x5a;
    const crc = crc32c(broken.subarray(24), crc32c(broken.subarray(0, 20)));
    new DataView(broken.buffer).setUint32(20, crc, true);
    const problem = await problemOf(await service.send(parcel("pump-7", 30, broken)));
    expect(problem).toMatchObject({ type: kind("bad-frame"), status: 400, code: expect.stringMatching(/^BITSTREAM_/) });
    expect((await problemOf(await service.ask("reader", "/v1/devices/pump-9")))["status"]).toBe(404);
  });

  it("of another device are refused", async () => {
    const problem = await problemOf(await service.send(parcel("pump-8", 1, stream)));
    expect(problem).toMatchObject({ type: kind("other-device"), status: 403, device: "pump-8", sequence: 1 });
  });

  it("of a model that is not here are refused by its id", async () => {
    const problem = await problemOf(await service.send(parcel("pump-7", 40, await digitStream(other, 0, 1))));
    expect(problem).toMatchObject({ type: kind("unknown-model"), status: 409, model: other.id });
  });

  it("with a sequence that another has are told the next", async () => {
    await service.send(parcel("pump-5", 6, stream), { name: "pump-5" });
    const second = await service.send(parcel("pump-5", 6, await digitStream(ofDigits, 3, 4)), { name: "pump-5" });
    expect(await problemOf(second)).toMatchObject({ type: kind("sequence-taken"), status: 409, next: 7 });
  });

  it("that are too many bytes, none, or of another type are refused", async () => {
    const tooLarge = await service.send(new Uint8Array(5001));
    expect(await problemOf(tooLarge)).toMatchObject({ type: kind("too-large"), status: 413, limit: 5000 });
    const empty = await service.send(new Uint8Array(0));
    expect(await problemOf(empty)).toMatchObject({ type: kind("bad-frame"), offset: 0 });
    const post = (type: string, more = {}) =>
      service.ask("operator", "/v1/frames", {
        ...{ method: "POST", body: parcel("pump-7", 1, stream) as Uint8Array<ArrayBuffer> },
        headers: { "content-type": type, ...more },
      });
    for (const type of ["application/json", "text/plain", "application/vnd.isthmus.parcels2", "x"]) {
      expect(await problemOf(await post(type)), type).toMatchObject({
        type: kind("unsupported-media-type"),
        status: 415,
      });
    }
    const coded = await post("application/vnd.isthmus.parcels", { "content-encoding": "gzip" });
    expect(await problemOf(coded)).toMatchObject({ type: kind("unsupported-media-type") });
  });

  it("that would decode to more than is accepted are refused", async () => {
    const small = await open({ maxValues: 1000 });
    const problem = await problemOf(await small.send(parcel("pump-7", 1, stream)));
    expect(problem).toMatchObject({ type: kind("bad-frame"), code: "BITSTREAM_LIMIT" });
    expect((await small.send(parcel("pump-7", 1, await digitStream(ofDigits, 0, 1)))).status).toBe(200);
  });
});

describe("tokens", () => {
  const get = (path: string, authorization?: string) =>
    fetch(`${service.url}${path}`, { headers: authorization === undefined ? {} : { authorization } });

  it("are asked for", async () => {
    for (const authorization of [
      undefined,
      "Bearer",
      "Bearer x",
      "Basic YTpi",
      `Bearer ${service.token("reader", "x")}A`,
    ]) {
      const response = await get("/v1/devices", authorization);
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
      expect(await problemOf(response), authorization).toMatchObject({ type: kind("unauthorised"), status: 401 });
    }
  });

  it("allow each role its own", async () => {
    const routes = [
      ["GET", "/v1/devices", "reader operator"],
      ["GET", "/v1/models", "reader operator"],
      ["GET", `/v1/models/${ofDigits.id}`, "reader operator"],
      ["GET", `/v1/models/${ofDigits.id}/bundle`, "device reader operator"],
      ["PUT", `/v1/models/${ofDigits.id}`, "operator"],
      ["PUT", `/v1/models/${ofDigits.id}/bundle`, "operator"],
      ["POST", "/v1/frames", "device operator"],
      ["POST", "/v1/decode", "reader operator"],
    ] as const;
    for (const [method, path, roles] of routes) {
      for (const role of ["device", "reader", "operator"] as const) {
        const response = await service.ask(role, path, { method });
        const what = `${role} ${method} ${path}`;
        if (roles.split(" ").includes(role)) expect([401, 403], what).not.toContain(response.status);
        else expect(await problemOf(response), what).toMatchObject({ type: kind("forbidden"), status: 403 });
      }
    }
  });

  it("that are revoked are refused after a while", async () => {
    const own = await open();
    const token = own.token("reader", "bob");
    await own.service.store.revoke("reader.bob");
    const response = await fetch(`${own.url}/v1/devices`, { headers: { authorization: `Bearer ${token}` } });
    expect(await problemOf(response)).toMatchObject({ status: 401 });
    const fresh = own.service.tokens!.issue({ role: "reader", name: "bob" }, 1);
    expect((await fetch(`${own.url}/v1/devices`, { headers: { authorization: `Bearer ${fresh}` } })).status).toBe(200);
  });

  it("are not asked for in an open service", async () => {
    const own = await open({ open: true });
    expect((await fetch(`${own.url}/v1/devices`)).status).toBe(200);
  });

  it("that are wrong too often from one address are not looked at", async () => {
    const own = await open();
    const tries = await Promise.all(Array.from({ length: 120 }, () => fetch(`${own.url}/v1/devices`)));
    const statuses = tries.map(({ status }) => status);
    expect(statuses).toContain(401);
    expect(statuses).toContain(429);
    const refused = tries.find(({ status }) => status === 429)!;
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await problemOf(refused)).toMatchObject({ type: kind("overloaded") });
    // Who has a token is not kept out by that.
    expect((await own.ask("reader", "/v1/devices")).status).toBe(200);
  });

  it("may be used only so often", async () => {
    const own = await open({ rate: 2 });
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async () => (await own.ask("reader", "/v1/models")).status),
    );
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(8);
    expect(statuses).toContain(429);
    expect((await own.ask("operator", "/v1/models")).status).toBe(200);
  });

  it("and bring no body in while the service has more to do than it can", async () => {
    const own = await open({ backlog: { alwaysTaken: 0 } });
    for (const [role, path] of [
      ["device", "/v1/frames"],
      ["reader", "/v1/decode"],
    ] as const) {
      const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${own.token(role, "pump-7")}\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n`;
      const [answer] = readAnswers((await exchange(Number(new URL(own.url).port), Buffer.from(head), false)).bytes);
      expect(answer).toMatchObject({ status: 429, headers: { "retry-after": expect.stringMatching(/^[1-9]/) } });
      expect(JSON.parse(answer!.body.toString())).toMatchObject({ type: kind("overloaded") });
    }
    expect((await own.ask("reader", "/v1/models")).status).toBe(200);
  });

  it("and payloads are never in the log", async () => {
    const secret = service.token("device", "pump-7").split(".").at(-1)!;
    const all = JSON.stringify(service.log);
    expect(all).toContain("device.pump-7");
    expect(all).not.toContain(secret);
    expect(all).not.toContain("Bearer");
    expect(service.log.every((line) => !("body" in line) && !("headers" in line))).toBe(true);
  });
});

describe("addresses", () => {
  it.each(["/v2/devices", "/v1", "/v1/devices/a/b", "/v1/models/../../etc/passwd/x", "//", "/page/../src"])(
    "that lead nowhere are a problem: %s",
    async (path) => {
      expect(await problemOf(await service.ask("operator", path))).toMatchObject({
        type: kind("not-found"),
        status: 404,
      });
    },
  );

  it.each([
    ["DELETE", "/v1/devices", "GET, HEAD"],
    ["GET", "/v1/frames", "POST"],
    ["POST", "/v1/models/0123456789abcdef", "GET, HEAD, PUT"],
    ["PATCH", "/openapi.json", "GET, HEAD"],
  ])("are for some methods: %s %s", async (method, path, allow) => {
    const response = await service.ask("operator", path, { method });
    expect(response.headers.get("allow")).toBe(allow);
    expect(await problemOf(response)).toMatchObject({ type: kind("method-not-allowed"), status: 405 });
  });

  it.each([
    "/v1/devices?limit=0",
    "/v1/devices?limit=many",
    "/v1/devices?limit=1001",
    "/v1/devices?after=..",
    "/v1/devices?unknown=1",
    "/v1/devices/a%20b",
    "/v1/devices/%2e%2e%2fpasswd",
    "/v1/devices/a/items?from=-1",
    "/v1/devices/a/items?after=1",
    "/v1/devices/a/items?after=9999999999999999.1",
    "/v1/models/ABCDEF0123456789",
    "/v1/models/%2e%2e",
    "/v1/devices/%ff",
    "/v1/devices/",
    `/v1/devices/${"a".repeat(65)}`,
  ])("with parts that are none are refused: %s", async (path) => {
    const response = await service.ask("operator", path);
    const problem = await problemOf(response);
    expect([400, 404]).toContain(problem["status"]);
    expect([kind("invalid-request"), kind("not-found")]).toContain(problem["type"]);
  });

  it("of devices that have sent nothing are a problem", async () => {
    for (const path of ["/v1/devices/nobody", "/v1/devices/nobody/items"]) {
      expect(await problemOf(await service.ask("reader", path))).toMatchObject({ type: kind("not-found") });
    }
  });
});

describe("models", () => {
  const put = (id: string, file: Uint8Array, part = "") =>
    service.ask("operator", `/v1/models/${id}${part}`, {
      ...{ method: "PUT", body: file as Uint8Array<ArrayBuffer> },
      headers: { "content-type": "application/octet-stream" },
    });

  it("are refused unless they are what their id says", async () => {
    const wrong = await put(other.id, ofDigits.file);
    expect(await problemOf(wrong)).toMatchObject({ type: kind("invalid-model"), status: 422, code: "MODEL_ID" });
    const damaged = other.file.slice();
    damaged[damaged.length - 1]! ^= 1;
    expect(await problemOf(await put(other.id, damaged))).toMatchObject({ code: "MODEL_FILE_HASH" });
    for (const bytes of [new Uint8Array(0), new Uint8Array(100), Buffer.from("{}")]) {
      expect(await problemOf(await put(other.id, bytes))).toMatchObject({ type: kind("invalid-model"), status: 422 });
    }
    expect(await problemOf(await put(other.id, new Uint8Array(300_001)))).toMatchObject({
      status: 413,
      limit: 300_000,
    });
    expect(await problemOf(await put(ofDigits.id, new Uint8Array(9), "/bundle"))).toMatchObject({ status: 422 });
    expect(await problemOf(await put(other.id, new Uint8Array(9), "/bundle"))).toMatchObject({ status: 404 });
  });

  it("that are put are there at once, and frames of them are stored", async () => {
    const sent = parcel("pump-6", 1, await digitStream(other, 0, 1));
    expect((await service.send(sent, { name: "pump-6" })).status).toBe(409);
    const created = await put(other.id, other.file);
    expect(created.status).toBe(201);
    expect(await created.json()).toMatchObject({ id: other.id, kind: "vae", shape: [28, 28, 1] });
    expect((await put(other.id, other.file)).status).toBe(200);
    expect((await service.send(sent, { name: "pump-6" })).status).toBe(200);
    const { frames } = (await (await service.ask("reader", "/v1/devices/pump-6/items")).json()) as any;
    expect(frames[0].items).toHaveLength(1);
  });

  it("are given whole, with their hash, and not again to who has them", async () => {
    const response = await service.ask("reader", `/v1/models/${ofDigits.id}`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes).toEqual(ofDigits.file);
    const sha256 = createHash("sha256").update(bytes).digest("base64");
    expect(response.headers.get("digest")).toBe(`sha-256=${sha256}`);
    const etag = response.headers.get("etag")!;
    expect(etag).toBe(`"${sha256}"`);
    const again = await service.ask("reader", `/v1/models/${ofDigits.id}`, {
      headers: { "if-none-match": `"x", ${etag}` },
    });
    expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
    const stale = await service.ask("reader", `/v1/models/${ofDigits.id}`, { headers: { "if-none-match": '"x"' } });
    expect(stale.status).toBe(200);
  });

  it("are given to devices as encoders, whose frames are stored", async () => {
    const response = await service.ask("device", `/v1/models/${ofDigits.id}/bundle`);
    expect(response.status).toBe(200);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const sha256 = createHash("sha256").update(bytes).digest("base64");
    expect(response.headers.get("digest")).toBe(`sha-256=${sha256}`);
    const again = { headers: { "if-none-match": `"${sha256}"` } };
    expect((await service.ask("device", `/v1/models/${ofDigits.id}/bundle?quality=0`, again)).status).toBe(304);
    const encoder = await loadEncoder(bytes);
    const frame = encoder.encode(digits.values.slice(0, 784) as Uint8Array);
    expect((await service.send(parcel("pump-4", 1, frame), { name: "pump-4" })).status).toBe(200);
    const none = await problemOf(await service.ask("device", `/v1/models/${ofDigits.id}/bundle?quality=1`));
    expect(none).toMatchObject({ type: kind("not-found"), detail: expect.stringContaining("quality 1") });
  });

  it("have the bundle that an operator puts", async () => {
    const own = await open();
    const made = bundleFloatEncoder(ofDigits.model);
    const path = `/v1/models/${ofDigits.id}/bundle`;
    const headers = { "content-type": "application/octet-stream" };
    const sent = () => own.ask("operator", path, { method: "PUT", body: made, headers });
    expect([(await sent()).status, (await sent()).status]).toEqual([201, 200]);
    expect(await own.service.store.model(ofDigits.id, "bundle")).toEqual(made);
    expect(new Uint8Array(await (await own.ask("device", path)).arrayBuffer())).toEqual(made);
  });
});

describe("decoding", () => {
  const decode = (body: Uint8Array, to = service) =>
    to.ask("reader", "/v1/decode", {
      ...{ method: "POST", body: body as Uint8Array<ArrayBuffer> },
      headers: { "content-type": "application/vnd.isthmus.stream" },
    });

  it("refuses what is no stream, with the place", async () => {
    expect(await problemOf(await decode(Uint8Array.of(1, 2)))).toMatchObject({
      status: 400,
      code: "BITSTREAM_MAGIC",
      offset: 0,
    });
    const cut = await problemOf(await decode(stream.subarray(0, stream.length - 1)));
    expect(cut).toMatchObject({ type: kind("bad-frame"), code: "BITSTREAM_TRUNCATED" });
  });

  it("refuses streams of a model that is not here, and of several at once", async () => {
    const stranger = await digitStream(await digitsModel(9), 0, 1);
    expect(await problemOf(await decode(stranger))).toMatchObject({ type: kind("unknown-model"), status: 409 });
    const both = await problemOf(await decode(new Uint8Array(Buffer.concat([stream, stranger]))));
    expect(both).toMatchObject({ code: "BITSTREAM_MODEL", offset: stream.length + 4 });
  });
});

describe("a service", () => {
  it("without its database says so, and is not ready", async () => {
    let broken = false;
    const own = await open({
      store: async (path) => {
        const store = await SqliteStore.open(path);
        const fail = () => Promise.reject(new IsthmusError("STORE_UNAVAILABLE", "the disk at /secret/path is gone"));
        return new Proxy(store, {
          get: (target, name) => {
            const member = Reflect.get(target, name) as unknown;
            if (typeof member !== "function") return member;
            return broken && name !== "close" ? fail : member.bind(target);
          },
        });
      },
    });
    broken = true;
    for (const response of [await fetch(`${own.url}/readyz`), await own.send(parcel("pump-7", 1, stream))]) {
      expect(response.headers.get("retry-after")).toBe("5");
      const problem = await problemOf(response);
      expect(problem).toMatchObject({ type: kind("unavailable"), status: 503 });
      expect(JSON.stringify(problem)).not.toContain("/secret");
    }
    expect((await fetch(`${own.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${own.url}/metrics`)).status).toBe(200);
    broken = false;
    expect((await own.send(parcel("pump-7", 1, stream))).status).toBe(200);
  });

  it("that has a bug tells its log, and nobody else", async () => {
    const own = await open();
    own.service.store.totals = () => Promise.reject(new Error("a detail of ours"));
    const problem = await problemOf(await own.ask("reader", "/v1/devices"));
    expect(problem).toMatchObject({ type: kind("internal"), status: 500 });
    expect(JSON.stringify(problem)).not.toContain("ours");
    expect(JSON.stringify(own.log)).toContain("a detail of ours");
  });

  it("that is to end is not ready, answers what has begun, and takes nothing more", async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const own = await open();
    const put = own.service.store.put.bind(own.service.store);
    const reached = new Promise<void>((resolve) => {
      own.service.store.put = async (arrivals) => {
        resolve();
        await held;
        return await put(arrivals);
      };
    });
    const begun = own.send(parcel("pump-7", 1, stream));
    await reached;
    own.app.drain();
    expect(await problemOf(await fetch(`${own.url}/readyz`))).toMatchObject({ type: kind("unavailable"), status: 503 });
    expect((await fetch(`${own.url}/healthz`)).status).toBe(200);
    expect(await problemOf(await own.ask("reader", "/v1/devices"))).toMatchObject({ status: 503 });
    const closed = own.app.close();
    release();
    expect((await begun).status).toBe(200);
    await closed;
    await expect(fetch(`${own.url}/healthz`)).rejects.toThrow("fetch failed");
  });

  it("counts what it does", async () => {
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(/^isthmus_frames_total\{result="stored",reason=""\} [1-9]/m);
    expect(metrics).toMatch(/^isthmus_frames_total\{result="refused",reason="bad-frame"\} [1-9]/m);
    const { devices, frames, bytes, rawBytes } = await service.service.store.totals();
    expect(metrics).toContain(`\nisthmus_store_devices ${devices}\n`);
    expect(metrics).toContain(`\nisthmus_store_frames ${frames}\n`);
    expect(metrics).toContain(`\nisthmus_store_bytes ${bytes}\n`);
    expect(metrics).toContain(`\nisthmus_store_raw_bytes ${rawBytes}\n`);
    expect(metrics).toMatch(/^isthmus_http_requests_total\{method="GET",route="\/v1\/devices",status="200"\} [1-9]/m);
    expect(metrics).not.toContain("pump-7");
  });

  it("lets pages of origins that it knows ask, and no others", async () => {
    const own = await open({ corsOrigins: ["https://page.example"] });
    const preflight = (origin: string) =>
      fetch(`${own.url}/v1/frames`, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
      });
    const yes = await preflight("https://page.example");
    expect([yes.status, yes.headers.get("access-control-allow-origin")]).toEqual([204, "https://page.example"]);
    expect(yes.headers.get("access-control-allow-headers")).toMatch(/Authorization, Content-Type, If-None-Match/);
    expect((await preflight("https://evil.example")).headers.get("access-control-allow-origin")).toBeNull();
    const answer = await own.ask("reader", "/v1/devices", { headers: { origin: "https://page.example" } });
    expect(answer.headers.get("access-control-expose-headers")).toMatch(/Digest, ETag/);
    expect(
      (await service.ask("reader", "/v1/devices", { headers: { origin: "https://page.example" } })).headers.get("vary"),
    ).toBeNull();
  });
});

describe("connections", () => {
  const speak = async (own: Running, words: string): Promise<string> => {
    const socket = connect(Number(new URL(own.url).port), "127.0.0.1");
    socket.write(words);
    return await text(socket);
  };

  it("that speak no HTTP are told so", async () => {
    const answer = await speak(service, "HELO there\r\n\r\n");
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain("application/problem+json");
    expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({ type: kind("invalid-request") });
  });

  it("that send their headers or their body too slowly are ended", async () => {
    const own = await open({ headersMs: 600, requestMs: 1200 });
    const head = `POST /v1/frames HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${own.token("operator", "x")}\r\n`;
    const slow = [head, `${head}Content-Type: application/vnd.isthmus.parcels\r\nContent-Length: 1000\r\n\r\nab`];
    for (const answer of await Promise.all(slow.map((words) => speak(own, words)))) {
      expect(answer).toMatch(/^HTTP\/1\.1 408 /);
      expect(JSON.parse(answer.split("\r\n\r\n")[1]!)).toMatchObject({ type: kind("timeout"), status: 408 });
    }
    expect((await own.ask("reader", "/v1/devices")).status).toBe(200);
  });

  it("with headers that are too large are refused", async () => {
    const answer = await speak(service, `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
});
