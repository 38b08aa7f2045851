import fc from "fast-check";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { readParcels } from "@isthmus/codec";
import { afterEach, describe, expect, test, vi } from "vitest";
import { DiskQueue } from "../src/queue/disk-queue.ts";
import { backoffMs } from "../src/send/backoff.ts";
import { Delivery } from "../src/send/delivery.ts";
import { NoAnswer, SendError } from "../src/send/transport.ts";
import { Journal } from "../src/status/journal.ts";
import { startAgent } from "./support/agents.ts";
import { copier, modelId, symbolsOf } from "./support/bundles.ts";
import { newFolder } from "./support/folder.ts";
import { type Fault, Service } from "./support/service.ts";

afterEach(() => void vi.restoreAllMocks());

const PATIENT = { timeout: 30_000, interval: 20 };
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const refusal = (status: number, reason: string, headers = {}) =>
  ({
    status,
    headers,
    body: { type: `urn:isthmus:problem:${reason}`, title: reason, detail: `because of ${reason}` },
  }) as const;

/** An agent that is to send the numbers from 0 up to, without, `count`, one in each frame. */
async function sending(
  count: number,
  more: { readonly send?: object; readonly frame?: object } = {},
  service?: Service,
) {
  const [folder, to] = [newFolder(), service ?? (await Service.start())];
  writeFileSync(join(folder, "m.isthb"), copier({ samples: 1 }));
  const tables = {
    model: { bundle: "m.isthb" },
    source: { kind: "stdin", header: false },
    frame: { items: 1, ...more.frame },
    send: { url: to.url, ...more.send },
  };
  const lines = upTo(count).map((i) => `${i % 100}\n`);
  return { folder, service: to, start: () => startAgent(folder, tables, Readable.from([Buffer.from(lines.join(""))])) };
}

const stored = (service: Service): number[] =>
  service.stored.toSorted((a, b) => a.sequence - b.sequence).flatMap(({ stream }) => symbolsOf(stream, 1));

test("whatever happens to requests and answers, each frame is stored once, as it was encoded", async () => {
  const fault: fc.Arbitrary<Fault | undefined> = fc.oneof(
    { weight: 3, arbitrary: fc.constant(undefined) },
    fc.constantFrom<Fault>("cut before", "cut after", "silence"),
    fc.nat(5000).map((damage) => ({ damage })),
    fc.constantFrom<Fault>(
      refusal(503, "unavailable"),
      refusal(401, "unauthorised"),
      { status: 502, body: "<html>bad gateway</html>" },
      { status: 200, body: "{}" },
      { status: 200, body: JSON.stringify({ results: [] }) },
      { status: 200, body: JSON.stringify({ results: [null, 7, { status: "stored", device: "other", sequence: 1 }] }) },
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fault, { maxLength: 12 }), async (faults) => {
      const { service, start } = await sending(60, { send: { batch_bytes: 1000, patience: 0.1 } });
      service.fault = (request) => faults[request];
      const run = start();
      await run.ended;
      expect(stored(service)).toEqual(upTo(60));
      expect((await run.agent).snapshot().send.stored).toBe(60);
      await service.stop();
    }),
    { numRuns: 12 },
  );
});

