import type { Bench } from "./bench.ts";
import type { LoadReport, LoadRequest } from "./load-protocol.ts";
import type { Overload, OverloadPhase, Work } from "./results.ts";
import { MANY } from "./throughput.ts";

interface OverloadOptions {
  /** Of each phase. */
  readonly seconds: number;
  readonly tell: (line: string) => void;
}

type Ask = (pace: LoadRequest["pace"]) => Promise<LoadReport>;

/** Asks for more than the service can do, and looks at those whom it accepts, those whom it refuses, and at it afterwards. */
export async function measureOverload(bench: Bench, { seconds, tell }: OverloadOptions): Promise<Overload[]> {
  const { service, load, streams } = bench;
  const { port } = service;
  const body = { streams: Array.from({ length: MANY }, () => streams.one) };
  let runs = 0;
  const ingest: Ask = (pace) => {
    const parcels = { device: `overload-${runs++}`, from: 1 };
    return load.ask({ port, ...bench.ingest, body: { ...body, parcels }, seconds, pace });
  };
  const decode: Ask = (pace) => load.ask({ port, ...bench.decode, body: { streams: [streams.many] }, seconds, pace });
  return [
    await overload("ingest, 32 frames a request", ingest, tell),
    await overload("decode, 32 items a request", decode, tell),
  ];
}

async function overload(work: Work, ask: Ask, tell: (line: string) => void): Promise<Overload> {
  const closed = await ask({ kind: "closed", connections: 8 });
  const capacity = (closed.answers["200"] ?? 0) / closed.seconds;
  const phases: OverloadPhase[] = [];
  for (const [name, times] of [
    ["before", 0.5],
    ["twice the capacity", 2],
    ["after", 0.5],
  ] as const) {
    const asked = capacity * times;
    tell(`${work}, ${name}: ${asked.toFixed(0)} requests a second`);
    phases.push({ name, asked, ...(await ask({ kind: "open", perSecond: asked })) });
  }
  return { work, capacity, phases };
}
