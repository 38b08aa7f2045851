import type { JsonObject } from "@isthmus/graph";
import {
  checkOnnx,
  describeOnnx,
  importOnnx,
  lintFor,
  type LintTarget,
  lintTargets,
  type LintWarning,
  type OnnxDescription,
  type OnnxPort,
  type ParityReport,
  requireParity,
} from "@isthmus/onnx";
import { Command, Option } from "commander";
import { grouped, type Report } from "../console.ts";
import { namingFile } from "../errors.ts";
import { openOnnxFile } from "../onnx-files.ts";
import { comparePair } from "../onnx-parity.ts";
import { openOnnx, requireOnnxRuntime } from "../onnx-runtime.ts";
import { buildOption, wholeNumber } from "../options.ts";
import { type Context, describeCommand, reporting } from "./command.ts";
import { quantiseCommand } from "./onnx-quantise.ts";

const EXAMPLES = [
  "isthmus onnx check decoder.onnx",
  "isthmus onnx lint decoder.onnx --target tensorrt",
  "isthmus onnx quantise decoder.onnx --precision int8-weights -o small.onnx",
];

export function onnxCommand(context: Context): Command {
  const group = new Command("onnx")
    .description(
      "Look into an ONNX file (is it sound, what is in it, what would a runtime stumble over), or make it smaller.",
    )
    .usage("<what> <file> [options]")
    .addHelpText("after", `\nExamples:\n${EXAMPLES.map((line) => `  ${line}`).join("\n")}`);
  for (const make of [checkCommand, infoCommand, lintCommand, parityCommand, quantiseCommand])
    group.addCommand(make(context));
  return group;
}

function checkCommand(context: Context): Command {
  return describeCommand({
    name: "check",
    summary: "Check names, order, operators, attributes, types, shapes and sizes; exit code 2 when something is wrong.",
    examples: ["isthmus onnx check decoder.onnx"],
  })
    .argument("<file>", "ONNX file of operator set 13 to 21")
    .action(reporting(context, check));
}

async function check(path: string): Promise<Report> {
  const { bytes } = await openOnnxFile(path, { external: "find" });
  namingFile(path, () => checkOnnx(bytes));
  const { nodes, initialisers } = describeOnnx(bytes);
  const count = Object.values(nodes).reduce((sum, some) => sum + some, 0);
  return {
    json: { file: path, sound: true, nodes: count, parameters: initialisers.elements },
    lines: [`${path} is sound: ${grouped(count)} nodes, ${grouped(initialisers.elements)} parameters`],
  };
}

function infoCommand(context: Context): Command {
  return describeCommand({
    name: "info",
    summary: "Inputs, outputs, versions, operators, parameters and metadata of any ONNX file.",
    examples: ["isthmus onnx info decoder.onnx"],
  })
    .argument("<file>", "ONNX file")
    .action(reporting(context, info));
}

async function info(path: string): Promise<Report> {
  const { bytes } = await openOnnxFile(path, { external: "leave" });
  const described = namingFile(path, () => describeOnnx(bytes));
  return {
    json: { file: path, bytes: bytes.length, ...described } as unknown as JsonObject,
    lines: infoLines(path, bytes.length, described),
  };
}

function infoLines(path: string, size: number, described: OnnxDescription): string[] {
  const { producer, operatorSets, irVersion, graphName, docString, inputs, outputs } = described;
  const { nodes, initialisers, metadata } = described;
  const sets = operatorSets.map(({ domain, version }) => `${domain || "ai.onnx"} ${version}`).join(", ");
  const by = [producer.name, producer.version].filter((text) => text !== "").join(" ") || "nobody that says so";
  return [
    `${path} (${grouped(size)} bytes): "${graphName}", made by ${by}`,
    ...(docString ? [cut(docString)] : []),
    `operator sets: ${sets}; IR version ${irVersion}`,
    ...inputs.map((port) => `input ${portText(port)}`),
    ...outputs.map((port) => `output ${portText(port)}`),
    `nodes: ${Object.entries(nodes)
      .map(([kind, count]) => `${grouped(count)} ${kind}`)
      .join(", ")}`,
    `parameters: ${grouped(initialisers.elements)} in ${grouped(initialisers.count)} tensors, ${grouped(initialisers.bytes)} bytes`,
    ...Object.entries(initialisers.external ?? {}).map(
      ([file, bytes]) => `of them in ${file}: ${grouped(bytes)} bytes`,
    ),
    ...Object.entries(metadata).map(([key, value]) => `${key}: ${cut(value)}`),
  ];
}

