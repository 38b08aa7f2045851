import { Command, CommanderError } from "commander";
import type { Readable, Writable } from "node:stream";
import { checkCommand } from "./commands/check.ts";
import { initCommand } from "./commands/init.ts";
import { runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";
import { describeFailure, oneLine } from "./errors.ts";
import { VERSION } from "./version.ts";

/** Where a command reads and speaks, and how it is told to stop or to read its configuration again. */
export interface Context {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Called by a command that can be stopped; where nobody calls it, a signal ends the process at once. */
  readonly stoppable: () => AbortSignal;
  /** Called by a command that can read its configuration again. */
  readonly onReload: (reload: () => void) => void;
}

/** Runs the command line; never throws. Returns the exit code: 0, 2 for the user's error, 1 for a bug. */
export async function runCli(args: readonly string[], context: Context): Promise<number> {
  const program = new Command("isthmus-edge")
    .description("The agent of a device: encodes what it measures, keeps it until the service has it.")
    .version(VERSION)
    .addHelpText(
      "after",
      "\nExamples:\n  isthmus-edge init\n  isthmus-edge check --config edge.toml\n  isthmus-edge run --config edge.toml\n  isthmus-edge status --config edge.toml",
    );
  for (const make of [initCommand, checkCommand, runCommand, statusCommand]) program.addCommand(make(context));
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({ writeOut: (text) => context.stdout.write(text), writeErr: () => {}, outputError: () => {} });
  }
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return commanderExit(error, program, args, context);
    const { exitCode, text } = describeFailure(error);
    context.stderr.write(`${text}\n`);
    return exitCode;
  }
}

/** Help and version are successes; the rest is the user's error, in one line that says where help is. */
function commanderExit(
  error: CommanderError,
  program: Command,
  [first]: readonly string[],
  { stderr }: Context,
): number {
  if (error.exitCode === 0) return 0;
  const known = program.commands.some((command) => command.name() === first);
  const help = ["isthmus-edge", ...(known ? [first!] : []), "--help"].join(" ");
  const message = error.code === "commander.help" ? "no such command" : error.message.replace(/^error: /, "");
  stderr.write(`isthmus-edge: ${oneLine(message)} (${help} shows how)\n`);
  return 2;
}
