import { examples, runProgram } from "@isthmus/command-line/node";
import { Command } from "commander";
import { bundleCommand } from "./commands/bundle.ts";
import { channelCommand } from "./commands/channel.ts";
import { compressCommand } from "./commands/compress.ts";
import { decodeCommand } from "./commands/decode.ts";
import { decompressCommand } from "./commands/decompress.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { encodeCommand } from "./commands/encode.ts";
import { evalCommand } from "./commands/eval.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand } from "./commands/import.ts";
import { interpolateCommand } from "./commands/interpolate.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { onnxCommand } from "./commands/onnx.ts";
import { plotCommand } from "./commands/plot.ts";
import { prepareLosslessCommand } from "./commands/prepare-lossless.ts";
import { reportCommand } from "./commands/report.ts";
import { sampleCommand } from "./commands/sample.ts";
import { scoreCommand } from "./commands/score.ts";
import { trainCommand } from "./commands/train.ts";
import type { Context } from "./commands/command.ts";
import { explainFailure } from "./errors.ts";
import { VERSION } from "./version.ts";

/** Runs the command line; never throws. Returns the exit code: 0, 2 for the user's error, 1 for a bug, 130 when stopped. */
export async function runCli(args: readonly string[], context: Context): Promise<number> {
  return await runProgram(buildProgram(context), args, context.console, explainFailure);
}

function buildProgram(context: Context): Command {
  const program = new Command("isthmus")
    .description("Autoencoders: train, measure, compress, decode, export, import, sample.")
    .version(VERSION)
    .addHelpText("after", examples("isthmus train vae --data mnist --epochs 2 -o m.safetensors"));
  const commands = [
    trainCommand,
    evalCommand,
    scoreCommand,
    encodeCommand,
    decodeCommand,
    prepareLosslessCommand,
    compressCommand,
    decompressCommand,
    exportCommand,
    bundleCommand,
    importCommand,
    onnxCommand,
    sampleCommand,
    interpolateCommand,
    plotCommand,
    reportCommand,
    channelCommand,
    inspectCommand,
    doctorCommand,
  ];
  for (const make of commands) program.addCommand(make(context));
  return program;
}
