import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pnpm } from "./bootstrap.mjs";
import { publishable, root } from "./paths.mjs";
import { expected, quietly, workspaceEnv } from "./process.mjs";

async function inWorkspace(...args) {
  const [program, ...before] = pnpm();
  const { code, output, stdout } = await quietly(program, [...before, ...args], { cwd: root, env: workspaceEnv });
  if (code !== 0) throw expected(`${output}\npnpm ${args.join(" ")} failed (exit code ${code}); the output is above.`);
  return stdout;
}

/** Removes from `dist` what no source explains: tsc never deletes the output of a source that was renamed. */
function prune(folder) {
  const [dist, source] = [join(root, folder, "dist"), join(root, folder, "src")];
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(js|d\.ts)(\.map)?$/.test(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    const stem = relative(dist, file).replace(/\.(js|d\.ts)(\.map)?$/, "");
    if (!existsSync(join(source, `${stem}.ts`))) rmSync(file);
  }
}

/**
 * Builds every publishable package and packs it into a folder, as it would go to the registry.
 * Resolves to name, version, tarball and its size in bytes, in the order in which they depend on each other.
 * @returns {Promise<{ name: string, version: string, file: string, bytes: number }[]>}
 */
export async function pack(destination) {
  await inWorkspace("exec", "turbo", "run", "build", "--output-logs=errors-only");
  publishable().forEach(prune);
  const filters = ["--filter", "./packages/*", "--filter", "./apps/*"];
  const report = await inWorkspace(...filters, "pack", "--json", "--pack-destination", destination);
  return JSON.parse(report).map(({ name, version, filename, size }) => ({
    name,
    version,
    file: filename,
    bytes: size,
  }));
}

/** What a release would publish, in a folder outside the workspace that stays there to be looked at. */
export async function releaseDry() {
  const destination = mkdtempSync(join(tmpdir(), "isthmus-release-"));
  const packed = await pack(destination);
  for (const { name, version, bytes } of packed) {
    process.stdout.write(`${`${name}@${version}`.padEnd(28)} ${(bytes / 1024).toFixed(1).padStart(8)} KiB\n`);
  }
  process.stdout.write(`${packed.length} tarballs in ${destination}\n`);
  return 0;
}
