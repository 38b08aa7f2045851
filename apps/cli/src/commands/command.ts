import { Command } from "commander";
import { type Console, printReport, type Report } from "../console.ts";
import { jsonOption } from "../options.ts";

/** What every action gets besides its own arguments. */
export interface Context {
  readonly console: Console;
  /** Aborted by Control-C. */
  readonly signal: AbortSignal;
}

export interface Described {
  readonly name: string;
  readonly summary: string;
  /** A line that can be typed. */
  readonly example: string;
}

/** A command with the options all have: `--json`, and an example under `--help`. */
export function describeCommand({ name, summary, example }: Described): Command {
  return new Command(name)
    .description(summary)
    .addOption(jsonOption())
    .addHelpText("after", `\nExample:\n  ${example}`)
    .showHelpAfterError(false);
}

/** Prints what an action returns the way the user asked for. */
export function reporting<A extends unknown[]>(
  context: Context,
  action: (...args: A) => Promise<Report>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const command = args.at(-1) as Command;
    const report = await action(...args);
    printReport(context.console, report, command.opts()["json"] === true);
  };
}
