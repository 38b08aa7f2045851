import { type CaseTimes, type Checked, type ContestantResult, isBeside, type Results } from "../results.ts";
import type { Quiet } from "../quiet-machine.ts";
import { cutOff } from "../statistics.ts";
import { caseName, type CountedCase, sameCase, type Suite } from "../suite.ts";
import type { Ratio } from "../targets.ts";
import { limitSections } from "./limits.ts";
import { machineLine } from "./machine.ts";
import { markdownTable } from "./markdown.ts";
import { revisionLine } from "./revision.ts";
import { shown } from "./shown.ts";
import { sizeSections } from "./sizes.ts";

/** The results as a page. */
export function page(suite: Suite, results: Results): string {
  const file = `bench-${suite.name}`;
  const sections = [
    `# ${suite.title}`,
    `${suite.intro} Made by \`${results.command}\`; figures in [${file}.json](${file}.json).`,
    circumstances(results),
    `![${suite.title}](${file}.svg)`,
    "## Targets",
    targetSection(suite, results),
    `## ${unitTitle(suite)}`,
    "Median, in brackets the quartiles. PyTorch's two threads wait for each other in a busy loop: where other work takes " +
      "a core, they lose far more than a share of it. Whose step takes longer than a second is measured three times only.",
    valueTable(suite, results),
    "## How many times as fast",
    "The other's time divided by ours, round by round; above 1 we are faster. Median, in brackets the quartiles.",
    ratioTable(results),
    ...sizeSections(results),
    ...limitSections(results),
    "## Who took part",
    contestantTable(results.contestants),
    ...absentLines(results),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** The results as text for a terminal. */
export function summary(suite: Suite, results: Results): string {
  return [
    circumstances(results),
    contestantTable(results.contestants),
    `${unitTitle(suite)}\n${valueTable(suite, results)}`,
    `The other's time divided by ours\n${ratioTable(results)}`,
    `Targets\n${targetSection(suite, results)}`,
    ...sizeSections(results),
    ...limitSections(results),
    ...absentLines(results),
  ].join("\n\n");
}

function unitTitle({ unit }: Suite): string {
  return unit.name === "ms" ? "Milliseconds per step" : unit.name;
}

function circumstances({ date, revision, machine, loadAverage, pairs, quiet, data }: Results): string {
  const { before, after } = loadAverage;
  return [
    `- ${date.slice(0, 10)}, ${revisionLine(revision)}`,
    `- ${machineLine(machine)}`,
    `- load average ${before.toFixed(2)} before and ${after.toFixed(2)} after (an idle machine: near 0 before, near 1 after)`,
    `- ${pairs} rounds per case; in each round everyone is measured once, in turns`,
    ...(quiet ? [quietLine(quiet)] : []),
    data.density === undefined
      ? `- ${data.items} ${data.name}`
      : `- digits: the first ${data.items} of ${data.name}, ${(100 * data.density).toFixed(1)} % of pixels are not 0`,
  ].join("\n");
}

function quietLine({ share, handshakes, patience, waited, rounds, disturbed }: Quiet): string {
  const near =
    handshakes === undefined
      ? ""
      : `, and two threads' handshakes at ${100 * handshakes} % of theirs, which they lose where cores share no cache`;
  return (
    `- rounds waited until a loop in registers ran at ${100 * share} % of its best rate, as neighbours on a rented machine slow it down unseen${near}: ` +
    `${waited.toFixed(1)} minutes of at most ${patience}; ${disturbed} of ${rounds} rounds began all the same`
  );
}

function targetSection({ unit }: Suite, { targets, facts, timeTargets, contestants }: Results): string {
  if (targets.length + facts.length + timeTargets.length === 0) return "The plan sets none for this suite.";
  const name = (id: string): string => contestants.find((one) => one.id === id)?.label ?? id;
  const rows = targets.map(({ ours, peer, atLeast, ratio, verdict, ...one }) => [
    `${caseName(one)}: ${name(ours)} beside ${name(peer)}`,
    `>= ${atLeast}`,
    ratio === null ? "-" : cutOff(ratio, 3),
    verdict,
  ]);
  const factRows = facts.map(({ ours, fact, atMost, value, verdict }) => [
    `${name(ours)}: ${fact}`,
    `<= ${atMost}`,
    value === null ? "-" : String(value),
    verdict,
  ]);
  const timeRows = timeTargets.map(({ ours, atMostMs, ms, verdict, ...one }) => {
    const inUnit = (value: number): string => `${shown(unit.of(one, value))} ${unit.name}`;
    return [`${caseName(one)}: ${name(ours)}`, `<= ${inUnit(atMostMs)}`, ms === null ? "-" : inUnit(ms), verdict];
  });
  return markdownTable(["", "target", "measured", ""], [...rows, ...timeRows, ...factRows]);
}

function valueTable({ unit }: Suite, { cases, contestants }: Results): string {
  const cell = (one: CountedCase, times: CaseTimes | undefined): string => {
    if (!times) return "-";
    const [median, q1, q3] = [times.median, times.q1, times.q3].map((ms) => unit.of(one, ms));
    const [low, high] = [Math.min(q1!, q3!), Math.max(q1!, q3!)];
    return `${shown(median!)} (${shown(low)} to ${shown(high)})`;
  };
  const rows = cases.map((one) => [
    caseName(one),
    ...contestants.map(({ times }) =>
      cell(
        one,
        times.find((each) => sameCase(each, one)),
      ),
    ),
  ]);
  return markdownTable(["", ...contestants.map(({ label }) => label)], rows);
}

/** A row for each of us, or limit, at each case; a column for everyone that is beside one of them. */
function ratioTable({ cases, contestants, ratios }: Results): string {
  const others = contestants.filter((other) => contestants.some((ours) => isBeside(ours, other)));
  const cell = (found: Ratio | undefined): string =>
    found ? `${cutOff(found.median)} (${cutOff(found.q1)} to ${cutOff(found.q3)})` : "-";
  const rows = cases.flatMap((one) =>
    contestants
      .filter((ours) => ratios.some((ratio) => ratio.ours === ours.id && sameCase(ratio, one)))
      .map((ours) => [
        `${caseName(one)}: ${ours.label}`,
        ...others.map(({ id }) =>
          cell(ratios.find((ratio) => ratio.ours === ours.id && ratio.peer === id && sameCase(ratio, one))),
        ),
      ]),
  );
  return markdownTable(["", ...others.map(({ label }) => label)], rows);
}

/** What came out of each shows that everyone does the work. */
function contestantTable(contestants: readonly ContestantResult[]): string {
  const rows = contestants.map(({ label, facts, checked }) => [
    label,
    Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    checked.map(outcome).join("; ") || "-",
  ]);
  return markdownTable(["", "versions and settings", "what came out"], rows);
}

function outcome(one: Checked): string {
  if ("value" in one) return `${caseName(one)}: ${one.value.toPrecision(5)}`;
  return `${caseName(one)}: loss ${one.first.toPrecision(4)} -> ${one.last.toPrecision(4)} in ${one.steps} steps`;
}

function absentLines({ absent }: Results): string[] {
  if (absent.length === 0) return [];
  return ["Absent:", absent.map(({ label, reason }) => `- ${label}: ${reason}`).join("\n")];
}
