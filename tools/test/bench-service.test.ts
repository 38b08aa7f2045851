import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { readParcels } from "@isthmus/codec";
import { afterEach, describe, expect, it } from "vitest";
import { chart } from "../bench/service/chart.ts";
import type { LoadRequest } from "../bench/service/load-protocol.ts";
import { loadRun } from "../bench/service/load-run.ts";
import { namesServiceSuite, serviceOptions } from "../bench/service/options.ts";
import { page } from "../bench/service/page.ts";
import { cpuSecondsOf, residentMiB } from "../bench/service/process-use.ts";
import type { Memory, Overload, OverloadPhase, ServiceResults, Throughput } from "../bench/service/results.ts";
import { verdictsOf } from "../bench/service/verdicts.ts";
import { summarise } from "../bench/statistics.ts";

const toClose: (() => unknown)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

async function served(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  toClose.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const stream = Buffer.from("a stream");
const load = (port: number, changes: Partial<LoadRequest>) =>
  loadRun({
    ...{ port, path: "/v1/frames", headers: { authorization: "Bearer t" }, seconds: 0.3 },
    ...{ body: { streams: [stream.toString("base64")] }, pace: { kind: "closed", connections: 3 } },
    ...changes,
  });

describe("the load", () => {
  it("sends parcels whose sequences go up, over as many connections as it is told, and counts answers", async () => {
    const seen = new Set<number>();
    const sockets = new Set<unknown>();
    const port = await served((asked, answer) => {
      sockets.add(asked.socket);
      const chunks: Buffer[] = [];
      asked.on("data", (chunk: Buffer) => chunks.push(chunk));
      asked.on("end", () => {
        for (const found of readParcels(Buffer.concat(chunks))) {
          if ("parcel" in found) seen.add(found.parcel.sequence);
        }
        answer.end("{}");
      });
    });
    const { answers, latency, unsent } = await load(port, {
      body: { streams: [stream, stream].map((one) => one.toString("base64")), parcels: { device: "d", from: 10 } },
    });
    const count = answers["200"]!;
    expect(Object.keys(answers)).toEqual(["200"]);
    expect([sockets.size, unsent]).toEqual([3, 0]);
    expect(seen.size).toBe(2 * count);
    expect([Math.min(...seen), Math.max(...seen)]).toEqual([10, 9 + 2 * count]);
    expect(latency.p50).toBeLessThanOrEqual(latency.p99!);
    expect(latency.p99).toBeLessThanOrEqual(latency.most!);
  });

  it("tells refusals apart, those without Retry-After too, and connections that end", async () => {
    let asked = 0;
    const port = await served((request, answer) => {
      const turn = asked++ % 3;
      if (turn === 2) return void request.socket.destroy();
      answer.writeHead(429, { "content-length": 2, ...(turn === 0 && { "retry-after": "1" }) }).end("no");
    });
    const { answers, withoutRetryAfter, latency, refusedLatency } = await load(port, {
      pace: { kind: "closed", connections: 1 },
    });
    expect(Object.keys(answers).toSorted()).toEqual(["429", "closed"]);
    expect(Math.abs(withoutRetryAfter - answers["429"]! / 2)).toBeLessThanOrEqual(0.5);
    expect([latency.p50, typeof refusedLatency.p50]).toEqual([null, "number"]);
  });

  it("comes at its pace, whether or not it is answered", async () => {
    const waiting: (() => void)[] = [];
    const port = await served((_, answer) => void waiting.push(() => answer.end("{}")));
    const run = load(port, { seconds: 0.5, pace: { kind: "open", perSecond: 100 } });
    const letGo = setInterval(() => waiting.length >= 50 && waiting.splice(0).forEach((end) => end()), 10);
    toClose.push(() => clearInterval(letGo));
    expect((await run).answers).toEqual({ "200": 50 });
  });

  it("refuses answers that it cannot tell the end of", async () => {
    const port = await served((_, answer) => {
      answer.write("a");
      answer.end("b");
    });
    expect(Object.keys((await load(port, {})).answers)).toEqual(["closed"]);
  });
});

it.runIf(process.platform === "linux")("knows what a process took of the machine", () => {
  const before = cpuSecondsOf(process.pid);
  const until = process.cpuUsage().user + 200_000;
  while (process.cpuUsage().user < until);
  expect(cpuSecondsOf(process.pid) - before).toBeGreaterThan(0.1);
  expect(Math.abs(residentMiB(process.pid) / (process.memoryUsage.rss() / 2 ** 20) - 1)).toBeLessThan(0.5);
});

it("has a suite of its own, with options of its own", () => {
  expect([["--suite", "service"], ["--suite=service"], ["--suite", "train"], []].map(namesServiceSuite)).toEqual([
    ...[true, true, false, false],
  ]);
  expect(serviceOptions(["--suite", "service"])).toMatchObject({ rounds: 5, minutes: 2, out: "docs/results" });
  expect(serviceOptions(["--suite", "service", "--minutes", "0.5"]).out).toBeUndefined();
  expect(() => serviceOptions(["--rounds", "1.5"])).toThrow(/--rounds expected a whole number, got 1.5/);
  expect(() => serviceOptions(["--seconds=-1"])).toThrow(/--seconds expected a number above 0, got "-1"/);
});

const latency = (p50: number, p99: number) => ({ p50, p99, most: p99 });
const phase = (
  name: OverloadPhase["name"],
  answers: Record<string, number>,
  p50: number,
  p99: number,
): OverloadPhase => ({
  ...{ name, asked: 100, seconds: 1, answers, withoutRetryAfter: 0, unsent: 0, cpuSeconds: 0.1 },
  ...{ latency: latency(p50, p99), refusedLatency: latency(1, 1) },
});
const overload: Overload = {
  work: "decode, 32 items a request",
  capacity: 50,
  phases: [
    phase("before", { "200": 25 }, 10, 20),
    phase("twice the capacity", { "200": 50, "429": 50 }, 100, 300),
    phase("after", { "200": 25 }, 11, 20),
  ],
};
const memory: Memory = {
  ...{ minutes: 2, everySeconds: 1, residentMiB: [100, 110], answers: { "200": 9 } },
  ...{ early: 105, late: 107, slope: 1 },
};

describe("what is asked of the service", () => {
  const verdicts = (one: Overload, of: Memory = memory): string[] =>
    verdictsOf([one], of).map(({ verdict }) => verdict);
  const withPhase = (i: number, changed: OverloadPhase): Overload => ({
    ...overload,
    phases: overload.phases.with(i, changed),
  });

  it("is met by one that refuses, bounds and recovers", () => {
    expect(verdicts(overload)).toEqual(["PASS", "PASS", "PASS", "PASS", "PASS"]);
  });

  it("is missed one by one", () => {
    const above = phase("twice the capacity", { "200": 100 }, 100, 300);
    expect(verdicts(withPhase(1, above))[0]).toBe("MISSED");
    expect(verdicts(withPhase(1, { ...overload.phases[1]!, withoutRetryAfter: 1 }))[0]).toBe("MISSED");
    expect(verdicts(withPhase(1, phase("twice the capacity", { "429": 1 }, 100, 1001)))[1]).toBe("MISSED");
    expect(verdicts(withPhase(1, phase("twice the capacity", { "429": 1, "500": 1 }, 1, 1)))[2]).toBe("MISSED");
    expect(verdicts(withPhase(2, phase("after", { "200": 25 }, 23, 30)))[3]).toBe("MISSED");
    expect(verdicts(withPhase(2, phase("after", { "200": 25, "429": 1 }, 11, 30)))[3]).toBe("MISSED");
    expect(verdicts(overload, { ...memory, late: 130 })[4]).toBe("MISSED");
    expect(verdicts(overload, { ...memory, early: null, late: null, slope: null })[4]).toBe("not measured");
  });
});

it("becomes a page and a chart that name everyone", () => {
  const one = (who: Throughput["who"], connections: number | null, samples: number[]): Throughput => ({
    ...{ work: "ingest, 1 frame a request", who, connections, samples, failed: 0, loadCpu: 0.5 },
    ...{ perSecond: summarise(samples), perCpuSecond: summarise(samples), p50: summarise([1]), p99: null },
  });
  const results: ServiceResults = {
    ...{ benchmark: "service", command: "npm run bench -- --suite service", date: "2026-01-02T03:04:05Z" },
    revision: null,
    machine: { cpu: "c", cpuDetails: null, cores: 2, platform: "linux x64", node: "20", v8: "11" },
    ...{ loadAverage: { before: 0, after: 1 }, streamBytes: { one: 40, many: 600 }, rounds: 2, seconds: 2 },
    throughput: [one("service", 8, [300, 500]), one("echo", 8, [600, 1000])],
    ...{ overload: [overload], memory, verdicts: verdictsOf([overload], memory) },
  };
  const text = page(results);
  expect(text).toContain("| ingest, 1 frame a request: service | 8 | 400 (350 to 450) |");
  expect(text).toContain("0.50 (0.50 to 0.50)");
  expect(text).toContain("This is the short form");
  expect(text).toMatch(/twice the capacity \| 100 \| 50.0 \| 50.0 \|/);
  expect(text).not.toMatch(/NaN|undefined/);
  expect(chart(results)).toMatch(/service, 8 connections[\s\S]*echo, 8 connections[\s\S]*memory under load/);
  const untold = { ...memory, residentMiB: [], early: null, late: null, slope: null };
  expect(chart({ ...results, memory: untold })).not.toContain("memory under load");
});
