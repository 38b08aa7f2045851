import { Command, CommanderError } from "commander";
import type { Context } from "./commands/context.ts";
import { serveCommand } from "./commands/serve.ts";
import { revokeCommand, tokenCommand } from "./commands/tokens.ts";
import { describeFailure } from "./errors.ts";
import { VERSION } from "./version.ts";

/** Runs the command line; never throws. Returns the exit code: 0, 2 for the user's error, 1 for a bug. */
export async function runCli(args: readonly string[], context: Context): Promise<number> {
  const program = buildProgram(context);
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
  const isCommand = program.commands.some((command) => command.name() === first);
  const help = ["isthmus-cloud", ...(isCommand ? [first] : []), "--help"].join(" ");
  const message = error.message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ");
  stderr.write(`isthmus-cloud: ${message} (${help} shows how)\n`);
  return 2;
}

function buildProgram(context: Context): Command {
  const program = new Command("isthmus-cloud")
    .description("The decoder service: stores what devices send, compressed, and decodes it on request.")
    .version(VERSION)
    .addHelpText("after", "\nExample:\n  isthmus-cloud serve --models models/ --data data/");
  for (const command of [serveCommand(context), tokenCommand(context), revokeCommand(context)])
    program.addCommand(command);
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: () => {},
      outputError: () => {},
    });
  }
  return program;
}
