/** Hostile requests to the decoder service, as a process of its own on loopback. */
import { fuzzRequests, type RequestTally } from "../../apps/cloud/test/support/hostile/fuzz-requests.ts";
import { type Served, serve } from "../../apps/cloud/test/support/hostile/served.ts";

/** What the service and its decoding process may grow by together; a size that is believed would be gigabytes. */
export const MOST_SERVICE_GROWN_KIB: number = 512 * 1024;

export interface FuzzedService {
  readonly tallies: readonly RequestTally[];
  /** Connections. */
  readonly cases: number;
  readonly answers: number;
  readonly seconds: number;
  readonly memoryKiB: { readonly before: number; readonly most: number; readonly after: number };
  readonly problems: readonly string[];
}

/** @param cases of each kind */
export async function fuzzService(cases: number, tell: (line: string) => void): Promise<FuzzedService> {
  const served = await serve(["--rate", "0"]);
  try {
    return await fuzzed(served, cases, tell);
  } finally {
    await served.stop();
  }
}

async function fuzzed(served: Served, cases: number, tell: (line: string) => void): Promise<FuzzedService> {
  // What is loaded and compiled once is no case's.
  await fuzzRequests({ ...served, cases: 20 });
  const before = await served.memoryKiB();
  let most = before;
  const watch = setInterval(() => void served.memoryKiB().then((now) => (most = Math.max(most, now))), 500);
  const started = performance.now();
  const { tallies, problems } = await fuzzRequests({
    ...served,
    cases,
    tell: ({ name, statuses }) => tell(`${name}: ${statusText(statuses)}`),
  }).finally(() => clearInterval(watch));
  const seconds = (performance.now() - started) / 1000;
  const after = await served.memoryKiB();
  const failures = served
    .log()
    .split("\n")
    .filter((line) => /"level":(50|60)/.test(line));
  return {
    tallies,
    cases: tallies.reduce((sum, tally) => sum + tally.cases, 0),
    answers: tallies
      .flatMap(({ statuses }) => Object.entries(statuses))
      .reduce((sum, [name, n]) => sum + (name === "none" ? 0 : n), 0),
    seconds,
    memoryKiB: { before, most: Math.max(most, after), after },
    problems: [
      ...problems,
      ...(served.isAlive() ? [] : ["the service ended"]),
      ...failures.slice(0, 5).map((line) => `its log has a failure: ${line.slice(0, 500)}`),
      ...(most - before > MOST_SERVICE_GROWN_KIB ? [`the service grew by ${most - before} KiB`] : []),
    ],
  };
}

/** `200 12, 404 3`, in the order of the statuses. */
export function statusText(statuses: Readonly<Record<string, number>>): string {
  return Object.entries(statuses)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([status, count]) => `${status} ${count.toLocaleString("en")}`)
    .join(", ");
}
