import type { JsonObject } from "@isthmus/graph";
import {
  checkOnnx,
  describeOnnx,
  elementNumbers,
  fileTolerances,
  goldenSample,
  type GoldenSample,
  type GoldenTensor,
  importOnnx,
  lintFor,
  type LintTarget,
  lintTargets,
  type LintWarning,
  type OnnxDescription,
  type OnnxFile,
  type OnnxPort,
  type OutputValues,
  type ParityReport,
  requireParity,
  selfTest,
} from "@isthmus/onnx";
import { type Command, Option } from "commander";
import { grouped, type Report } from "../console.ts";
import { entryLines } from "../entry-lines.ts";
import { namingFile, namingFileAsync } from "../errors.ts";
import { openOnnxFile } from "../onnx-files.ts";
import { comparePair, errorsText, runImported } from "../onnx-parity.ts";
import { onnxRuntime, openOnnx, requireOnnxRuntime } from "../onnx-runtime.ts";
import { buildOption, wholeNumber } from "../options.ts";
import { commandGroup, type Context, describeCommand, reporting } from "./command.ts";
import { quantiseCommand } from "./onnx-quantise.ts";

const EXAMPLES = [
  "isthmus onnx check decoder.onnx",
  "isthmus onnx lint decoder.onnx --target tensorrt",
  "isthmus onnx selftest decoder.onnx",
  "isthmus onnx quantise decoder.onnx --precision int8-weights -o small.onnx",
];

export function onnxCommand(context: Context): Command {
  const makers = [checkCommand, infoCommand, lintCommand, parityCommand, selfTestCommand, quantiseCommand];
  return commandGroup({
    name: "onnx",
    summary:
      "Look into an ONNX file (is it sound, what is in it, what would a runtime stumble over, does it compute what it should), or make it smaller.",
    usage: "<what> <file> [options]",
    examples: EXAMPLES,
    commands: makers.map((make) => make(context)),
  });
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
    lines: [
      `${path} is sound: ${grouped(count)} ${count === 1 ? "node" : "nodes"}, ${grouped(initialisers.elements)} parameters`,
    ],
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
  const golden = namingFile(path, () => goldenSample(bytes));
  return {
    json: { file: path, bytes: bytes.length, ...described } as unknown as JsonObject,
    lines: [...infoLines(path, bytes.length, described), ...(golden ? goldenLines(golden) : [])],
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
    ...Object.entries(metadata).flatMap(metadataLines),
  ];
}

/** JSON entry by entry; the golden sample is told apart. */
function metadataLines([key, text]: [string, string]): string[] {
  if (key === "isthmus.golden") return [];
  const value = jsonObject(text);
  return entryLines(key, value ?? text.replaceAll(/\s+/g, " "));
}

function goldenLines({ inputs, outputs }: GoldenSample): string[] {
  const text = ([name, { dtype, shape }]: [string, GoldenTensor]): string => `${name} ${dtype} [${shape.join(", ")}]`;
  const of = (tensors: Readonly<Record<string, GoldenTensor>>): string => Object.entries(tensors).map(text).join(", ");
  return [`golden sample: ${of(inputs)} -> ${of(outputs)} (isthmus onnx selftest runs it)`];
}

function jsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
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
    notes: [
      "Allowed is |a - b| <= 1e-5 + 1e-4 |b| for every value; where the file computes in float16 or int8, which runtimes round",
      "each their own way, 5 % of the output's root mean square more.",
    ],
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
    const tolerances = (expected: OutputValues) => fileTolerances(file.bytes, expected);
    const pair = { bytes: file.bytes, session, program, parameters, tolerances };
    const report = await comparePair(pair, options.batch, options);
    requireParity(report, `${path}: onnxruntime-node and our engine differ`);
    return parityReport(path, file.bytes, report, options.batch);
  } finally {
    await session.release();
  }
}

function parityReport(path: string, bytes: Uint8Array, report: ParityReport, batch: number): Report {
  const { maxAbs, maxRel, perOutput } = report;
  return {
    json: { file: path, items: batch, maxAbsError: maxAbs, maxRelError: maxRel, perOutput } as unknown as JsonObject,
    lines: [`our engine and onnxruntime-node on ${batch} drawn items, ${errorsText(bytes, report)}`],
  };
}

const ENGINES = ["isthmus", "onnxruntime-node"] as const;

interface SelfTestOptions {
  readonly engine?: (typeof ENGINES)[number];
  readonly build: string;
}

function selfTestCommand(context: Context): Command {
  return describeCommand({
    name: "selftest",
    summary: "Run the golden sample in the file, an input with the outputs it must make; exit code 2 when one is off.",
    notes: ["export puts a sample into every file of a few megabytes, and into others with --golden."],
    examples: ["isthmus onnx selftest decoder.onnx", "isthmus onnx selftest decoder.onnx --engine isthmus"],
  })
    .argument("<file>", "ONNX file with a golden sample")
    .addOption(new Option("--engine <name>", "one engine alone (default: all that can be loaded)").choices(ENGINES))
    .addOption(buildOption())
    .action(reporting(context, runSelfTest));
}

async function runSelfTest(path: string, options: SelfTestOptions): Promise<Report> {
  const file = await openOnnxFile(path);
  const reports: [engine: string, report: ParityReport][] = [];
  for (const engine of await enginesOf(options)) {
    const report = await namingFileAsync(path, () => selfTestOn(engine, path, file, options));
    reports.push([engine, report]);
  }
  return {
    json: { file: path, engines: Object.fromEntries(reports) } as unknown as JsonObject,
    lines: reports.map(([engine, report]) => `${path} passes on ${engine}, ${errorsText(file.bytes, report)}`),
  };
}

/** Ours, and onnxruntime-node where it is there or asked for. */
async function enginesOf({ engine }: SelfTestOptions): Promise<readonly (typeof ENGINES)[number][]> {
  if (engine) return [engine];
  return "missing" in (await onnxRuntime()) ? ["isthmus"] : ENGINES;
}

async function selfTestOn(
  engine: (typeof ENGINES)[number],
  path: string,
  file: OnnxFile,
  options: SelfTestOptions,
): Promise<ParityReport> {
  const { build } = options;
  if (engine === "isthmus") return selfTest(file.bytes, (inputs) => runImported(file, inputs, { build }));
  const session = await openOnnx(await requireOnnxRuntime(), path);
  try {
    return await selfTest(file.bytes, async (inputs) => {
      const fed = Object.entries(inputs).map(([name, { dtype, shape, data }]) => {
        return [name, { shape, data: elementNumbers(dtype, data) }] as const;
      });
      const outputs = Object.entries(await session.run(Object.fromEntries(fed)));
      return Object.fromEntries(outputs.map(([name, { data }]) => [name, data]));
    });
  } finally {
    await session.release();
  }
}
