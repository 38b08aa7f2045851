import { Command, CommanderError } from "commander";
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
import { describeFailure } from "./errors.ts";
import { VERSION } from "./version.ts";

/** Runs the command line; never throws. Returns the exit code: 0, 2 for the user's error, 1 for a bug, 130 when stopped. */
export async function runCli(args: readonly string[], context: Context): Promise<number> {
  const program = buildProgram(context);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return commanderExit(error, namedBy(program, args), context);
    const { exitCode, text } = describeFailure(error);
    context.console.stderr.write(`${text}\n`);
    return exitCode;
  }
}

/** Help and version are successes; the rest is the user's error, in one line that says where help is. */
function commanderExit(error: CommanderError, { names, parts }: Named, { console }: Context): number {
  if (error.exitCode === 0) return 0;
  const isGroupAlone = names.length > 0 && parts.length > 0;
  const missing = isGroupAlone ? `expected one of ${parts.join(", ")}` : "no such command";
  const message = error.code === "commander.help" ? missing : error.message.replace(/^error: /, "");
  const help = ["isthmus", ...names, "--help"].join(" ");
  console.stderr.write(`isthmus: ${message.replaceAll(/\s*\n\s*/g, " ")} (${help} shows how)\n`);
  return 2;
}

/** The command that words name, or the group of some, with what the group has. */
interface Named {
  readonly names: readonly string[];
  readonly parts: readonly string[];
}

function namedBy(program: Command, args: readonly string[]): Named {
  const names: string[] = [];
  let within = program;
  for (const word of args) {
    const next = within.commands.find((command) => command.name() === word);
    if (!next) break;
    within = next;
    names.push(word);
  }
  return { names, parts: within.commands.map((command) => command.name()) };
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function buildProgram(context: Context): Command {
  const program = new Command("isthmus")
    .description("Autoencoders: train, measure, compress, decode, export, import, sample.")
    .version(VERSION)
    .addHelpText("after", "\nExample:\n  isthmus train vae --data mnist --epochs 2 -o m.safetensors");
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
  for (const command of everyCommand(program)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => context.console.stdout.write(text),
      writeErr: () => {},
      outputError: () => {},
    });
  }
  return program;
}
