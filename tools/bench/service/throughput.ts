import { setTimeout as sleep } from "node:timers/promises";
import { summarise } from "../statistics.ts";
import type { AskedProcess } from "./asked-process.ts";
import type { Bench } from "./bench.ts";
import type { LoadReport, LoadRequest } from "./load-protocol.ts";
import { cpuSecondsOf, tellsUse } from "./process-use.ts";
import type { Throughput, Work } from "./results.ts";

const CONNECTIONS: readonly number[] = [1, 8, 64];
/** Frames of a body, or items of a stream, where there are many. */
export const MANY = 32;

export type OrtProcess = AskedProcess<{ batch: number; seconds: number }, { items: number; seconds: number }>;

interface Contestant extends Pick<Throughput, "work" | "who" | "connections"> {
  readonly pid: number;
  readonly measure: (seconds: number) => Promise<Sample>;
}

interface Sample {
  readonly perSecond: number;
  readonly perCpuSecond: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly failed: number;
  readonly loadCpu: number;
}

/** Everyone at every work, one after the other in each round, so that a slow minute of the machine is slow for all. */
export async function measureThroughput(
  bench: Bench,
  { rounds, seconds, tell }: { rounds: number; seconds: number; tell: (line: string) => void },
): Promise<Throughput[]> {
  const contestants = contestantsOf(bench);
  for (const one of contestants) await one.measure(Math.min(1, seconds));
  const samples = new Map(contestants.map((one) => [one, [] as Sample[]]));
  for (let round = 0; round < rounds; round++) {
    tell(`round ${round + 1} of ${rounds}`);
    for (const one of contestants) {
      await sleep(50);
      samples.get(one)!.push(await one.measure(seconds));
    }
  }
  return contestants.map((one) => summaryOf(one, samples.get(one)!));
}

function contestantsOf(bench: Bench): Contestant[] {
  const { service, echo, ort, streams, load } = bench;
  let runs = 0;
  const overHttp = (
    who: "service" | "echo",
    work: Work,
    connections: number,
    amount: number,
    request: (run: number) => Pick<LoadRequest, "path" | "headers" | "body">,
  ): Contestant => {
    const { pid, port } = who === "service" ? service : echo;
    const measure = (seconds: number): Promise<Sample> =>
      sampled(pid, async () => {
        const pace = { kind: "closed", connections } as const;
        return sampleOf(await load.ask({ port, seconds, pace, ...request(runs++) }), amount);
      });
    return { work, who, connections, pid, measure };
  };
  const ingest = (work: Work, connections: number, count: number): Contestant[] => {
    const body = (run: number) => ({
      streams: Array.from({ length: count }, () => streams.one),
      parcels: { device: `bench-${run}`, from: 1 },
    });
    return [
      overHttp("service", work, connections, count, (run) => ({ ...bench.ingest, body: body(run) })),
      overHttp("echo", work, connections, count, (run) => ({ ...bench.ingest, path: `/${count}`, body: body(run) })),
    ];
  };
  const decode = (work: Work, connections: number, count: number): Contestant =>
    overHttp("service", work, connections, count, () => ({
      ...bench.decode,
      body: { streams: [count === 1 ? streams.one : streams.many] },
    }));
  const loop = (work: Work, batch: number): Contestant => ({
    ...{ work, who: "onnxruntime", connections: null, pid: ort.pid },
    measure: (seconds) => sampled(ort.pid, async () => ortSample(await ort.ask({ batch, seconds }))),
  });
  return [
    ...CONNECTIONS.flatMap((connections) => [
      ...ingest("ingest, 1 frame a request", connections, 1),
      ...ingest("ingest, 32 frames a request", connections, MANY),
      decode("decode, 1 item a request", connections, 1),
      decode("decode, 32 items a request", connections, MANY),
    ]),
    loop("decode, 1 item a request", 1),
    loop("decode, 32 items a request", MANY),
  ];
}

type Timed = Omit<Sample, "perCpuSecond" | "perSecond"> & { readonly amount: number; readonly seconds: number };

function sampleOf({ answers, seconds, latency, cpuSeconds }: LoadReport, amount: number): Timed {
  const good = answers["200"] ?? 0;
  const failed = Object.values(answers).reduce((sum, count) => sum + count, 0) - good;
  const { p50, p99 } = latency;
  return { amount: good * amount, seconds, p50, p99, failed, loadCpu: cpuSeconds / seconds };
}

function ortSample({ items, seconds }: { items: number; seconds: number }): Timed {
  return { amount: items, seconds, p50: null, p99: null, failed: 0, loadCpu: 0 };
}

/** Adds what the process took of the processors meanwhile. */
async function sampled(pid: number, run: () => Promise<Timed>): Promise<Sample> {
  const before = tellsUse() ? cpuSecondsOf(pid) : 0;
  const { amount, seconds, ...rest } = await run();
  const cpu = tellsUse() ? cpuSecondsOf(pid) - before : 0;
  return { ...rest, perSecond: amount / seconds, perCpuSecond: cpu > 0 ? amount / cpu : null };
}

function summaryOf({ work, who, connections }: Contestant, samples: readonly Sample[]): Throughput {
  const of = (value: (sample: Sample) => number | null) => {
    const values = samples.map(value).filter((one) => one !== null);
    return values.length === samples.length ? summarise(values) : null;
  };
  return {
    ...{ work, who, connections },
    perSecond: of(({ perSecond }) => perSecond)!,
    perCpuSecond: of(({ perCpuSecond }) => perCpuSecond),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    failed: samples.reduce((sum, { failed }) => sum + failed, 0),
    loadCpu: of(({ loadCpu }) => loadCpu)!.median,
    samples: samples.map(({ perSecond }) => perSecond),
  };
}