describe("a frame that the service refuses", () => {
  test("for its model stays until an operator brings the model, and holds no other model's frames up", async () => {
    const { folder, service, start } = await sending(3);
    service.refuse = ({ stream }) =>
      Buffer.from(stream.subarray(4, 12)).toString("hex") === modelId(1)
        ? { status: "refused", reason: "unknown-model", model: modelId(1), detail: "not here" }
        : undefined;
    const run = start();
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().send.refused["unknown-model"]).toBeGreaterThan(3), PATIENT);
    expect(agent.snapshot().problems["unknown-model"]!.message).toContain("not here");
    await run.stop();
    writeFileSync(join(folder, "m.isthb"), copier({ samples: 1, id: 2 }));
    const next = start();
    await vi.waitFor(() => expect(service.stored.length).toBe(3), PATIENT);
    expect((await next.agent).snapshot().queue.frames).toBe(3);
    service.refuse = () => undefined;
    await next.ended;
    expect(stored(service)).toEqual([0, 1, 2, 0, 1, 2]);
  });

  test("as damaged is sent ten times, then set aside where a person finds it; the others are stored", async () => {
    const { folder, service, start } = await sending(5);
    let [bad, times] = [-1, 0];
    service.refuse = ({ sequence, stream }, offset) => {
      if (symbolsOf(stream, 1)[0] !== 2) return undefined;
      [bad, times] = [sequence, times + 1];
      return { status: "refused", reason: "bad-frame", code: "BITSTREAM_END", offset, detail: "no good" };
    };
    const run = start();
    await run.ended;
    expect(times).toBe(10);
    expect(stored(service)).toEqual([0, 1, 3, 4]);
    const [file] = readdirSync(join(folder, "state", "set-aside"));
    expect(file).toBe(`${bad}-bad-frame.parcel`);
    const [found] = readParcels(readFileSync(join(folder, "state", "set-aside", file!)));
    expect(found && "parcel" in found && symbolsOf(found.parcel.stream, 1)).toEqual([2]);
    expect((await run.agent).snapshot().send).toMatchObject({ setAside: 1, stored: 4 });
  });

  test("as too large although it is not is sent again: it was damaged on the way", async () => {
    const { folder, service, start } = await sending(3);
    let times = 0;
    service.refuse = ({ stream, sequence }) =>
      symbolsOf(stream, 1)[0] === 2 && ++times < 9
        ? { status: "refused", reason: "too-large", sequence, limit: 1e6, detail: "long" }
        : undefined;
    await start().ended;
    expect(times).toBe(9);
    expect(stored(service)).toEqual([0, 1, 2]);
    expect(existsSync(join(folder, "state", "set-aside"))).toBe(false);
  });

  test("stays in the queue where it cannot be set aside", async () => {
    const { folder, service, start } = await sending(2);
    service.refuse = ({ stream }) =>
      symbolsOf(stream, 1)[0] === 0 ? { status: "refused", reason: "bad-frame", detail: "" } : undefined;
    mkdirSync(join(folder, "state"));
    writeFileSync(join(folder, "state", "set-aside"), "a file is in the way");
    const run = start();
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().problems["set-aside"]).toBeDefined(), PATIENT);
    expect(agent.snapshot()).toMatchObject({ queue: { frames: 1 }, send: { stored: 1, setAside: 0 } });
    await run.stop();
  });

  test("because its sequence is another's gets one above all that the service has, and no two are lost or doubled", async () => {
    const service = await Service.start();
    const before = await sending(4, {}, service);
    await before.start().ended;
    // A device that lost its memory, and whose clock is behind.
    const first = Math.min(...service.stored.map(({ sequence }) => sequence));
    vi.spyOn(Date, "now").mockReturnValue(first - 2);
    const after = await sending(6, {}, service);
    const run = after.start();
    await run.ended;
    expect((await run.agent).snapshot().send.refused["sequence-taken"]).toBeGreaterThan(0);
    expect(service.stored.length).toBe(10);
    expect(service.stored.map(({ stream }) => symbolsOf(stream, 1)[0]!).sort((a, b) => a - b)).toEqual([
      0, 0, 1, 1, 2, 2, 3, 3, 4, 5,
    ]);
    expect(new Set(service.stored.map(({ sequence }) => sequence)).size).toBe(10);
  });
});

describe("a body that is too large", () => {
  test.each([{}, { limit: 300 }])(
    "is sent in smaller ones, and a parcel that is too large alone is set aside: %o",
    async (limit) => {
      const { folder, service, start } = await sending(40, { frame: { items: 10 } });
      service.fault = (_, body) =>
        body.length > 300
          ? { ...refusal(413, "too-large"), body: { ...refusal(413, "too-large").body, ...limit } }
          : undefined;
      await start().ended;
      expect(stored(service)).toEqual(upTo(40));
      expect(existsSync(join(folder, "state", "set-aside"))).toBe(false);
      service.fault = (_, body) => (body.length > 60 ? refusal(413, "too-large") : undefined);
      const run = start();
      await run.ended;
      expect((await run.agent).snapshot().send.setAside).toBe(4);
      expect(readdirSync(join(folder, "state", "set-aside")).length).toBe(4);
    },
  );

  test("is never made of more bytes than configured", async () => {
    const { service, start } = await sending(200, { send: { batch_bytes: 500 } });
    let open = false;
    service.fault = () => (open ? undefined : refusal(503, "unavailable"));
    const run = start();
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().queue.frames).toBe(200), PATIENT);
    open = true;
    await run.ended;
    expect(Math.max(...service.requests.map(({ bytes }) => bytes))).toBeLessThanOrEqual(500);
    expect(Math.max(...service.requests.map(({ bytes }) => bytes))).toBeGreaterThan(400);
  });
});

