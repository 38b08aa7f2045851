import { machineLine } from "./report/machine.ts";
import { markdownTable } from "./report/markdown.ts";
import { revisionLine } from "./report/revision.ts";
import { cutOff } from "./statistics.ts";
import type { ContestantResult, Ratio, TrainResults } from "./train-suite.ts";

/** The results as a page. */
export function trainMarkdown(results: TrainResults): string {
  const sections = [
    "# One training step beside peers",
    `${results.work} Made by \`npm run bench\`; figures in [bench-train.json](bench-train.json).`,
    circumstances(results),
    "![Milliseconds per step](bench-train.svg)",
    "## Targets",
    targetTable(results),
    "## Milliseconds per step",
    "Median, in brackets the quartiles. PyTorch's two threads wait for each other in a busy loop: where other work takes " +
      "a core, they lose far more than a share of it.",
    timeTable(results),
    "## How many times as fast",
    "The other's time divided by ours, round by round; above 1 we are faster. Median, in brackets the quartiles.",
    ratioTable(results),
    "## Who took part",
    contestantTable(results.contestants),
    ...absentLines(results),
  ];
  return `${sections.join("\n\n")}\n`;
}

function circumstances({ date, revision, machine, loadAverage, pairs, data }: TrainResults): string {
  const { before, after } = loadAverage;
  return [
    `- ${date.slice(0, 10)}, ${revisionLine(revision)}`,
    `- ${machineLine(machine)}`,
    `- load average ${before.toFixed(2)} before and ${after.toFixed(2)} after (an idle machine: near 0 before, near 1 after)`,
    `- ${pairs} rounds per batch size; in each round everyone is measured once, in turns`,
    `- data: the first ${data.items} of ${data.name}, ${(100 * data.density).toFixed(1)} % of pixels are not 0; our first layer leaves the others out, the peers' do not`,
  ].join("\n");
}

export function targetTable({ targets, contestants }: TrainResults): string {
  const name = (id: string): string => contestants.find((one) => one.id === id)?.label ?? id;
  const rows = targets.map(({ ours, peer, batch, atLeast, ratio, verdict }) => [
    `${name(ours)} beside ${name(peer)}, batch ${batch}`,
    `>= ${atLeast}`,
    ratio === null ? "-" : cutOff(ratio, 3),
    verdict,
  ]);
  return markdownTable(["", "target", "measured", ""], rows);
}

export function timeTable({ contestants }: TrainResults): string {
  const batches = batchesOf(contestants);
  const rows = contestants.map(({ label, times }) => [
    label,
    ...batches.map((batch) => {
      const found = times.find((one) => one.batch === batch);
      return found ? `${ms(found.median)} (${ms(found.q1)} to ${ms(found.q3)})` : "-";
    }),
  ]);
  return markdownTable(["", ...batches.map((batch) => `batch ${batch}`)], rows);
}

export function ratioTable({ contestants, ratios }: TrainResults): string {
  const batches = batchesOf(contestants);
  const cell = (found: Ratio | undefined): string =>
    found ? `${cutOff(found.median)} (${cutOff(found.q1)} to ${cutOff(found.q3)})` : "-";
  const rows = contestants
    .filter(({ side }) => side === "ours")
    .flatMap((ours) =>
      contestants
        .filter(({ side, id }) => side === "peer" || id === ours.beside)
        .map((peer) => [
          `${ours.label} beside ${peer.label}`,
          ...batches.map((batch) =>
            cell(ratios.find((one) => one.ours === ours.id && one.peer === peer.id && one.batch === batch)),
          ),
        ]),
    );
  return markdownTable(["", ...batches.map((batch) => `batch ${batch}`)], rows);
}

/** The losses show that everyone does the work. */
function contestantTable(contestants: readonly ContestantResult[]): string {
  const rows = contestants.map(({ label, facts, loss }) => [
    label,
    Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(", "),
    `${loss.first.toFixed(1)} -> ${loss.last.toFixed(1)}`,
  ]);
  const steps = contestants[0]?.loss.steps ?? 0;
  return markdownTable(["", "versions and settings", `loss, step 1 -> ${steps}`], rows);
}

function absentLines({ absent }: TrainResults): string[] {
  if (absent.length === 0) return [];
  return ["Absent:", absent.map(({ label, reason }) => `- ${label}: ${reason}`).join("\n")];
}

function batchesOf(contestants: readonly ContestantResult[]): number[] {
  return [...new Set(contestants.flatMap(({ times }) => times.map(({ batch }) => batch)))];
}

function ms(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}
