import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { machineLine } from "../../bench/report/machine.ts";
import { markdownTable } from "../../bench/report/markdown.ts";
import { revisionLine } from "../../bench/report/revision.ts";
import { root } from "../../lib/paths.mjs";
import { passed, type PassLine, type Row } from "./reproduction.ts";
import type { Results } from "./results.ts";

/** The results of every family in a folder, in the order of their names. */
export async function storedResults(folder: string): Promise<Results[]> {
  const path = resolve(root, folder);
  const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
  const all = await Promise.all(
    names.map(async (name) => JSON.parse(await readFile(join(path, name), "utf8")) as Partial<Results>),
  );
  return all.filter((one): one is Results => one.reproduction !== undefined && one.rows !== undefined);
}

/** All families on one page. */
export function reproductionsPage(all: readonly Results[]): string {
  const sections = [
    "# Reproductions",
    "Published results made again with this library, and lines that were drawn beforehand. `npm run reproduce <name>` makes a family again " +
      "and writes this page; nothing is edited by hand. Every seed is reported, never the best of several. " +
      "Figures hold for the data convention beside them; seconds are one seed's training and measuring, on a machine that others used too.",
    ...all.flatMap(section),
  ];
  return `${sections.join("\n\n")}\n`;
}

function section(results: Results): string[] {
  const { reproduction, what, protocol, pictures } = results;
  const settings = Object.entries(protocol).map(([name, value]) => `- ${name}: ${String(value)}`);
  return [
    `## ${reproduction}`,
    `${what}. Figures: [${reproduction}.json](results/${reproduction}.json).`,
    resultTable(results),
    settings.join("\n"),
    ...pictures.map((name) => `![${name.replace(/\.\w+$/, "")}](results/${name})`),
    circumstances(results),
  ];
}

/** One line per row. */
export function resultTable({ rows }: Pick<Results, "rows">): string {
  const header = ["what", "published", "ours", "line", "convention", "seconds"];
  return markdownTable(
    header,
    rows.map((row) => [row.what, publishedText(row), oursText(row), lineText(row), row.convention, secondsText(row)]),
  );
}

function publishedText({ published }: Row): string {
  return published ? `${published.figures} (${published.source})` : "";
}

function oursText({ runs, unit }: Row): string {
  const values = runs.map(({ value }) => figure(value)).join(", ");
  const seeds = runs.map(({ seed }) => seed).join(", ");
  return `${values}${unit === "" ? "" : ` ${unit}`} (${runs.length > 1 ? "seeds" : "seed"} ${seeds})`;
}

/** Five digits, or the digits of a small number. */
function figure(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 1e-3 && Math.abs(value) < 1e5
    ? String(Number(value.toPrecision(5)))
    : value.toExponential(2);
}

function lineText(row: Row): string {
  const verdict = passed(row);
  if (verdict === undefined) return "";
  const { share = 1 } = row.line!;
  const part = share < 1 ? ` for ${Math.ceil(share * row.runs.length)} of ${row.runs.length} seeds` : "";
  return `${range(row.line!)}${part}: ${verdict ? "PASS" : "MISS"}`;
}

function range({ least, most }: PassLine): string {
  if (least === undefined) return `at most ${figure(most!)}`;
  return most === undefined ? `at least ${figure(least)}` : `${figure(least)} to ${figure(most)}`;
}

function secondsText({ runs }: Row): string {
  const seconds = runs.map((run) => run.seconds).filter((one) => one > 0);
  return seconds.length === 0 ? "" : seconds.map((one) => one.toFixed(0)).join(", ");
}

function circumstances({ date, revision, machine, loadAverage, engine, data }: Results): string {
  return [
    `- ${date.slice(0, 10)}, ${revisionLine(revision)}; engine ${engine.name}, build ${engine.build}; ${machineLine(machine)}; ` +
      `load average ${loadAverage.before.toFixed(2)} before, ${loadAverage.after.toFixed(2)} after`,
    ...data.map(
      ({ name, items, mean, sha256, note }) =>
        `- ${items} items of ${name}, mean value ${mean.toFixed(6)}${sha256 ? `, SHA-256 ${sha256}` : ""}${note ? `; ${note}` : ""}`,
    ),
  ].join("\n");
}
