import { UsageError } from "@isthmus/command-line/node";
import { type Command, Option } from "commander";
import { decibels } from "../channel/decibels.ts";
import { codebookOf, openSystem } from "../channel/link-files.ts";
import { SYSTEM_NAMES } from "../channel/named-systems.ts";
import type { Report } from "../console.ts";
import { buildOption, outOption, seedOption, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { constellation, type LinkSubject, projection, spectrum } from "../plots/links.ts";
import { type ChartPicture, requireChartEnding, writePicture } from "../plots/picture.ts";
import { commandGroup, type Context, describeCommand, reporting } from "./command.ts";

interface CloudCommandOptions {
  readonly ebno: readonly number[];
  readonly cloud: number;
  readonly seed: number;
  readonly regions: "maximum-likelihood" | "network" | "none";
  readonly build: string;
  readonly out: string;
}

const EXAMPLES = [
  "isthmus channel plot constellation qam-16 --ebno 10 -o qam.svg",
  "isthmus channel plot projection hamming --ebno 8 -o hamming.png",
  "isthmus channel plot spectrum hamming uncoded-4 -o distances.svg",
];

export function plotLinkCommand(context: Context): Command {
  return commandGroup({
    name: "plot",
    summary: "Pictures of codebooks and of what is received, as .svg or .png.",
    usage: "<picture> <system> -o <file> [options]",
    examples: EXAMPLES,
    commands: [constellationCommand, projectionCommand, spectrumCommand].map((make) => make(context)),
  });
}

function constellationCommand(context: Context): Command {
  const command = describeCommand({
    name: "constellation",
    summary: "Points of the plane with their bits, what is received, and where a receiver decides for which.",
    notes: SYSTEM_NAMES,
    examples: [
      "isthmus channel plot constellation qam-16 --ebno 10 -o qam.svg",
      "isthmus channel plot constellation rings.safetensors --regions network -o rings.svg",
    ],
  });
  return withCloud(command)
    .addOption(
      new Option("--regions <kind>", "of the nearest point, or of a model's own receiver")
        .choices(["maximum-likelihood", "network", "none"])
        .default("maximum-likelihood"),
    )
    .addOption(outOption("constellation.svg or .png"))
    .action(drawing(context, "constellation", (subject, options) => constellation(subject, cloudOf(options))));
}

function projectionCommand(context: Context): Command {
  const command = describeCommand({
    name: "projection",
    summary: "Signals of many dimensions and what is received, along the two axes in which the codebook varies most.",
    notes: ["Points that lie on each other here may be far apart in the other dimensions.", ...SYSTEM_NAMES],
    examples: ["isthmus channel plot projection hamming --ebno 8 -o hamming.svg"],
  });
  return withCloud(command)
    .addOption(outOption("projection.svg or .png"))
    .action(drawing(context, "projection", (subject, options) => projection(subject, cloudOf(options))));
}

function spectrumCommand(context: Context): Command {
  return describeCommand({
    name: "spectrum",
    summary: "How far messages are from each other, and how many neighbours each has there.",
    notes: SYSTEM_NAMES,
    examples: ["isthmus channel plot spectrum hamming uncoded-4 -o distances.svg"],
  })
    .argument("<systems...>", "models, codebook files, or names")
    .addOption(outOption("distances.svg or .png"))
    .action(
      reporting(context, async (systems: readonly string[], { out }: { readonly out: string }) => {
        await requireChartEnding(out);
        await requireWritable(out, systems);
        const subjects = await Promise.all(systems.map(subjectOf));
        return written("spectrum", await spectrum(subjects.map(({ book }) => book)), out);
      }),
    );
}

function withCloud(command: Command): Command {
  return command
    .argument("<system>", "a model, a codebook file, or a name")
    .addOption(
      new Option("--ebno <dB>", "energy per bit over noise density").argParser(decibels).default(decibels("7"), "7"),
    )
    .option("--cloud <n>", "blocks that are received; 0 for none", wholeNumber(0, 100_000), 2000)
    .addOption(seedOption())
    .addOption(buildOption());
}

function cloudOf({ ebno, cloud: blocks, seed, regions, build }: CloudCommandOptions) {
  const [ebNoDb, ...more] = ebno;
  if (ebNoDb === undefined || more.length > 0) throw new UsageError("--ebno expected one number here");
  return { ebNoDb, blocks, seed, regions, build };
}

function drawing(
  context: Context,
  name: string,
  draw: (subject: LinkSubject, options: CloudCommandOptions) => Promise<ChartPicture>,
) {
  return reporting(context, async (system: string, options: CloudCommandOptions) => {
    const { out } = options;
    await requireChartEnding(out);
    await requireWritable(out, [system]);
    return written(name, await draw(await subjectOf(system), options), out);
  });
}

async function subjectOf(system: string): Promise<LinkSubject> {
  const opened = await openSystem(system);
  const book = codebookOf(system, opened);
  return opened.kind === "learned" ? { book, link: opened.link } : { book };
}

async function written(name: string, picture: ChartPicture, out: string): Promise<Report> {
  await writePicture(out, picture);
  return { json: { picture: name, shows: picture.alt, out }, lines: [`${picture.alt} -> ${out}`] };
}
