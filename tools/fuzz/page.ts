import { type Machine, machineLine } from "../bench/report/machine.ts";
import { markdownTable } from "../bench/report/markdown.ts";
import { type revision, revisionLine } from "../bench/report/revision.ts";
import type { FileCoverage } from "./coverage.ts";
import type { KindResult } from "./lines.ts";
import { MOST, MOST_GROWN_KIB, reasonOf } from "./problems.ts";

export interface FuzzResults {
  readonly cases: number;
  readonly kinds: readonly KindResult[];
  readonly grownKiB: number;
  /** Of each kind, in the run that coverage is of. */
  readonly coveredCases: number;
  readonly coverage: readonly FileCoverage[];
  readonly problems: readonly string[];
  readonly date: string;
  readonly revision: Awaited<ReturnType<typeof revision>>;
  readonly machine: Machine;
  readonly loadAverage: { readonly before: number; readonly after: number };
}

export function fuzzPage(results: FuzzResults): string {
  const { cases, kinds, grownKiB, coveredCases, coverage, problems, date, machine, loadAverage } = results;
  const streams = kinds.filter(({ most }) => !most);
  const refused = (of: readonly KindResult[]): number => Math.max(...of.map(({ p99Refused }) => p99Refused ?? 0));
  const bytes = (of: readonly KindResult[]): number => Math.max(...of.map(({ largest }) => largest.bytes));
  const sections = [
    "# Hostile inputs",
    `${cases.toLocaleString("en")} inputs that no encoder wrote: each was refused by an error with a code, or decoded to what its bytes say. ` +
      "Nothing threw anything else, and nothing hung: a process that gives no sign of life for a minute is ended and named. Made by `npm run fuzz`; figures in [fuzz.json](fuzz.json).",
    [
      `- ${date.slice(0, 10)}, ${revisionLine(results.revision)}`,
      `- ${machineLine(machine)}`,
      `- load average ${loadAverage.before.toFixed(2)} before and ${loadAverage.after.toFixed(2)} after`,
    ].join("\n"),
    markdownTable(
      ["what", "line", "measured", ""],
      [
        row("99 in 100 that are refused are within, ms, the worst kind", MOST.milliseconds, refused(streams), 3),
        row("bytes that reading took, most of all cases", MOST.bytes, bytes(streams), 0),
        ...kinds
          .filter(({ most }) => most)
          .flatMap((kind) => [
            row(`${kind.name}: ms`, kind.most!.milliseconds, refused([kind]), 3),
            row(`${kind.name}: bytes`, kind.most!.bytes, bytes([kind]), 0),
          ]),
        row("KiB by which the process grew, as the system counts", MOST_GROWN_KIB, grownKiB, 0),
      ],
    ),
    problems.length === 0 ? "" : `## Problems\n\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
    "## By kind",
    "Milliseconds are of reading alone, without making the input and checking what was decoded; a read of more than 0.2 ms was tried five times, and the least counts: " +
      "what a busy machine adds is gone. Bytes are V8's own count of objects and arrays after reading less before, the most of these tries.",
    markdownTable(
      ["kind", "cases", "half within, ms", "99 in 100", "slowest", "most bytes"],
      kinds.map(({ name, cases: count, median, p99, slowest, largest }) => [
        ...[name, count.toLocaleString("en"), median.toFixed(4), p99.toFixed(3)],
        ...[slowest.ms.toFixed(3), largest.bytes.toLocaleString("en")],
      ]),
    ),
    "## How they ended",
    markdownTable(
      ["kind", "outcomes"],
      kinds.map(({ name, outcomes }) => [name, outcomesText(outcomes)]),
    ),
    "## What of the readers they reach",
    `V8's block coverage of the sources while ${coveredCases.toLocaleString("en")} cases of each kind ran. Branches are bodies of functions and loops, both sides of conditions, and what stands behind \`&&\`, \`||\` and \`??\`. ` +
      "The files hold writers too, which made the inputs.",
    markdownTable(
      ["file", "lines", "run", "branches", "run", "missed"],
      coverage.map(({ file, lines, linesRun, branches, missed }) => [
        file.replace(/^packages\//, ""),
        ...[lines, share(linesRun, lines), branches, share(branches - missed.length, branches), missed.length].map(
          String,
        ),
      ]),
    ),
    "Every branch that was missed, and why:",
    markdownTable(
      ["where", "what", "why"],
      coverage.flatMap(({ file, missed }) =>
        missed.map((branch) => [
          `${file.replace(/^packages\//, "")}:${branch.line} ${branch.inside}`,
          `\`${branch.text.replaceAll("|", "\\|").replaceAll("`", "'")}\``,
          reasonOf(file, branch) ?? "not accounted for",
        ]),
      ),
    ),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function row(what: string, most: number, measured: number, digits: number): string[] {
  const text = (value: number): string =>
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return [what, `at most ${most.toLocaleString("en")}`, text(measured), measured <= most ? "PASS" : "MISSED"];
}

function share(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
}

function outcomesText(outcomes: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${name} ${count.toLocaleString("en")}`).join(", ");
}
