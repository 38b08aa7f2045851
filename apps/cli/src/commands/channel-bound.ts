import type { Link } from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import type { JsonObject } from "@isthmus/graph";
import type { Command } from "commander";
import { ebNoOption } from "../channel/decibels.ts";
import { limitCurves, linkText, shannonLimitDb, usesText } from "../channel/limits.ts";
import { codebookOf, openSystem } from "../channel/link-files.ts";
import { SYSTEM_NAMES } from "../channel/named-systems.ts";
import {
  drawnCurve,
  type KnownCurve,
  requireRatesEnding,
  tableCsv,
  tableLines,
  writeRates,
} from "../channel/rate-table.ts";
import type { Report } from "../console.ts";
import { checkedByUser } from "../errors.ts";
import { numberBetween, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface BoundOptions {
  readonly k?: number;
  readonly n?: number;
  readonly complex?: boolean;
  readonly ebno: readonly number[];
  readonly out?: string;
}

export function boundCommand(context: Context): Command {
  return describeCommand({
    name: "bound",
    summary: "What no code of k bits in n uses can do over white Gaussian noise, and what random codes do.",
    notes: [
      "sphere packing (Shannon 1959) holds for all codes whose points have the same energy; the second one for those of at most",
      "that energy; the meta-converse (Polyanskiy, Poor and Verdu 2010) is looser. The normal approximation is no bound, and is",
      "given from 50 real dimensions on. The Shannon limit is for codes as long as wished.",
      ...SYSTEM_NAMES,
    ],
    examples: [
      "isthmus channel bound --k 4 --n 7 --ebno 0:8:1",
      "isthmus channel bound --k 4 --n 1 --complex -o bound.svg",
      "isthmus channel bound hamming --json",
    ],
  })
    .argument("[system]", "a name, a codebook file or a model, in place of --k and --n")
    .option("--k <bits>", "bits in a block", numberBetween(1, 1024))
    .option("--n <uses>", "uses of the channel", wholeNumber(1, 4096))
    .option("--complex", "uses are complex: two real dimensions each")
    .addOption(ebNoOption("energy per bit over noise density: from:to:step, a list, or one"))
    .option("-o, --out <file>", "a chart as .svg or .png, or the table as .csv or .json")
    .action(reporting(context, (system: string | undefined, options: BoundOptions) => bound(system, options)));
}

async function bound(system: string | undefined, options: BoundOptions): Promise<Report> {
  const { ebno, out } = options;
  if (out !== undefined) {
    await requireRatesEnding(out);
    await requireWritable(out, system === undefined ? [] : [system]);
  }
  const { k, n, complex = false } = await linkOfOptions(system, options);
  const link = { k, n, complex };
  const curves = checkedByUser(() => limitCurves(link, ebno));
  const limit = shannonLimitDb(link);
  const json = {
    link,
    shannonLimitDb: limit,
    ebNoDb: [...ebno],
    curves: curves as unknown as JsonObject[],
    ...(out && { out }),
  };
  if (out !== undefined)
    await writeRates(out, {
      csv: () => tableCsv(ebno, curves),
      json: () => json,
      svg: () => chart(link, ebno, curves),
    });
  const lines = [
    `limits of ${linkText(link)}, ${Number((k / n).toFixed(4))} bits a use; Shannon limit ${limit.toFixed(2)} dB`,
    ...tableLines(ebno, curves),
    ...(out ? [`-> ${out}`] : []),
  ];
  return { json, lines };
}

async function linkOfOptions(system: string | undefined, { k, n, complex }: BoundOptions): Promise<Link> {
  if (system !== undefined) {
    if (k !== undefined || n !== undefined || complex !== undefined)
      throw new UsageError(`${system} says --k, --n and --complex itself`);
    return codebookOf(system, await openSystem(system));
  }
  if (k === undefined || n === undefined) throw new UsageError("expected --k and --n, or a system");
  return { k, n, complex: complex === true };
}

async function chart(link: Link, ebno: readonly number[], curves: readonly KnownCurve[]): Promise<string> {
  const { errorRateChart } = await import("@isthmus/plot");
  const x = shannonLimitDb(link);
  const isInside = x >= ebno[0]! && x <= ebno.at(-1)!;
  return errorRateChart({
    title: `Limits of codes of ${link.k} bits in ${usesText(link)}`,
    subtitle: "Block error rate, white Gaussian noise",
    curves: curves.map((curve) => drawnCurve(curve, ebno)),
    ...(isInside && { verticals: [{ name: `Shannon limit ${x.toFixed(2)} dB`, x }] }),
  });
}
