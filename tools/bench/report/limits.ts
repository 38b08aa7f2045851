import type { AtLimit } from "../limits.ts";
import type { Results } from "../results.ts";
import { cutOff } from "../statistics.ts";
import { caseName } from "../suite.ts";
import { markdownTable } from "./markdown.ts";
import { shown } from "./shown.ts";

const INTRO =
  "`registers only` does as many multiplications and additions as our plan, `copy` moves as many bytes, in the same rounds as " +
  "everyone. For each plan of ours on one thread: the time of its arithmetic at the rate of the build's own loop in registers " +
  "(vectors of 128 bits), and of its bytes at the rate of the faster copy. The least time is the larger of the two, since a " +
  "machine may compute and move at once (the roofline of Williams, Waterman and Patterson 2009). The arithmetic is what is left " +
  "without the zeros of the first batch that we left out, each by itself; no way to do it in such vectors takes less. Bytes are " +
  "the sizes of all buffers that each call touches, scratch memory included, once even where it reads and writes them: what stays in a core's caches from call to call moves " +
  "faster than the copy, so this bound can be beaten. The rates of ours and of the fastest peer are the plan's operations, as if " +
  "products with zeros were dense, divided by the time: the loop's is exceeded by wider vectors and by leaving out zeros.";

/** The limits beside our plans, and what they say about the targets that were missed; nothing where none was measured. */
export function limitSections(results: Results): string[] {
  const { rooflines, missedAtLimit } = results;
  if (rooflines.length === 0) return [];
  const sentences = missedAtLimit.map((one) => `- ${missedSentence(one, results)}`).join("\n");
  return [
    "## Limits",
    INTRO,
    rooflineTable(results),
    ...(sentences === "" ? [] : ["Targets that were missed:", sentences]),
  ];
}

const HEADER = [
  ...["", "MFLOP", "without zeros", "MB", "arithmetic alone, ms", "copy alone, ms"],
  ...["least, ms", "ours, ms", "reached", "ours, GFLOP/s", "loop, GFLOP/s", "copy, GB/s", "fastest peer, GFLOP/s"],
];

function rooflineTable(results: Results): string {
  const rows = results.rooflines.map((one) => [
    `${caseName(one)}: ${labelOf(results, one.ours)}`,
    ...[one.flops, one.neededFlops, one.bytes].map((amount) => shown(amount / 1e6)),
    ...[shown(one.arithmetic.ms), shown(one.moving.ms)],
    ...[`${shown(one.leastMs)} (${BOUNDS[one.bound]})`, shown(one.measuredMs), percent(one.reached)],
    ...[(1e3 * one.flops) / one.measuredMs, one.arithmetic.perSecond, one.moving.perSecond].map(giga),
    one.peer ? `${giga(one.peer.flopsPerSecond)} (${labelOf(results, one.peer.id)})` : "-",
  ]);
  return markdownTable(HEADER, rows);
}

const BOUNDS = { arithmetic: "arithmetic", moving: "copy" } as const;
const BEYOND = { arithmetic: "what vectors of 128 bits can do", moving: "the copy" } as const;

function missedSentence(one: AtLimit, results: Results): string {
  const { roofline, ratioAtLimit, atLeast, threads, together } = one;
  const { arithmetic, moving, neededFlops, flops } = roofline;
  const bound = one.ms > moving.ms / threads ? "arithmetic" : "moving";
  const peer = labelOf(results, one.peer);
  const byLoop = together !== undefined && bound === "arithmetic";
  const shared = threads > 1 ? `, ${byLoop ? "by the loop on" : "shared evenly by"} ${threads} threads` : "";
  const zeros = neededFlops < flops ? ", without the zeros that we left out" : "";
  const asked = `${percent(atLeast / ratioAtLimit)} of the limit`;
  const beyond = ratioAtLimit < atLeast ? `, beyond ${BEYOND[bound]}` : "";
  return (
    `${caseName(one)}: ${labelOf(results, one.ours)} beside ${peer} came to ${cutOff(one.ratio, 3)} where ${atLeast} is asked; ` +
    `at the limit (${shown(one.ms)} ms, ${BOUNDS[bound]}${shared}${zeros}) the ratio would be ${cutOff(ratioAtLimit)}: the target asks for ${asked}${beyond}. ` +
    `${peer} does ${giga(one.peerFlopsPerSecond)} GFLOP/s, the loop in registers ${giga(together ?? arithmetic.perSecond)}.`
  );
}

function labelOf({ contestants }: Results, id: string): string {
  return contestants.find((one) => one.id === id)!.label;
}

function giga(perSecond: number): string {
  return shown(perSecond / 1e9);
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`;
}
