import { type LossCurve, lossObjection, valueObjection } from "./checks.ts";
import type { Contestant } from "./contestant.ts";
import { type Running, stepsOf } from "./interleave.ts";
import type { Checked } from "./results.ts";
import { type Case, nameOf } from "./suite.ts";

/**
 * What shows that everyone does the work of a case. Limits do only a part of it and are not looked at.
 *
 * @throws Error naming who does not do the work
 */
export async function checkAll(running: readonly Running[], one: Case): Promise<Map<Contestant, Checked>> {
  const workers = running.filter(({ contestant }) => contestant.spec.side !== "limit");
  if (one.check.kind === "same") return checkValues(workers, one, one.check.apart);
  return one.check.kind === "learns" ? checkLosses(workers, one, one.check) : new Map();
}

function checkValues(workers: readonly Running[], one: Case, apart: number): Map<Contestant, Checked> {
  const values = workers.map(({ first }) => first.value);
  for (const { contestant, first } of workers) {
    refuse(contestant, valueObjection(first.value, values, apart));
  }
  return new Map(workers.map(({ contestant, first }) => [contestant, { ...nameOf(one), value: first.value }]));
}

async function checkLosses(
  workers: readonly Running[],
  one: Case,
  check: Case["check"] & { kind: "learns" },
): Promise<Map<Contestant, Checked>> {
  const curves: LossCurve[] = [];
  for (const each of workers) {
    const { value } = await stepsOf(each, check.steps - 1);
    curves.push({ first: each.first.value, last: value });
  }
  for (const [i, { contestant }] of workers.entries()) {
    refuse(contestant, lossObjection(curves[i]!, curves, check));
  }
  return new Map(
    workers.map(({ contestant }, i) => [contestant, { ...nameOf(one), steps: check.steps, ...curves[i]! }]),
  );
}

function refuse({ spec }: Contestant, objection: string | undefined): void {
  if (objection) throw new Error(`${spec.label} does not do the work: ${objection}`);
}
