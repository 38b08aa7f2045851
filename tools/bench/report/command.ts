import { IsthmusError } from "@isthmus/math";

/** Runs a command on the process's arguments. What the user or the machine got wrong is one line and exit code 2. */
export async function runAsCommand(command: (args: readonly string[]) => Promise<void>): Promise<void> {
  try {
    await command(process.argv.slice(2));
  } catch (error) {
    const { expected, message } = error as Error & { expected?: boolean };
    if (!expected && !(error instanceof IsthmusError)) throw error;
    process.stderr.write(`${message}\n`);
    process.exitCode = 2;
  }
}
