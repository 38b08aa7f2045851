import { root } from "../../lib/paths.mjs";
import { quietly } from "../../lib/process.mjs";

/** Which state of the sources was measured. */
export interface Revision {
  readonly commit: string;
  /** Whether tracked files of `packages` or `tools` differed from the commit. */
  readonly modified: boolean;
}

/** `null` outside a git checkout. */
export async function revision(): Promise<Revision | null> {
  try {
    const commit = await git("rev-parse", "--short=12", "HEAD");
    const changes = await git("status", "--porcelain", "--untracked-files=no", "--", "packages", "tools");
    return { commit, modified: changes !== "" };
  } catch {
    return null;
  }
}

async function git(...args: string[]): Promise<string> {
  const { code, stdout } = await quietly("git", args, { cwd: root });
  if (code !== 0) throw new Error(`git ${args[0]} failed`);
  return stdout.trim();
}

export function revisionLine(state: Revision | null): string {
  if (state === null) return "no commit (not a git checkout)";
  return `commit ${state.commit}${state.modified ? " with uncommitted changes" : ""}`;
}
