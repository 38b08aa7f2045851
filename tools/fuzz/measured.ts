import { getHeapStatistics } from "node:v8";
import { probe } from "../../packages/codec/test/support/hostile-draws.ts";
import type { KindResult } from "./lines.ts";

interface Tried {
  readonly name: string;
  readonly cases: number;
  readonly run: (index: number) => string;
  readonly expected: readonly string[];
  readonly most: KindResult["most"] | undefined;
}

/** Milliseconds between two signs of life. */
const SIGN = 1000;
/** Milliseconds from which on a case is tried again, and how often: what a busy machine added to it is gone in the least of its times. */
const LONG = 0.2;
const AGAIN = 4;

/** What reading took in one case, whatever was made before it and checked after it. */
interface Reading {
  readonly outcome: string;
  readonly ms: number;
  readonly bytes: number;
}

/** Tries every case, its reads timed, with V8's own count of memory before and after each. @throws what is neither an outcome nor refused */
export function measured({ name, cases, run, expected, most }: Tried, isAt: (index: number) => void): KindResult {
  const outcomes: Record<string, number> = {};
  const times = new Float64Array(cases);
  const refused: number[] = [];
  let [slowest, largest, told] = [0, { index: 0, bytes: 0 }, performance.now()];
  for (let index = 0; index < cases; index++) {
    const { outcome, ms, bytes } = leastOf(() => reading(name, run, index));
    times[index] = ms;
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (!outcome.startsWith("decoded") && outcome !== "replaced") refused.push(ms);
    if (ms > times[slowest]!) slowest = index;
    if (bytes > largest.bytes) largest = { index, bytes };
    if (performance.now() - told > SIGN) {
      isAt(index);
      told = performance.now();
    }
  }
  return {
    ...{ name, cases, outcomes, largest, ...(most && { most }) },
    missing: expected.filter((one) => !(one in outcomes)),
    median: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    p99Refused: refused.length === 0 ? null : quantile(Float64Array.from(refused), 0.99),
    slowest: { index: slowest, ms: times[slowest]! },
  };
}

/** With the most bytes and the least milliseconds. */
function leastOf(once: () => Reading): Reading {
  let found = once();
  for (let i = 0; i < AGAIN && found.ms > LONG; i++) {
    const { outcome, ms, bytes } = once();
    found = { outcome, ms: Math.min(ms, found.ms), bytes: Math.max(bytes, found.bytes) };
  }
  return found;
}

function reading(name: string, run: Tried["run"], index: number): Reading {
  let [ms, bytes] = [0, 0];
  probe.around = (read) => {
    const before = bytesInUse();
    const start = performance.now();
    try {
      return read();
    } finally {
      ms += performance.now() - start;
      bytes = Math.max(bytes, bytesInUse() - before);
    }
  };
  try {
    const outcome = run(index);
    return { outcome, ms, bytes };
  } catch (cause) {
    throw new Error(`${name}, case ${index}`, { cause });
  }
}

/** Of objects, and of arrays' bytes beside them. */
function bytesInUse(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

/** The least value that a share of them does not exceed. */
function quantile(values: Float64Array, share: number): number {
  return values.toSorted()[Math.ceil(share * values.length) - 1]!;
}
