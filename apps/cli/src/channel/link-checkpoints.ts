/** What is kept beside a link that is being trained. */
import { UsageError } from "@isthmus/command-line/node";
import { readFileBytes } from "@isthmus/data/node";
import { readCheckpoint } from "@isthmus/train";
import { access } from "node:fs/promises";
import { extname } from "node:path";
import { type Console, note } from "../console.ts";
import { type Begun, begunWith } from "../engines.ts";
import { namingFile } from "../errors.ts";

/** What earlier runs have stored, start by start. */
export interface Checkpoints {
  readonly bytes: ReadonlyMap<number, Uint8Array>;
  /** What made them, start by start. */
  readonly begun: readonly Begun[];
}

/** `m.safetensors` -> `m.checkpoint.safetensors`, `m.checkpoint-2.safetensors`, ... */
export function checkpointPath(out: string, restart: number): string {
  const ending = extname(out);
  const which = restart === 0 ? "" : `-${restart + 1}`;
  return `${ending === "" ? out : out.slice(0, -ending.length)}.checkpoint${which}.safetensors`;
}

interface CheckpointOptions {
  readonly resume?: boolean;
  readonly restarts: number;
  readonly out: string;
}

/** Those to go on from; without `--resume` none, with a word about what is replaced. */
export async function openCheckpoints(
  console: Console,
  { resume, restarts, out }: CheckpointOptions,
): Promise<Checkpoints> {
  const bytes = new Map<number, Uint8Array>();
  const begun: Begun[] = [];
  for (let restart = 0; restart < restarts; restart++) {
    const path = checkpointPath(out, restart);
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (!exists) continue;
    if (!resume) {
      note(console, `starting anew; ${path} is replaced after the first 100 steps (--resume would go on from it)`);
      return { bytes, begun };
    }
    const content = await readFileBytes(path);
    const { run: made } = namingFile(path, () => readCheckpoint(content));
    begun.push(begunWith(made));
    bytes.set(restart, content);
  }
  if (resume && bytes.size === 0)
    throw new UsageError(`--resume: there is no checkpoint ${checkpointPath(out, 0)}; start without --resume`);
  return { bytes, begun };
}
