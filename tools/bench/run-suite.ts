import { checkAll } from "./check-contestants.ts";
import type { Contestant } from "./contestant.ts";
import { type Absence, assemble, type BuildName, type Field } from "./contestants.ts";
import { interleave, type Running, warmUp } from "./interleave.ts";
import { missedAtLimit, rooflines } from "./limits.ts";
import type { PeerName } from "./peers.ts";
import { QuietMachine } from "./quiet-machine.ts";
import { loadAverage, machine } from "./report/machine.ts";
import { revision } from "./report/revision.ts";
import { type CaseTimes, type Checked, type ContestantResult, ratiosOf, type Results } from "./results.ts";
import { summarise } from "./statistics.ts";
import { type Case, caseName, countsOf, nameOf, sameCase, type Suite } from "./suite.ts";
import { judge, judgeFacts, judgeTimes } from "./targets.ts";
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
  /** Minutes to wait in all for a machine that does nothing else; 0: rounds begin as they come. */
  readonly quiet: number;
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
  const quiet = options.quiet > 0 ? await QuietMachine.open(60_000 * options.quiet) : undefined;
  const folder = await workFolder(cases, suite.work);
  try {
    const field = await assemble(suite, options, folder.path);
    const { contestants, absent } = await measureAll(field, cases, options, quiet);
    const ratios = ratiosOf(contestants);
    const targets = judge(
      suite.targets.filter((target) => cases.some((one) => sameCase(one, target))),
      ratios,
    );
    // They are of the suite, not of a case, and brotli takes a minute for them.
    const sizes = options.only.length > 0 ? [] : ((await suite.sizes?.(folder.path, options.peers)) ?? []);
    const known = rooflines(contestants);
    return {
      benchmark: suite.name,
      command: options.command,
      data: folder.data,
      date: new Date().toISOString(),
      revision: await revision(),
      machine: machine(),
      loadAverage: { before, after: loadAverage() },
      pairs: options.pairs,
      ...(quiet && { quiet: quiet.soFar() }),
      cases: cases.map(({ check: _check, parameters: _parameters, steps: _steps, ...one }) => one),
      contestants,
      absent,
      ratios,
      targets,
      facts: judgeFacts(suite.factTargets ?? [], contestants),
      timeTargets: judgeTimes(
        (suite.timeTargets ?? []).filter((target) => cases.some((one) => sameCase(one, target))),
        contestants,
      ),
      sizes,
      rooflines: known,
      missedAtLimit: missedAtLimit(targets, contestants, known),
    };
  } finally {
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

interface Measured {
  readonly times: CaseTimes[];
  readonly checked: Checked[];
}

/** Everyone at every case; stops them at the end. */
async function measureAll(
  { contestants, absent }: Field,
  cases: readonly Case[],
  options: RunOptions,
  quiet: QuietMachine | undefined,
) {
  const measured = new Map(contestants.map((one): [Contestant, Measured] => [one, { times: [], checked: [] }]));
  const missing = [...absent];
  for (const { label, reason } of absent) options.tell(`${label} is absent: ${reason}`);
  try {
    for (const [i, one] of cases.entries()) {
      options.tell(`[${i + 1}/${cases.length}] ${caseName(one)}`);
      missing.push(...(await measureCase(contestants, one, options, measured, quiet)));
    }
  } finally {
    for (const contestant of contestants) contestant.stop();
  }
  return { contestants: contestants.map((one) => resultOf(one, measured.get(one)!)), absent: missing };
}

/** Adds to what was measured; resolves to who could not do the case. */
async function measureCase(
  contestants: readonly Contestant[],
  one: Case,
  options: RunOptions,
  measured: ReadonlyMap<Contestant, Measured>,
  quiet: QuietMachine | undefined,
): Promise<readonly Absence[]> {
  const { running, refused } = await warmUp(contestants, one, options.measurement);
  for (const { label, reason } of refused) options.tell(`  ${label} is absent: ${reason}`);
  for (const [contestant, found] of await checkAll(running, one)) measured.get(contestant)!.checked.push(found);
  await interleave(running, options, quiet);
  for (const each of running) measured.get(each.contestant)!.times.push(timesOf(each));
  return refused;
}

function resultOf({ spec, facts }: Contestant, { checked, times }: Measured): ContestantResult {
  const { id, label, side, beside, bounds } = spec;
  return { id, label, side, ...(beside && { beside }), ...(bounds && { bounds }), facts, checked, times };
}

function timesOf({ contestant, one, first, steps, samples }: Running): CaseTimes {
  const counts = contestant.spec.side === "limit" ? countsOf(one) : first.counts;
  return { ...nameOf(one), steps, ...counts, ...summarise(samples), samples };
}
