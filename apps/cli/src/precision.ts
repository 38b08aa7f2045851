/** Files in less precision: the options that ask for one, what it costs on items like those to come. */
import { UsageError } from "@isthmus/command-line/node";
import { openNetwork } from "@isthmus/compress";
import type { Engine, JsonObject } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import {
  calibrate,
  checkOnnx,
  fidelity,
  importOnnx,
  type OpenNetwork,
  type OutputFidelity,
  type Precision,
  precisions,
  reducePrecision,
} from "@isthmus/onnx";
import { type Command, InvalidArgumentError, Option } from "commander";
import { type Console, grouped, type Report } from "./console.ts";
import { withEngine } from "./engines.ts";
import { dataOf } from "./onnx-parity.ts";
import { onnxRuntime, openOnnx } from "./onnx-runtime.ts";
import { openTrials, TRIAL_ITEMS, type TrialOptions, type Trials, type TriedFile } from "./onnx-trials.ts";
import { dataDirOption, NAMED, requireOnly, wholeNumber } from "./options.ts";

export interface PrecisionOptions extends TrialOptions {
  readonly precision: Precision;
  readonly weightBits?: 7 | 8;
  readonly activations?: "int8" | "uint8";
  readonly build: string;
}

/** Lines for `--help`. */
export const PRECISION_NOTES: readonly string[] = [
  "Precisions: float16 stores weights as halves (half the size); float16-compute computes in halves too; int8-weights stores",
  "weights as bytes (a quarter of the size), computed in float32; int8 has bytes in the products too and is calibrated on",
  "--calibrate. What each costs, as SNR of every output against float32, is measured on items of --calibrate that nothing",
  "was calibrated with, or on drawn inputs. --weight-bits 8 is for runtimes that add products of bytes in 32 bits: not x86 without VNNI.",
];

/** What a file is written in. */
export function precisionOption(choices: readonly Precision[] = precisions): Option {
  return new Option("--precision <name>", "what weights are stored as").choices(choices);
}

/** The options of a command that writes a file in a precision. */
export function withPrecisionOptions(command: Command, precision: Option): Command {
  return command
    .addOption(precision)
    .addOption(new Option("--weight-bits <n>", "of int8 (default: 7) and int8-weights (default: 8)").argParser(bits))
    .addOption(
      new Option("--activations <type>", "of int8: around 0, or between their extremes (default: int8)").choices([
        "int8",
        "uint8",
      ]),
    )
    .option(
      "--calibrate <what>",
      `items to calibrate with and to measure on: ${NAMED.join(", ")}, a .csv, .npy or IDX file, or a folder of pictures`,
    )
    .option(
      "--items <n>",
      `how many to calibrate with, and as many to measure on (default: ${TRIAL_ITEMS})`,
      wholeNumber(1),
    )
    .addOption(dataDirOption());
}

function bits(text: string): 7 | 8 {
  if (text === "7" || text === "8") return Number(text) as 7 | 8;
  throw new InvalidArgumentError("expected 7 or 8.");
}

/** Refuses options that belong to another precision. A part that is fed noise is calibrated on drawn noise. */
export function checkPrecisionOptions(options: PrecisionOptions, isFedNoise: boolean = false): void {
  const { precision } = options;
  requireOnly(precision !== "float32", options, ["calibrate", "items"], "a --precision below float32");
  requireOnly(precision.startsWith("int8"), options, ["weightBits"], "--precision int8 and int8-weights");
  requireOnly(precision === "int8", options, ["activations"], "--precision int8");
  if (precision === "int8" && options.calibrate === undefined && !isFedNoise) {
    throw new UsageError("--precision int8 needs --calibrate: what its values are between is measured on items");
  }
}

export interface ReducedFile extends Report {
  readonly bytes: Uint8Array;
}

/**
 * A file of float32 in less precision, with what that costs.
 *
 * @throws IsthmusError `ONNX_PRECISION` outputs that are not finite
 */
export async function reduceFile(console: Console, file: TriedFile, options: PrecisionOptions): Promise<ReducedFile> {
  const runtime = await onnxRuntime();
  return withEngine(options, async (engine) => {
    const trials = await openTrials(console, engine, file, options);
    const whole = file.external ? reducePrecision(file.bytes, { external: file.external }) : file.bytes;
    const bytes = await reduced(engine, whole, trials, options);
    const isThere = !("missing" in runtime);
    const outputs = (of: Uint8Array) =>
      isThere ? runtimeOutputs(runtime, file.path, of, trials) : engineOutputs(engine, of, trials);
    const [full, got] = [await outputs(whole), await outputs(bytes)];
    const by = isThere ? "onnxruntime-node" : "our engine, which does not round activations to float16";
    const told = costs({ full, got, trials, by }, options.precision);
    const [before, after] = [whole.length, bytes.length];
    const size = `${options.precision}: ${grouped(after)} bytes of ${grouped(before)} (${percent(after / before)})`;
    return {
      bytes,
      json: { precision: options.precision, bytes: after, float32Bytes: before, ...told.json },
      lines: [size, ...told.lines],
    };
  });
}

