import { setTimeout } from "node:timers/promises";
import type { Contestant } from "./contestant.ts";
import type { Absence } from "./contestants.ts";
import type { StepReply } from "./protocol.ts";
import type { QuietMachine } from "./quiet-machine.ts";
import { type Case, caseName, countsOf } from "./suite.ts";

/** A contestant in the middle of a case. */
export interface Running {
  readonly contestant: Contestant;
  /** As it is asked for: limits hear how much work it is. */
  readonly one: Case;
  /** Steps in one measurement. */
  steps: number;
  /** The first reply, from fresh weights. */
  readonly first: StepReply;
  readonly samples: number[];
}

/** Milliseconds of silence before each measurement: idle threads of OpenBLAS and OpenMP spin for tens of them before they sleep. */
const SILENCE = 50;
/** Whose step takes longer than so many milliseconds is measured in a few rounds only. */
const SLOW = 1000;
const SLOW_ROUNDS = 3;

/** Does `steps` of its case. Throws Error when it says that it is unable to, though it was able before. */
export async function stepsOf({ contestant, one }: Running, steps: number): Promise<StepReply> {
  const reply = await contestant.measure(request(one, steps));
  if ("unable" in reply) throw new Error(`${contestant.spec.label}: ${reply.unable}`);
  return reply;
}

function request({ work, batch, parameters, ...one }: Case, steps: number) {
  return { work, ...(batch !== undefined && { batch }), ...countsOf(one), ...parameters, steps };
}

interface WarmedUp {
  readonly running: readonly Running[];
  readonly refused: readonly Absence[];
}

/** Who can do the case, having done one step of it; and who cannot. Limits do as much as we counted, unless the case says. */
export async function warmUp(contestants: readonly Contestant[], one: Case, measurement: number): Promise<WarmedUp> {
  const workers = await begin(
    contestants.filter(({ spec }) => spec.side !== "limit"),
    one,
    measurement,
  );
  const counts = workers.running.find(({ first }) => first.counts)?.first.counts ?? {};
  const counted = { ...countsOf(counts), ...one };
  const limits = await begin(
    contestants.filter(({ spec }) => spec.side === "limit" && counted[spec.bounds!] !== undefined),
    counted,
    measurement,
  );
  return { running: [...workers.running, ...limits.running], refused: [...workers.refused, ...limits.refused] };
}

async function begin(contestants: readonly Contestant[], one: Case, measurement: number): Promise<WarmedUp> {
  const running: Running[] = [];
  const refused: Absence[] = [];
  for (const contestant of contestants.filter(({ spec }) => takesPart(spec, one))) {
    const reply = await contestant.measure(request(one, 1)).catch((error: Error) => ({ unable: error.message }));
    if ("unable" in reply) refused.push({ label: `${contestant.spec.label}, ${caseName(one)}`, reason: reply.unable });
    else running.push({ contestant, one, first: reply, steps: one.steps ?? stepsFor(reply, measurement), samples: [] });
  }
  return { running, refused };
}

function takesPart({ onlyBatches }: Contestant["spec"], { batch }: Case): boolean {
  return onlyBatches === undefined || (batch !== undefined && onlyBatches.includes(batch));
}

function stepsFor({ msPerStep }: StepReply, measurement: number): number {
  return Math.max(1, Math.round(measurement / msPerStep));
}

/** Measures everyone in turns, each round when the machine is quiet if that is asked for; what was measured stands in `samples`. */
export async function interleave(
  running: readonly Running[],
  { pairs, measurement }: { readonly pairs: number; readonly measurement: number },
  machine?: QuietMachine,
): Promise<void> {
  for (const each of running) each.steps = each.one.steps ?? (await calibrate(each, measurement));
  for (let round = 0; round < pairs; round++) {
    await machine?.wait();
    for (const each of running) {
      if (round >= SLOW_ROUNDS && Math.min(each.first.msPerStep, ...each.samples) > SLOW) continue;
      await setTimeout(SILENCE);
      each.samples.push((await stepsOf(each, each.steps)).msPerStep);
    }
  }
}

/** Of warming up: measurements at least, and at most. */
const WARM = [3, 12] as const;

/** Warms up until engines have compiled what they run, so that no more steps fit into a measurement than did before; how many these are. */
async function calibrate(each: Running, measurement: number): Promise<number> {
  let steps = 1;
  if (each.first.msPerStep > SLOW) return steps;
  for (let i = 0, before = 0; i < WARM[0] || (i < WARM[1] && steps > 1.1 * before); i++) {
    before = steps;
    steps = stepsFor(await stepsOf(each, steps), measurement);
  }
  return steps;
}
