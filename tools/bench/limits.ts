import type { CaseTimes, ContestantResult } from "./results.ts";
import { type CaseName, nameOf, sameCase } from "./suite.ts";
import type { TargetResult } from "./targets.ts";

/** What a limit of the machine says about a plan. */
export interface Bound {
  /** The contestant that showed it. */
  readonly limit: string;
  /** Of the limit: operations, or bytes, per second. */
  readonly perSecond: number;
  /** What the plan takes at that rate. */
  readonly ms: number;
}

/** A plan of ours, on one thread, beside what the machine allows. */
export interface Roofline extends CaseName {
  readonly ours: string;
  /** Multiplications and additions of the plan, products with all their zeros. */
  readonly flops: number;
  /** `flops` less those on zeros that we left out, each zero by itself: what `arithmetic` is about. */
  readonly neededFlops: number;
  /** Of all buffers that the plan's calls touch, call by call. */
  readonly bytes: number;
  readonly arithmetic: Bound;
  readonly moving: Bound;
  /** The larger of the two times: arithmetic and moving may overlap (Williams, Waterman and Patterson 2009). */
  readonly bound: "arithmetic" | "moving";
  readonly leastMs: number;
  readonly measuredMs: number;
  /** `leastMs / measuredMs`. */
  readonly reached: number;
  /** The fastest peer; its rate is in the plan's operations. */
  readonly peer: { readonly id: string; readonly flopsPerSecond: number } | null;
}

/** Every plan of ours that was counted on one thread, where both limits were measured at the same case. */
export function rooflines(contestants: readonly ContestantResult[]): Roofline[] {
  return contestants
    .filter(({ side, facts }) => side === "ours" && facts["threads"] === 1)
    .flatMap((ours) => ours.times.flatMap((times) => rooflineOf(ours, times, contestants)));
}

function rooflineOf(ours: ContestantResult, times: CaseTimes, contestants: readonly ContestantResult[]): Roofline[] {
  const { flops, bytes, neededFlops } = times;
  if (flops === undefined || bytes === undefined || neededFlops === undefined) return [];
  const limits = limitsOf(contestants, ours.facts["build"], 1);
  const arithmetic = boundOf(limits, "flops", times, neededFlops);
  const moving = boundOf(limits, "bytes", times, bytes);
  if (!arithmetic || !moving) return [];
  const bound = arithmetic.ms >= moving.ms ? "arithmetic" : "moving";
  const leastMs = Math.max(arithmetic.ms, moving.ms);
  const [peer] = measuredAt(
    contestants.filter(({ side }) => side === "peer"),
    times,
  ).toSorted((a, b) => a.times.median - b.times.median);
  return [
    {
      ...{ ours: ours.id, ...nameOf(times), flops, neededFlops, bytes, arithmetic, moving, bound, leastMs },
      ...{ measuredMs: times.median, reached: leastMs / times.median },
      peer: peer ? { id: peer.id, flopsPerSecond: perSecond(flops, peer.times.median) } : null,
    },
  ];
}

/** Those of one build on so many threads, and those of no build. */
function limitsOf(contestants: readonly ContestantResult[], build: unknown, threads: number) {
  return contestants.filter(({ facts }) => (facts["build"] ?? build) === build && (facts["threads"] ?? 1) === threads);
}

/** The least time for so much: at the best rate among those that bound it. */
function boundOf(
  limits: readonly ContestantResult[],
  what: "flops" | "bytes",
  one: CaseName,
  amount: number,
): Bound | undefined {
  const found = measuredAt(
    limits.filter(({ bounds }) => bounds === what),
    one,
  ).map(({ id, times }) => ({ limit: id, perSecond: perSecond(times[what]!, times.median) }));
  const [best] = found.toSorted((a, b) => b.perSecond - a.perSecond);
  return best && { ...best, ms: (1e3 * amount) / best.perSecond };
}

function measuredAt(contestants: readonly ContestantResult[], one: CaseName): { id: string; times: CaseTimes }[] {
  return contestants.flatMap(({ id, times }) =>
    times.filter((each) => sameCase(each, one)).map((each) => ({ id, times: each })),
  );
}

function perSecond(amount: number, ms: number): number {
  return (1e3 * amount) / ms;
}

/** A missed target, and how it would have come out if we took no longer than the machine asks for. */
export interface AtLimit extends CaseName {
  readonly ours: string;
  readonly peer: string;
  readonly atLeast: number;
  readonly ratio: number;
  /** Of our plan on one thread. */
  readonly roofline: Roofline;
  readonly threads: number;
  /** Operations per second of the loop in registers on as many threads, where that was measured; else they are taken to share evenly. */
  readonly together?: number;
  /** The least time. */
  readonly ms: number;
  /** The peer's median time divided by `ms`. */
  readonly ratioAtLimit: number;
  /** Of the peer, in our plan's operations. */
  readonly peerFlopsPerSecond: number;
}

/** One for every missed target beside a peer, where our plan's limits are known. */
export function missedAtLimit(
  targets: readonly TargetResult[],
  contestants: readonly ContestantResult[],
  known: readonly Roofline[],
): AtLimit[] {
  const peers = contestants.filter(({ side }) => side === "peer");
  const missed = targets.filter(({ verdict }) => verdict === "MISSED");
  return missed.flatMap(({ ours, peer, atLeast, ratio, ...one }) => {
    const [other] = measuredAt(
      peers.filter(({ id }) => id === peer),
      one,
    );
    const { roofline, threads } = rooflineFor(ours, one, contestants, known);
    if (!other || !roofline || ratio === null) return [];
    const build = contestants.find(({ id }) => id === ours)!.facts["build"];
    const together =
      threads > 1 ? boundOf(limitsOf(contestants, build, threads), "flops", one, roofline.neededFlops) : undefined;
    const ms = Math.max(together?.ms ?? roofline.arithmetic.ms / threads, roofline.moving.ms / threads);
    const [ratioAtLimit, peerFlopsPerSecond] = [other.times.median / ms, perSecond(roofline.flops, other.times.median)];
    return [
      {
        ...{ ...nameOf(one), ours, peer, atLeast, ratio, roofline, threads, ms, ratioAtLimit, peerFlopsPerSecond },
        ...(together && { together: together.perSecond }),
      },
    ];
  });
}

/** That of the same build on one thread. */
function rooflineFor(id: string, one: CaseName, contestants: readonly ContestantResult[], known: readonly Roofline[]) {
  const facts = contestants.find((each) => each.id === id)?.facts ?? {};
  const single = contestants.find(
    (each) => each.side === "ours" && each.facts["build"] === facts["build"] && each.facts["threads"] === 1,
  );
  const roofline = known.find((each) => each.ours === single?.id && sameCase(each, one));
  return { roofline, threads: Number(facts["threads"] ?? 1) };
}