async function reduced(
  engine: Engine,
  bytes: Uint8Array,
  { calibration }: Trials,
  { precision, weightBits, activations }: PrecisionOptions,
): Promise<Uint8Array> {
  const open: OpenNetwork = (program, parameters) => openNetwork(engine, program, parameters);
  const result = reducePrecision(bytes, {
    precision,
    ...(weightBits && { weightBits }),
    ...(activations && { activations }),
    ...(precision === "int8" && { ranges: await calibrate(bytes, { batches: calibration.map(dataOf), open }) }),
  });
  checkOnnx(result);
  return result;
}

type Outputs = Readonly<Record<string, Float32Array>>;

/** What our engine makes of a file. */
async function engineOutputs(engine: Engine, bytes: Uint8Array, { measured }: Trials): Promise<Outputs> {
  const { program, parameters } = importOnnx(bytes);
  const network = await openNetwork(engine, program, parameters);
  try {
    const parts: Outputs[] = [];
    for (const tensors of measured) {
      const taken = Object.entries(dataOf(tensors)).filter(([name]) => Object.hasOwn(program.inputs, name));
      parts.push(await network.run(Object.fromEntries(taken)));
    }
    return joined(parts);
  } finally {
    network.dispose();
  }
}

async function runtimeOutputs(
  runtime: Parameters<typeof openOnnx>[0],
  path: string,
  bytes: Uint8Array,
  { measured }: Trials,
): Promise<Outputs> {
  const session = await openOnnx(runtime, path, bytes);
  try {
    const parts: Outputs[] = [];
    for (const tensors of measured) parts.push(dataOf(await session.run(tensors)));
    return joined(parts);
  } finally {
    await session.release();
  }
}

/** Batches one after the other. */
function joined(parts: readonly Outputs[]): Outputs {
  const names = Object.keys(parts[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const whole = new Float32Array(parts.reduce((length, part) => length + part[name]!.length, 0));
      let at = 0;
      for (const part of parts) {
        whole.set(part[name]!, at);
        at += part[name]!.length;
      }
      return [name, whole];
    }),
  );
}

interface Measured {
  readonly full: Outputs;
  readonly got: Outputs;
  readonly trials: Trials;
  readonly by: string;
}

/** SNR of each output, and what reconstructions lose, where they are of items. */
function costs({ full, got, trials, by }: Measured, precision: Precision): Report {
  const outputs = fidelity(got, full);
  for (const [name, { snr }] of Object.entries(outputs)) {
    if (snr > Number.NEGATIVE_INFINITY) continue;
    const what = `output "${name}" is not finite in ${precision}; nothing was written`;
    throw new IsthmusError("ONNX_PRECISION", what, { output: name });
  }
  const each = Object.entries(outputs).map(([name, output]) => `${name} ${snrText(output)}`);
  const loss = lossOf(full, got, trials);
  return {
    json: { items: trials.items, measuredOn: trials.source, measuredBy: by, outputs: jsonOf(outputs), ...loss.json },
    lines: [`SNR on ${trials.items} ${trials.source} (${by}): ${each.join(", ")}`, ...loss.lines],
  };
}

/** An SNR that is infinite, where nothing differs, is null in JSON. */
function jsonOf(outputs: Readonly<Record<string, OutputFidelity>>): JsonObject {
  const told = Object.entries(outputs).map(([name, { snr, maxAbs }]) => {
    return [name, { snr: Number.isFinite(snr) ? snr : null, maxAbsError: maxAbs }] as const;
  });
  return Object.fromEntries(told);
}

function snrText({ snr, maxAbs }: OutputFidelity): string {
  if (snr === Number.POSITIVE_INFINITY) return "the same";
  return `${snr.toFixed(1)} dB (max abs error ${maxAbs.toExponential(1)})`;
}

function lossOf({ reconstruction: full }: Outputs, { reconstruction: got }: Outputs, trials: Trials): Report {
  const { truth, items, values } = trials;
  if (truth === undefined || full?.length !== truth.length || !got) return { json: {}, lines: [] };
  const [before, after] = [full, got].map((made) => squaredError(made, truth) / items) as [number, number];
  const change = `${after >= before ? "+" : ""}${percent(after / before - 1, 2)}`;
  return {
    json: { squaredError: { float32: before, reduced: after }, values: values ?? "" },
    lines: [
      `squared error per item: ${before.toFixed(4)} in float32, ${after.toFixed(4)} (${change}); items are ${values}`,
    ],
  };
}

function squaredError(made: Float32Array, truth: ArrayLike<number>): number {
  return made.reduce((sum, value, i) => sum + (value - truth[i]!) ** 2, 0);
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}
