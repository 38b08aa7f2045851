import { quantile } from "../statistics.ts";
import type { Bench } from "./bench.ts";
import { residentMiB, tellsUse } from "./process-use.ts";
import type { Memory } from "./results.ts";

const CONNECTIONS = 8;
/** Seconds of one kind of load, before the other has its turn. */
const TURN = 5;

/** Both kinds of work in turns for so many minutes, while the service's memory is looked at. */
export async function measureMemory(
  bench: Bench,
  { minutes, tell }: { minutes: number; tell: (line: string) => void },
): Promise<Memory> {
  const { service, load, streams } = bench;
  const everySeconds = Math.max(1, (60 * minutes) / 600);
  const resident: number[] = [];
  const look = setInterval(() => tellsUse() && resident.push(residentMiB(service.pid)), 1000 * everySeconds);
  const answers: Record<string, number> = {};
  const until = performance.now() + 60_000 * minutes;
  try {
    for (let turn = 0; performance.now() < until; turn++) {
      const seconds = Math.min(TURN, Math.max(0.1, (until - performance.now()) / 1000));
      const work =
        turn % 2 === 0
          ? { ...bench.ingest, body: { streams: [streams.one], parcels: { device: `memory-${turn}`, from: 1 } } }
          : { ...bench.decode, body: { streams: [streams.many] } };
      const pace = { kind: "closed", connections: CONNECTIONS } as const;
      const report = await load.ask({ port: service.port, ...work, seconds, pace });
      for (const [status, count] of Object.entries(report.answers)) answers[status] = (answers[status] ?? 0) + count;
      if (turn % 12 === 0)
        tell(
          `memory: ${((until - performance.now()) / 60_000).toFixed(1)} minutes left, ${resident.at(-1)?.toFixed(0)} MiB`,
        );
    }
  } finally {
    clearInterval(look);
  }
  return { minutes, everySeconds, residentMiB: resident, answers, ...trendOf(resident, everySeconds) };
}

/** The first quarter warms up: caches of the database, compiled code, the heap. */
function trendOf(resident: readonly number[], everySeconds: number): Pick<Memory, "early" | "late" | "slope"> {
  const quarter = Math.floor(resident.length / 4);
  if (quarter === 0) return { early: null, late: null, slope: null };
  const early = quantile(resident.slice(quarter, 2 * quarter), 0.5);
  const late = quantile(resident.slice(-quarter), 0.5);
  const minutesApart = ((resident.length - 2 * quarter) * everySeconds) / 60;
  return { early, late, slope: (late - early) / minutesApart };
}
