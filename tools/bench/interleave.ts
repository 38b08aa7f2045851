import { setTimeout } from "node:timers/promises";
import type { Contestant } from "./contestant.ts";
import type { Absence } from "./contestants.ts";
import type { StepReply } from "./protocol.ts";
import { type Case, caseName } from "./suite.ts";

/** A contestant in the middle of a case. */
export interface Running {
  readonly contestant: Contestant;
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

/** Does `steps` of a case. Throws Error when it says that it is unable to, though it was able before. */
export async function stepsOf(contestant: Contestant, one: Case, steps: number): Promise<StepReply> {
  const reply = await contestant.measure(request(one, steps));
  if ("unable" in reply) throw new Error(`${contestant.spec.label}: ${reply.unable}`);
  return reply;
}

function request({ work, batch, flops, bytes, parameters }: Case, steps: number) {
  const counted = { ...(flops && { flops }), ...(bytes && { bytes }) };
  return { work, ...(batch !== undefined && { batch }), ...counted, ...parameters, steps };
}

/** Who can do the case, having done one step of it; and who cannot. */
export async function warmUp(
  contestants: readonly Contestant[],
  one: Case,
  measurement: number,
): Promise<{ running: Running[]; refused: Absence[] }> {
  const running: Running[] = [];
  const refused: Absence[] = [];
  for (const contestant of contestants.filter(({ spec }) => takesPart(spec, one))) {
    const reply = await contestant.measure(request(one, 1)).catch((error: Error) => ({ unable: error.message }));
    if ("unable" in reply) refused.push({ label: `${contestant.spec.label}, ${caseName(one)}`, reason: reply.unable });
    else running.push({ contestant, first: reply, steps: stepsFor(reply, measurement), samples: [] });
  }
  return { running, refused };
}

function takesPart({ onlyBatches }: Contestant["spec"], { batch }: Case): boolean {
  return onlyBatches === undefined || (batch !== undefined && onlyBatches.includes(batch));
}

function stepsFor({ msPerStep }: StepReply, measurement: number): number {
  return Math.max(1, Math.round(measurement / msPerStep));
}

/** Measures everyone in turns; what was measured stands in `samples`. */
export async function interleave(
  running: readonly Running[],
  one: Case,
  { pairs, measurement }: { readonly pairs: number; readonly measurement: number },
): Promise<void> {
  for (const each of running) each.steps = await calibrate(each, one, measurement);
  for (let round = 0; round < pairs; round++) {
    for (const { contestant, steps, samples, first } of running) {
      if (round >= SLOW_ROUNDS && Math.min(first.msPerStep, ...samples) > SLOW) continue;
      await setTimeout(SILENCE);
      samples.push((await stepsOf(contestant, one, steps)).msPerStep);
    }
  }
}

/** Warms up until engines have compiled what they run, and finds how many steps make one measurement. */
async function calibrate({ contestant, first }: Running, one: Case, measurement: number): Promise<number> {
  let steps = 1;
  if (first.msPerStep > SLOW) return steps;
  for (let i = 0; i < 3; i++) steps = stepsFor(await stepsOf(contestant, one, steps), measurement);
  return steps;
}
