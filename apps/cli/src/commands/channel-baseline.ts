import { UsageError } from "@isthmus/command-line/node";
import type { JsonObject } from "@isthmus/graph";
import { type Command, Option } from "commander";
import { ebNoOption } from "../channel/decibels.ts";
import { codebookOf, openSystem } from "../channel/link-files.ts";
import {
  type KnownRate,
  ofCodebook,
  type NamedSystem,
  type Surroundings,
  SYSTEM_NAMES,
} from "../channel/named-systems.ts";
import {
  drawnCurve,
  type KnownCurve,
  knownCurve,
  requireRatesEnding,
  tableCsv,
  tableLines,
  writeRates,
} from "../channel/rate-table.ts";
import type { Report } from "../console.ts";
import { requireWritable } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface BaselineOptions {
  readonly ebno: readonly number[];
  readonly fading: Surroundings;
  readonly out?: string;
}

const USUAL = ["uncoded-4", "hamming-hard", "hamming"] as const;

export function baselineCommand(context: Context): Command {
  return describeCommand({
    name: "baseline",
    summary:
      "Block error rates of known codes, and of codebooks and learned links received by maximum likelihood, by formula.",
    notes: [
      ...SYSTEM_NAMES,
      "Points in the plane are exact; of others received by maximum likelihood the union bound is given, which is close where",
      "errors are rare. Rayleigh fading is flat, known to the receiver, and drawn for each use of the channel, or once for a block.",
    ],
    examples: [
      "isthmus channel baseline --ebno 0:8:1",
      "isthmus channel baseline qpsk psk-16 qam-16 hexagonal-16 --ebno 0:14:1 -o plane.svg",
      "isthmus channel baseline bpsk dbpsk hamming-hard --fading rayleigh --ebno 0:20:5 --json",
    ],
  })
    .argument("[systems...]", `names, codebook files or models (default: ${USUAL.join(" ")})`)
    .addOption(ebNoOption("energy per bit over noise density: from:to:step, a list, or one"))
    .addOption(
      new Option("--fading <kind>", "what the channel does")
        .choices(["awgn", "rayleigh", "rayleigh-block"])
        .default("awgn"),
    )
    .option("-o, --out <file>", "a chart as .svg or .png, or the table as .csv or .json")
    .action(
      reporting(context, (systems: readonly string[], options: BaselineOptions) =>
        baseline(systems.length > 0 ? systems : USUAL, options),
      ),
    );
}

async function baseline(names: readonly string[], { ebno, fading, out }: BaselineOptions): Promise<Report> {
  if (out !== undefined) {
    await requireRatesEnding(out);
    await requireWritable(out, names);
  }
  const curves: KnownCurve[] = [];
  for (const text of names) {
    const system = await baselineSystem(text);
    curves.push(knownCurve(system.name, knownRate(text, system, fading), ebno));
  }
  const json = { fading, ebNoDb: [...ebno], curves: curves as unknown as JsonObject[], ...(out && { out }) };
  if (out !== undefined)
    await writeRates(out, {
      csv: () => tableCsv(ebno, curves),
      json: () => json,
      svg: () => chart(ebno, curves, fading),
    });
  const lines = [
    `block error rates, ${fadingText(fading)}`,
    ...tableLines(ebno, curves),
    ...(out ? [`-> ${out}`] : []),
  ];
  return { json, lines };
}

async function baselineSystem(text: string): Promise<NamedSystem> {
  const opened = await openSystem(text, 4);
  if (opened.kind === "named") return opened.system;
  return ofCodebook(`${opened.link.codebook.name}, maximum likelihood`, codebookOf(text, opened));
}

function knownRate(text: string, { known }: NamedSystem, fading: Surroundings): KnownRate {
  const rate = known(fading);
  if (rate) return rate;
  throw new UsageError(
    `${text}: there is no formula; isthmus channel simulate ${text} --channel ${fading} measures it`,
  );
}

function fadingText(fading: Surroundings): string {
  if (fading === "awgn") return "white Gaussian noise";
  return `Rayleigh fading of each ${fading === "rayleigh" ? "use" : "block"}, known to the receiver`;
}

async function chart(ebno: readonly number[], curves: readonly KnownCurve[], fading: Surroundings): Promise<string> {
  const { errorRateChart } = await import("@isthmus/plot");
  const bounds = curves.some(({ standing }) => standing !== "exact") ? "; dashed: bounds" : "";
  return errorRateChart({
    title: "Block error rate by formula",
    subtitle: `${fadingText(fading)}${bounds}`,
    curves: curves.map((curve) => drawnCurve(curve, ebno)),
  });
}