const portText = ({ name, dtype, shape }: OnnxPort): string =>
  `${name}: ${dtype} [${shape.map((dim) => dim ?? "?").join(", ")}]`;

/** Longer texts are cut; `--json` has them whole. */
const SHOWN = 100;

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > SHOWN ? `${line.slice(0, SHOWN)} ... (${grouped(text.length)} characters)` : line;
}

interface LintOptions {
  readonly target?: LintTarget;
}

function lintCommand(context: Context): Command {
  return describeCommand({
    name: "lint",
    summary: "Warn where a known limit of a runtime bites, each with where that was read; exit code 0 all the same.",
    notes: ["Nothing is run there: a file without warnings may still fail."],
    examples: ["isthmus onnx lint decoder.onnx", "isthmus onnx lint decoder.onnx --target tensorrt"],
  })
    .argument("<file>", "ONNX file of operator set 13 to 21")
    .addOption(new Option("--target <name>", "one runtime alone").choices([...lintTargets]))
    .action(reporting(context, lint));
}

async function lint(path: string, { target }: LintOptions): Promise<Report> {
  const { bytes } = await openOnnxFile(path, { external: "leave" });
  const targets = target ? [target] : lintTargets;
  const found = namingFile(path, () => targets.map((name) => [name, lintFor(name, bytes)] as const));
  return {
    json: { file: path, warnings: Object.fromEntries(found) } as unknown as JsonObject,
    lines: found.flatMap(([name, warnings]) =>
      warnings.length ? warnings.map(warningLine(name)) : [`${name}: nothing known`],
    ),
  };
}

const warningLine =
  (target: string) =>
  ({ id, where, what, source }: LintWarning): string =>
    `${target}: ${where}: ${what} [${id}] (${source})`;

interface ParityOptions {
  readonly batch: number;
  readonly build: string;
}

function parityCommand(context: Context): Command {
  return describeCommand({
    name: "parity",
    summary: "Read the file into our engine, run both it and onnxruntime-node on drawn inputs, and compare.",
    examples: ["isthmus onnx parity decoder.onnx"],
  })
    .argument("<file>", "ONNX file")
    .option("--batch <n>", "items to draw", wholeNumber(1, 10_000), 16)
    .addOption(buildOption())
    .action(reporting(context, compareFile));
}

async function compareFile(path: string, options: ParityOptions): Promise<Report> {
  const file = await openOnnxFile(path);
  const { program, parameters } = namingFile(path, () => importOnnx(file.bytes, file));
  const session = await openOnnx(await requireOnnxRuntime(), path);
  try {
    const pair = { bytes: file.bytes, session, program, parameters };
    const report = await comparePair(pair, options.batch, options);
    requireParity(report, `${path}: onnxruntime-node and our engine differ`);
    return parityReport(path, report, options.batch);
  } finally {
    await session.release();
  }
}

function parityReport(path: string, { maxAbs, maxRel, perOutput }: ParityReport, batch: number): Report {
  const each = Object.entries(perOutput).map(([name, output]) => `${name} ${output.maxAbs.toExponential(1)}`);
  return {
    json: { file: path, items: batch, maxAbsError: maxAbs, maxRelError: maxRel, perOutput } as unknown as JsonObject,
    lines: [`our engine and onnxruntime-node on ${batch} drawn items, max abs error: ${each.join(", ")}`],
  };
}
