import { examples, runProgram } from "@isthmus/command-line/node";
import { Command } from "commander";
import type { Readable, Writable } from "node:stream";
import { checkCommand } from "./commands/check.ts";
import { initCommand } from "./commands/init.ts";
import { runCommand } from "./commands/run.ts";
import { statusCommand } from "./commands/status.ts";
import { explainSystem } from "./errors.ts";
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
      examples(
        "isthmus-edge init",
        "isthmus-edge check --config edge.toml",
        "isthmus-edge run --config edge.toml",
        "isthmus-edge status --config edge.toml",
      ),
    );
  for (const make of [initCommand, checkCommand, runCommand, statusCommand]) program.addCommand(make(context));
  return await runProgram(program, args, context, explainSystem);
}
