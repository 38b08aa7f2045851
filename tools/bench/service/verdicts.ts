import { shown } from "../report/shown.ts";
import type { Memory, Overload, OverloadPhase, Verdict } from "./results.ts";

/** Milliseconds within which 99 of 100 accepted requests are answered at twice the capacity. */
const MOST_P99 = 1000;
/** By how much half the requests may be slower after the overload than before: the times, and milliseconds. */
const SLOWER = { times: 2, ms: 2 };
/** The share by which memory may grow from the second to the last quarter, and MiB of it that are nothing. */
const GROWTH = { share: 0.1, mebibytes: 8 };

export function verdictsOf(overload: readonly Overload[], memory: Memory): Verdict[] {
  return [...overload.flatMap(overloadVerdicts), memoryVerdict(memory)];
}

function overloadVerdicts({ work, phases }: Overload): Verdict[] {
  const phase = (name: OverloadPhase["name"]): OverloadPhase => phases.find((one) => one.name === name)!;
  const [before, above, after] = [phase("before"), phase("twice the capacity"), phase("after")];
  const { p99 } = above.latency;
  const others = strange(above) + strange(before) + strange(after);
  const most = SLOWER.times * (before.latency.p50 ?? 0) + SLOWER.ms;
  return [
    {
      what: `${work}: at twice the capacity some are refused by 429, each with Retry-After`,
      line: "at least 1, none without",
      measured: `${above.answers["429"] ?? 0} refused, ${above.withoutRetryAfter} without`,
      verdict: pass((above.answers["429"] ?? 0) > 0 && above.withoutRetryAfter === 0),
    },
    {
      what: `${work}: 99 in 100 of the accepted within, ms`,
      line: `at most ${MOST_P99}`,
      measured: p99 === null ? "none was accepted" : shown(p99),
      verdict: pass(p99 !== null && p99 <= MOST_P99),
    },
    {
      what: `${work}: answers but 200 and 429, and connections that ended`,
      line: "none",
      measured: String(others),
      verdict: pass(others === 0),
    },
    {
      what: `${work}: half within, ms, afterwards, and none refused`,
      line: `at most ${shown(most)}, twice as before and ${SLOWER.ms} ms; none`,
      measured: `${after.latency.p50 === null ? "none was accepted" : shown(after.latency.p50)}; ${after.answers["429"] ?? 0} refused`,
      verdict: pass(after.latency.p50 !== null && after.latency.p50 <= most && !after.answers["429"]),
    },
  ];
}

function strange({ answers }: OverloadPhase): number {
  return Object.entries(answers).reduce((sum, [key, count]) => (key === "200" || key === "429" ? sum : sum + count), 0);
}

function memoryVerdict({ minutes, early, late }: Memory): Verdict {
  const what = `memory over ${minutes} minutes of load, MiB from the second quarter to the last`;
  if (early === null || late === null) return { what, line: "-", measured: "-", verdict: "not measured" };
  const most = early * (1 + GROWTH.share) + GROWTH.mebibytes;
  return {
    what,
    line: `at most ${shown(most)}: ${100 * GROWTH.share} % and ${GROWTH.mebibytes} MiB more`,
    measured: `${shown(early)} to ${shown(late)}`,
    verdict: pass(late <= most),
  };
}

function pass(holds: boolean): Verdict["verdict"] {
  return holds ? "PASS" : "MISSED";
}
