import { checkAll } from "./check-contestants.ts";
import type { Contestant } from "./contestant.ts";
import { type Absence, assemble, type BuildName } from "./contestants.ts";
import { interleave, type Running, warmUp } from "./interleave.ts";
import type { PeerName } from "./peers.ts";
import { loadAverage, machine } from "./report/machine.ts";
import { revision } from "./report/revision.ts";
import { type CaseTimes, type Checked, type ContestantResult, ratiosOf, type Results } from "./results.ts";
import { summarise } from "./statistics.ts";
import { type Case, caseName, nameOf, sameCase, type Suite } from "./suite.ts";
import { judge, judgeFacts } from "./targets.ts";
import { workFolder } from "./work-folder.ts";

export interface RunOptions {
  /** Names of cases, or words in them. None: all are run. */
  readonly only: readonly string[];
  readonly builds: readonly BuildName[];
  /** Rounds per case; in each everyone is measured once, one after the other. */
  readonly pairs: number;
  /** Milliseconds that one measurement should last. */
  readonly measurement: number;
  readonly peers: readonly PeerName[];
  /** The command that says all this again. */
  readonly command: string;
  /** Hears what is being done. */
  readonly tell: (line: string) => void;
}

/**
 * Times everyone at every case, in turns: A B C A B C ..., so that a slow minute of the machine is slow for all and the
 * ratios of a round stay what they are.
 *
 * @throws Error when what comes out of a contestant shows that it does not do the work
 */
export async function runSuite(suite: Suite, options: RunOptions): Promise<Results> {
  const before = loadAverage();
  const cases = chosen(suite.cases, options.only);
  const folder = await workFolder(cases);
  const field = await assemble(suite, options, folder.path);
  try {
    const { contestants, absent } = await measureAll(field, cases, options);
    const ratios = ratiosOf(contestants);
    return {
      benchmark: suite.name,
      command: options.command,
      data: folder.data,
      date: new Date().toISOString(),
      revision: await revision(),
      machine: machine(),
      loadAverage: { before, after: loadAverage() },
      pairs: options.pairs,
      cases: cases.map(({ check: _check, parameters: _parameters, ...one }) => one),
      contestants,
      absent,
      ratios,
      targets: judge(
        suite.targets.filter((target) => cases.some((one) => sameCase(one, target))),
        ratios,
      ),
      facts: judgeFacts(suite.factTargets ?? [], contestants),
    };
  } finally {
    for (const contestant of field.contestants) contestant.stop();
    await folder.remove();
  }
}

/** The cases of these names; words that are no case's name choose all whose names hold them. */
export function chosen(cases: readonly Case[], only: readonly string[]): readonly Case[] {
  if (only.length === 0) return cases;
  const names = cases.map(caseName);
  const isChosen = (name: string): boolean =>
    only.some((words) => name === words || (!names.includes(words) && name.includes(words)));
  return cases.filter((_, i) => isChosen(names[i]!));
}

interface Field {
  readonly contestants: readonly Contestant[];
  readonly absent: readonly Absence[];
}

async function measureAll(field: Field, cases: readonly Case[], options: RunOptions) {
  const times = new Map(field.contestants.map((one) => [one, [] as CaseTimes[]]));
  const checked = new Map(field.contestants.map((one) => [one, [] as Checked[]]));
  const absent = [...field.absent];
  for (const { label, reason } of absent) options.tell(`${label} is absent: ${reason}`);
  for (const [i, one] of cases.entries()) {
    options.tell(`[${i + 1}/${cases.length}] ${caseName(one)}`);
    const { running, refused } = await warmUp(field.contestants, one, options.measurement);
    for (const { label, reason } of refused) options.tell(`  ${label} is absent: ${reason}`);
    absent.push(...refused);
    for (const [contestant, found] of await checkAll(running, one)) checked.get(contestant)!.push(found);
    await interleave(running, one, options);
    for (const each of running) times.get(each.contestant)!.push(timesOf(one, each));
  }
  const contestants = field.contestants.map((one): ContestantResult => {
    const { id, label, side, beside } = one.spec;
    const both = { checked: checked.get(one)!, times: times.get(one)! };
    return { id, label, side, ...(beside && { beside }), facts: one.facts, ...both };
  });
  return { contestants, absent };
}

function timesOf(one: Case, { steps, samples }: Running): CaseTimes {
  return { ...nameOf(one), steps, ...summarise(samples), samples };
}
