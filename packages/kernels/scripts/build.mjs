/**
 * Compiles `assembly/` into the four builds, and `assembly-plan/` into one: `src/generated/<build>.ts` (base64, for tests and bundles)
 * and, when run as a script, `dist/<build>.wasm`. Does nothing while the hash of the sources, these scripts and the compiler's version is unchanged.
 */
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { keepConstants } from "./keep-constants.mjs";

const root = new URL("..", import.meta.url);
const scripts = [fileURLToPath(import.meta.url), fileURLToPath(new URL("keep-constants.mjs", import.meta.url))];
const shared = ["--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536", "--enable", "threads"];
const relaxed = ["--enable", "simd", "--enable", "relaxed-simd"];
const BUILDS = {
  simd128: { folders: ["assembly"], options: ["--enable", "simd"] },
  relaxed: { folders: ["assembly"], options: relaxed },
  "simd128-threads": { folders: ["assembly"], options: ["--enable", "simd", ...shared] },
  "relaxed-threads": { folders: ["assembly"], options: [...relaxed, ...shared] },
  // It travels to devices: small rather than unrolled, and in hexadecimal, whose repetitions gzip finds, unlike those of base64.
  plan: { folders: ["assembly-plan", "assembly"], options: ["--enable", "simd", "--shrinkLevel", "1"], text: "hex" },
};

/** Makes sure that `src/generated/` matches the sources. Safe to call from several processes at once. */
export async function ensureBuilt() {
  for (const [build, { folders, options, text = "base64" }] of Object.entries(BUILDS)) {
    const sources = new Map((await Promise.all(folders.map(readSources))).flat());
    const hash = await hashOf(sources);
    if ((await generated(build)).includes(`"${hash}"`)) continue;
    const bytes = await compile(`${folders[0]}/index.ts`, sources, options);
    await replace(new URL(`src/generated/${build}.ts`, root), moduleText(bytes, hash, text));
  }
}

/** [path, text] of each file of a folder, sorted by name. */
async function readSources(folder) {
  const names = (await readdir(new URL(`${folder}/`, root))).filter((name) => name.endsWith(".ts")).sort();
  const paths = names.map((name) => `${folder}/${name}`);
  return Promise.all(paths.map(async (path) => [path, await readFile(new URL(path, root), "utf8")]));
}

async function hashOf(sources) {
  const { version } = createRequire(import.meta.url)("assemblyscript/package.json");
  const hash = createHash("sha256").update(version);
  for (const script of scripts) hash.update(await readFile(script));
  for (const [path, text] of sources) hash.update(`\0${path}\0${text}`);
  return hash.digest("hex");
}

async function generated(build) {
  return readFile(new URL(`src/generated/${build}.ts`, root), "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
}

async function compile(entry, sources, options) {
  const { default: asc } = await import("assemblyscript/asc");
  let wat;
  let stderr = "";
  const flags = ["--runtime", "stub", "--importMemory", "--noAssert", "-O3", "--converge", "--textFile", "out.wat"];
  const { error } = await asc.main([entry, ...flags, ...options], {
    readFile: (path) => sources.get(path) ?? null,
    writeFile: (_name, contents) => void (wat = contents),
    listFiles: () => [],
    stderr: { write: (text) => void (stderr += text) },
  });
  if (error !== null) throw new Error(`assemblyscript: ${error.message}\n${stderr}`);
  return await assemble(spreadConstants(keepConstants(wat)));
}

/**
 * The compiler folds what has one number in all lanes into constants of 18 bytes. Spread from that number they take 4 to 8. Of 27 kernels that
 * were tried none took longer than noise explains; under Node 24 random numbers took three quarters of their time.
 */
function spreadConstants(wat) {
  return wat.replace(/v128\.const i32x4 (0x[0-9a-f]+)(?: \1){3}$/gm, "i32.const $1\n i32x4.splat");
}

async function assemble(wat) {
  const { default: binaryen } = await import("assemblyscript/binaryen");
  const module = binaryen.parseText(wat);
  module.setFeatures(binaryen.Features.All);
  return module.emitBinary();
}

function moduleText(bytes, hash, text) {
  return [
    "/** Made by scripts/build.mjs. */",
    `export const sourceHash: string = "${hash}";`,
    `export const byteLength: number = ${bytes.length};`,
    `export const ${text}: string =\n  "${Buffer.from(bytes).toString(text)}";`,
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
  for (const [build, { text = "base64" }] of Object.entries(BUILDS)) {
    const [, bytes] = (await generated(build)).match(/"([^"]+)";\s*$/);
    await replace(new URL(`dist/${build}.wasm`, root), Buffer.from(bytes, text));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureBuilt();
  await writeBinaries();
}
