import { type Command, Option } from "commander";
import { ebNoOption } from "../channel/decibels.ts";
import { type Measured, measuredCsv, measuredJson, measuredLines } from "../channel/measured.ts";
import { SYSTEM_NAMES } from "../channel/named-systems.ts";
import { isRateChart, requireRatesEnding, writeRates } from "../channel/rate-table.ts";
import { openSimulationFile } from "../channel/simulation-file.ts";
import { simulateAll, type SimulateOptions } from "../channel/simulations.ts";
import { SIMULATED_CHANNELS, simulatedChannelOfText } from "../channel/surroundings.ts";
import { waterfall } from "../channel/waterfall.ts";
import { note, type Report } from "../console.ts";
import { buildOption, numberBetween, requireOnly, seedOption, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

export function simulateCommand(context: Context): Command {
  return describeCommand({
    name: "simulate",
    summary: "Block error rates by sending blocks, with confidence intervals, held against known codes and the limits.",
    notes: [
      ...SYSTEM_NAMES,
      "A model is received twice, by its own network and by maximum likelihood on its codebook, so that one sees which half loses. Systems of",
      "the same size get the same messages and noise. A model of another channel than white noise is measured over its own; where that is",
      "fading, baselines are simulated over it too, told what the model is told.",
      "A curve that lies below the sphere-packing bound by more than 3 sigma of chance is refused: it would be a mistake in power or noise.",
    ],
    examples: [
      "isthmus channel simulate ae.safetensors --ebno 0:8:1 --baselines hamming,uncoded -o bler.svg",
      "isthmus channel simulate hamming --ebno 4 --target-errors 10000 --json",
      "isthmus channel simulate dbpsk-hamming --channel multi-tap:taps=3 --unknown --baselines dbpsk-hamming-ml --ebno 5:20:5",
      "isthmus channel simulate book.csv --ebno 0:10:2 --max-blocks 1e8 --resume counts.json -o bler.csv",
    ],
  })
    .argument("<system>", "a model, a codebook file (.json, .csv, .npy), or a name")
    .addOption(ebNoOption("energy per bit over noise density: from:to:step, a list, or one"))
    .option("--baselines <names>", "systems to compare with, separated by commas; uncoded is of the same k", names, [])
    .option("--target-errors <n>", "a point ends after so many wrong blocks", count(1e12), 400)
    .option("--max-blocks <n>", "or after so many blocks, such as 1e7", count(1e15), 1e7)
    .option("--stop-below <rate>", "leaves out points after one below this block error rate", numberBetween(1e-12, 1))
    .option("--confidence <share>", "of the intervals", numberBetween(0.5, 0.999999), 0.95)
    .addOption(
      new Option("--interval <kind>", "how intervals are made")
        .choices(["wilson", "clopper-pearson"])
        .default("wilson"),
    )
    .option(
      "--channel <kind>",
      `what is between: ${SIMULATED_CHANNELS} (default: awgn; of a model its own)`,
      simulatedChannelOfText,
    )
    .option("--unknown", "receivers are told how strong the fading is on average, and not the fading")
    .addOption(
      new Option("--receiver <kind>", "of a model (default: both)").choices(["both", "network", "maximum-likelihood"]),
    )
    .option("--no-bound", "without the sphere-packing bound")
    .option(
      "--gap-at <rate>",
      "block error rate at which the chart says how many dB apart curves are",
      numberBetween(1e-12, 1),
    )
    .option("--resume <file>", "keeps the counts in this file, and goes on from those that are in it")
    .option(
      "--workers <n>",
      "processes that share the blocks, or auto for one per core; a model's network takes one. Counts are the same",
      (text: string): number | "auto" => (text === "auto" ? text : wholeNumber(1, 256)(text)),
      1,
    )
    .addOption(seedOption())
    .addOption(buildOption())
    .option("-o, --out <file>", "a chart as .svg or .png, or the counts as .csv or .json")
    .action(reporting(context, (system: string, options: SimulateOptions) => simulate(context, system, options)));
}

function names(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** A whole number that may be written as 1e7. */
function count(most: number): (text: string) => number {
  return wholeNumber(1, most);
}

async function simulate(context: Context, system: string, options: SimulateOptions): Promise<Report> {
  const { out, resume, confidence } = options;
  if (out !== undefined) {
    await requireRatesEnding(out);
    await requireWritable(out, [system]);
  }
  requireOnly(isRateChart(out), options, ["gapAt"], "a chart, --out of .svg or .png,");
  if (resume !== undefined) await requireWritable(resume, [system]);
  const file = await openSimulationFile(resume);
  if (file.points > 0) note(context.console, `${resume} has counts of ${file.points} points already`);
  const measured: Measured = await simulateAll(context, system, options, file);
  const json = { ...measuredJson(measured, options), ...(out && { out }) };
  if (out !== undefined) {
    await writeRates(out, {
      csv: () => measuredCsv(measured),
      json: () => json,
      svg: () => waterfall(measured, options),
    });
  }
  const head = `${measured.title}, ${measured.channel}, ${100 * confidence} % intervals`;
  return { json, lines: [head, ...measuredLines(measured), ...(out ? [`-> ${out}`] : [])] };
}
