/**
 * Compiles `assembly/` into the four builds, and `assembly-integer/` into one: `src/generated/<build>.ts` (base64, for tests and bundles)
 * and, when run as a script, `dist/<build>.wasm`. Does nothing while the hash of the sources, this file and the compiler's version is unchanged.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = new URL("..", import.meta.url);
const shared = ["--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536", "--enable", "threads"];
const relaxed = ["--enable", "simd", "--enable", "relaxed-simd"];
const BUILDS = {
  simd128: { sources: "assembly", options: ["--enable", "simd"] },
  relaxed: { sources: "assembly", options: relaxed },
  "simd128-threads": { sources: "assembly", options: ["--enable", "simd", ...shared] },
  "relaxed-threads": { sources: "assembly", options: [...relaxed, ...shared] },
  // It travels to devices: small rather than unrolled.
  integer: { sources: "assembly-integer", options: ["--enable", "simd", "--shrinkLevel", "1"] },
};

/** Makes sure that `src/generated/` matches the sources. Safe to call from several processes at once. */
export async function ensureBuilt() {
  for (const [build, { sources: folder, options }] of Object.entries(BUILDS)) {
    const sources = await readSources(folder);
    const hash = await hashOf(sources);
    if ((await generated(build)).includes(`"${hash}"`)) continue;
    const bytes = await compile(sources, options);
    await replace(new URL(`src/generated/${build}.ts`, root), moduleText(bytes, hash));
  }
}

/** File name -> text, sorted by name. */
async function readSources(name) {
  const folder = new URL(`${name}/`, root);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".ts")).sort();
  return new Map(await Promise.all(names.map(async (name) => [name, await readFile(new URL(name, folder), "utf8")])));
}

async function hashOf(sources) {
  const { version } = createRequire(import.meta.url)("assemblyscript/package.json");
  const hash = createHash("sha256")
    .update(version)
    .update(await readFile(fileURLToPath(import.meta.url)));
  for (const [name, text] of sources) hash.update(`\0${name}\0${text}`);
  return hash.digest("hex");
}

async function generated(build) {
  return readFile(new URL(`src/generated/${build}.ts`, root), "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
}

async function compile(sources, options) {
  const { default: asc } = await import("assemblyscript/asc");
  let binary;
  let stderr = "";
  const flags = ["--runtime", "stub", "--importMemory", "--noAssert", "-O3", "--converge", "--outFile", "out.wasm"];
  const { error } = await asc.main(["index.ts", ...flags, ...options], {
    readFile: (name) => sources.get(name) ?? null,
    writeFile: (_name, contents) => void (binary = contents),
    listFiles: () => [],
    stderr: { write: (text) => void (stderr += text) },
  });
  if (error !== null) throw new Error(`assemblyscript: ${error.message}\n${stderr}`);
  return binary;
}

function moduleText(bytes, hash) {
  return [
    "/** Made by scripts/build.mjs. */",
    `export const sourceHash: string = "${hash}";`,
    `export const byteLength: number = ${bytes.length};`,
    `export const base64: string =\n  "${Buffer.from(bytes).toString("base64")}";`,
    "",
  ].join("\n");
}

/** Written beside its place, then moved: a reader sees the old file or the new one, never half. */
async function replace(target, contents) {
  await mkdir(new URL(".", target), { recursive: true });
  const draft = new URL(`${target.href}.${randomBytes(6).toString("hex")}.tmp`);
  await writeFile(draft, contents);
  await rename(draft, target);
}

async function writeBinaries() {
  for (const build of Object.keys(BUILDS)) {
    const [, base64] = (await generated(build)).match(/"([^"]+)";\s*$/);
    await replace(new URL(`dist/${build}.wasm`, root), Buffer.from(base64, "base64"));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureBuilt();
  await writeBinaries();
}