describe("waiting", () => {
  test.each([
    [429, "overloaded"],
    [503, "unavailable"],
  ])("is at least as long as a %d says, and ends when the agent is stopped", async (status, reason) => {
    const { service, start } = await sending(1);
    service.fault = () => refusal(status, reason, { "Retry-After": "3600" });
    const run = start();
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().send.nextTrySeconds).toBeGreaterThan(3000), PATIENT);
    expect(service.requests.length).toBe(1);
    await run.stop();
    expect(agent.snapshot().queue.frames).toBe(1);
  });

  test("after failures is any time up to a bound that doubles up to the largest", () => {
    const retry = { firstMs: 10, mostMs: 100 };
    const most = [1, 2, 3, 4, 5, 1000].map((failures) => backoffMs(failures, retry, () => 1));
    expect(most).toEqual([10, 20, 40, 80, 100, 100]);
    expect(backoffMs(7, retry, () => 0.25)).toBe(25);
    expect(backoffMs(7, retry, () => 0)).toBe(0);
  });

  test("knows nothing of a wall clock that jumps", async () => {
    const { service, start } = await sending(30);
    const jumps = [0, 4e12, 1, 1.9e12];
    let calls = 0;
    vi.spyOn(Date, "now").mockImplementation(() => jumps[calls++ % jumps.length]!);
    service.fault = (request) => (request < 5 ? "cut before" : undefined);
    await start().ended;
    expect(stored(service)).toEqual(upTo(30));
    expect(service.duplicates).toBe(0);
  });
});

test("a service that is away for long costs no memory but the queue's, and gets everything when it comes", async () => {
  const service = await Service.start();
  const { port } = service;
  const { start } = await sending(3000, { frame: { items: 1 } }, service);
  await service.stop();
  const run = start();
  const agent = await run.agent;
  await vi.waitFor(() => expect(agent.snapshot().queue.frames).toBe(3000), PATIENT);
  await vi.waitFor(() => expect(agent.snapshot().problems["send"]?.count).toBeGreaterThan(5), PATIENT);
  expect(run.log.filter((line) => line.includes("cannot send")).length).toBe(1);
  await Service.start(port, service);
  await run.ended;
  expect(stored(service)).toEqual(upTo(3000).map((i) => i % 100));
  expect(run.log.join("")).toContain("works again");
}, 120_000);

test("the token goes to the service, from wherever it is, and nowhere else", async () => {
  const { folder, service, start } = await sending(1, { send: { token_file: "token" } });
  writeFileSync(join(folder, "token"), "device.pump-7.0.secret\n");
  service.fault = (request) =>
    request === 0 ? { status: 307, body: "", headers: { Location: "http://127.0.0.1:9/" } } : undefined;
  const run = start();
  await run.ended;
  expect(service.requests.map(({ headers }) => headers.authorization)).toEqual(
    Array.from({ length: 2 }, () => "Bearer device.pump-7.0.secret"),
  );
  expect(run.log.join("")).not.toContain("secret");
  expect(JSON.stringify((await run.agent).snapshot())).not.toContain("secret");
});

test("patience for an answer grows while a service is silent, and not while it cannot be reached", async () => {
  const queue = new DiskQueue(newFolder(), { device: "d", bytes: 1e6, whenFull: "stop", fsync: "never" });
  await queue.append({ time: 0, stream: new Uint8Array(40) }, "");
  const outcomes = [...Array(4).fill("lost"), ...Array(5).fill("silent"), "lost", "silent", "stored"];
  const patience: number[] = [];
  const stop = new AbortController();
  const delivery = new Delivery({
    ...{ device: "d", queue, journal: new Journal(() => undefined), setAside: () => true },
    ...{ batchBytes: 1e5, patienceMs: 100, retry: { firstMs: 0, mostMs: 0 } },
    transport: {
      target: "nowhere",
      close: async () => undefined,
      send: async (body, patienceMs) => {
        const outcome = outcomes[patience.push(patienceMs) - 1];
        if (outcome === "lost") throw new SendError("the connection was lost");
        if (outcome === "silent") throw new NoAnswer(patienceMs);
        stop.abort();
        const [found] = readParcels(body);
        const { device, sequence } = (found as { readonly parcel: { device: string; sequence: number } }).parcel;
        return { results: [{ status: "stored", device, sequence }] };
      },
    },
  });
  await delivery.run(stop.signal, new AbortController().signal);
  expect(queue.frames).toBe(0);
  expect(patience).toEqual([100, 100, 100, 100, 100, 200, 400, 800, 800, 800, 100, 200]);
  queue.close();
});
