import { Writable } from "node:stream";

/** How a program ended, and what it said. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program in this process and hears what it says.
 *
 * @param run resolves to the exit code
 * @param onStderr told of everything on stderr as it comes
 */
export async function heard(
  run: (outputs: Readonly<Record<"stdout" | "stderr", Writable>>) => Promise<number>,
  onStderr?: (text: string) => void,
): Promise<Outcome> {
  const [stdout, stderr] = [captured(), captured(onStderr)];
  const code = await run({ stdout: stdout.stream, stderr: stderr.stream });
  return { code, stdout: stdout.text(), stderr: stderr.text() };
}

function captured(on?: (text: string) => void): { readonly stream: Writable; readonly text: () => string } {
  const pieces: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(piece: string, _, done) {
      pieces.push(piece);
      on?.(piece);
      done();
    },
  });
  return { stream, text: () => pieces.join("") };
}
