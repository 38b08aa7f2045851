import { examples, UsageError } from "@isthmus/command-line/node";
import { Command } from "commander";
import { type Console, printReport, type Report } from "../console.ts";
import { jsonOption } from "../options.ts";
import { isStdout } from "../outputs.ts";

/** What every action gets besides its own arguments. */
export interface Context {
  readonly console: Console;
  /**
   * Called by an action that has something to say when it is stopped: a signal that Control-C aborts, the reason being
   * an `Interrupted`. Where nobody calls it, Control-C ends the process at once.
   */
  readonly stoppable: () => AbortSignal;
}

export interface Described {
  readonly name: string;
  readonly summary: string;
  /** Lines between the options and the examples. */
  readonly notes?: readonly string[];
  /** Lines that can be typed. */
  readonly examples: readonly string[];
}

/** A command with the options all have: `--json`, and an example under `--help`. */
export function describeCommand({ name, summary, notes = [], examples: lines }: Described): Command {
  return new Command(name)
    .description(summary)
    .addOption(jsonOption())
    .addHelpText("after", `${notes.map((line) => `\n${line}`).join("")}${examples(...lines)}`)
    .showHelpAfterError(false);
}

export interface Group extends Described {
  /** What follows the group's name. */
  readonly usage: string;
  readonly commands: readonly Command[];
}

/** Commands below one word, with examples under `--help`. */
export function commandGroup({ name, summary, usage, examples: lines, commands }: Group): Command {
  const group = new Command(name)
    .description(summary)
    .usage(usage)
    .addHelpText("after", examples(...lines));
  for (const command of commands) group.addCommand(command);
  return group;
}

/** Prints what an action returns the way the user asked for; on stderr where the file it writes goes to stdout. */
export function reporting<A extends unknown[]>(
  context: Context,
  action: (...args: A) => Promise<Report>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const { json = false, out = "" } = (args.at(-1) as Command).opts<{ json?: boolean; out?: string }>();
    if (json && isStdout(out))
      throw new UsageError(`--json and --out ${out} both want stdout; write the file elsewhere`);
    const { stdout, stderr } = context.console;
    printReport({ stdout: isStdout(out) ? stderr : stdout, stderr }, await action(...args), json);
  };
}
