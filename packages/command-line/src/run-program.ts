import { type Command, CommanderError } from "commander";
import { bug, type Failure, mendable } from "./failure.ts";
import { oneLine } from "./one-line.ts";

/** Where a program speaks. */
export interface Outputs {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
}

/**
 * Runs a command line; never throws. Without words it prints the help.
 *
 * @param program with all its commands; errors begin with its name
 * @param explain what an error of the program's own kind is to the shell; undefined of one that it does not know
 * @returns the exit code: 0; 2 for what the user can mend (`UsageError`, `IsthmusError`, words that are no command line), told in one line; what `explain`
 *   says; 1 for a bug, told with its stack
 */
export async function runProgram(
  program: Command,
  args: readonly string[],
  outputs: Outputs,
  explain: (error: unknown) => Failure | undefined = () => undefined,
): Promise<number> {
  for (const command of everyCommand(program)) speakThrough(outputs, command);
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync([...args], { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const misread = error instanceof CommanderError ? misreadWords(error, program, args) : undefined;
    const { exitCode, message } = misread ?? mendable(error) ?? explain(error) ?? bug(error);
    outputs.stderr.write(`${program.name()}: ${message}\n`);
    return exitCode;
  }
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

/** Help goes to stdout; what is wrong is told here, in one line. */
function speakThrough({ stdout }: Outputs, command: Command): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => stdout.write(text),
    writeErr: () => {},
    outputError: () => {},
  });
}

/** What is wrong with words that are no command line, and where help is. */
function misreadWords(error: CommanderError, program: Command, args: readonly string[]): Failure {
  const { names, parts } = namedBy(program, args);
  const isGroupAlone = names.length > 0 && parts.length > 0;
  const missing = isGroupAlone ? `expected one of ${parts.join(", ")}` : "no such command";
  const message = error.code === "commander.help" ? missing : error.message.replace(/^error: /, "");
  const help = [program.name(), ...names, "--help"].join(" ");
  return { exitCode: 2, message: `${oneLine(message)} (${help} shows how)` };
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
