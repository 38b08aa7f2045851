import { examples, runProgram } from "@isthmus/command-line/node";
import { Command } from "commander";
import type { Context } from "./commands/context.ts";
import { serveCommand } from "./commands/serve.ts";
import { revokeCommand, tokenCommand } from "./commands/tokens.ts";
import { VERSION } from "./version.ts";

/** Runs the command line; never throws. Returns the exit code: 0, 2 for the user's error, 1 for a bug. */
export async function runCli(args: readonly string[], context: Context): Promise<number> {
  const program = new Command("isthmus-cloud")
    .description("The decoder service: stores what devices send, compressed, and decodes it on request.")
    .version(VERSION)
    .addHelpText("after", examples("isthmus-cloud serve --models models/ --data data/"));
  for (const make of [serveCommand, tokenCommand, revokeCommand]) program.addCommand(make(context));
  return await runProgram(program, args, context);
}
