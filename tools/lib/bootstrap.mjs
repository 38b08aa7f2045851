import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { readJson, root } from "./paths.mjs";
import { expected, npm, quietly } from "./process.mjs";

const stampFile = join(root, "node_modules", ".installed");

/** The pinned pnpm, reached through npm so that nobody installs it by hand: the beginning of a command line. */
export function pnpm() {
  const pinned = readJson(join(root, "package.json")).packageManager;
  return [...npm(), "exec", "--yes", `--package=${pinned}`, "--", "pnpm"];
}

/** What the installed tree depends on: the lock file, what pnpm is told beside it, pnpm itself, the platform. */
function stamp() {
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml"]) hash.update(readFileSync(join(root, file)));
  hash.update(readJson(join(root, "package.json")).packageManager);
  hash.update(`${process.platform} ${process.arch}`);
  return hash.digest("hex");
}

/** Installs what the lock file names, unless that is what is there. Speaks on stderr: stdout belongs to the command. */
async function ensureInstalled() {
  const wanted = stamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === wanted) return;
  process.stderr.write("Installing dependencies from the npm registry (first run, or the lock file changed) ...\n");
  const [program, ...args] = pnpm();
  const { code, output } = await quietly(program, [...args, "install", "--frozen-lockfile"], {
    cwd: root,
    // The runtime's CPU binaries are inside its package; its install script would fetch GPU ones from elsewhere.
    env: { ...process.env, CI: "true", ONNXRUNTIME_NODE_INSTALL: "skip" },
  });
  if (code !== 0) throw expected(`${output}\nInstalling failed (exit code ${code}); the output is above.`);
  writeFileSync(stampFile, wanted);
}

/** Compiles the WebAssembly kernels unless their built bytes match their sources. */
export async function ensureKernels() {
  const script = join(root, "packages", "kernels", "scripts", "build.mjs");
  const { ensureBuilt } = await import(pathToFileURL(script).href);
  await ensureBuilt();
}

/** After this every command works: dependencies are installed and generated sources are there. */
export async function bootstrap() {
  await ensureInstalled();
  await ensureKernels();
}
