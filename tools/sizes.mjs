// What each entry of each package costs an application: bundled by Vite, minified, gzip. Limits stand in size-limits.json.
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { publishable, readJson, root } from "./lib/paths.mjs";

/** Entries that browsers may bundle: entry -> its source file. `/node` entries are never bundled, files of bytes have no code. */
export function entries() {
  return Object.fromEntries(
    publishable().flatMap((folder) => {
      const { name, exports = {} } = readJson(join(root, folder, "package.json"));
      return Object.entries(exports)
        .filter(([entry, target]) => typeof target === "object" && entry !== "./node")
        .map(([entry, target]) => [join(name, entry), join(root, folder, target["@isthmus/source"])]);
    }),
  );
}

/** What users install beside a package if they want it is not part of what it costs. */
const external = [/^@tensorflow\//, /^webgpu$/, /^node:/];

/** Bytes of gzip: `first` is loaded when the entry is imported, `all` with everything that it may load later. */
export async function sizeOf(file) {
  const chunks = await chunksOf(file);
  const bytes = (some) => some.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
  return { first: bytes(firstOf(chunks)), all: bytes(chunks) };
}

/** The modules that are evaluated when the entry is imported, relative to the workspace. */
export async function modulesOf(file) {
  return firstOf(await chunksOf(file)).flatMap(({ modules }) => Object.keys(modules).map((id) => relative(root, id)));
}

async function chunksOf(file) {
  const built = await build({
    ...{ root, logLevel: "silent", configFile: false },
    resolve: { conditions: ["@isthmus/source", "module", "browser", "production"] },
    build: {
      ...{ write: false, minify: true, target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
      rollupOptions: { input: file, preserveEntrySignatures: "strict", external },
    },
  });
  return [built].flat().flatMap(({ output }) => output.filter(({ type }) => type === "chunk"));
}

/** The entry's chunk and those that it imports at once. */
function firstOf(chunks) {
  const byName = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const seen = new Set();
  const visit = (chunk) => {
    if (!chunk || seen.has(chunk)) return;
    seen.add(chunk);
    for (const name of chunk.imports) visit(byName.get(name));
  };
  visit(chunks.find(({ isEntry }) => isEntry));
  return [...seen];
}

/** Every entry beyond its limit, or without one, and every limit without its entry, a sentence each. */
export function excesses(sizes, limits) {
  const kinds = ["first", "all"];
  return [
    ...Object.entries(sizes).flatMap(([entry, size]) =>
      limits[entry]
        ? kinds.flatMap((kind) =>
            size[kind] <= limits[entry][kind]
              ? []
              : [`${entry}: "${kind}" is ${size[kind]} bytes, more than its limit of ${limits[entry][kind]}`],
          )
        : [`${entry}: no limit in tools/size-limits.json; it is ${size.first} bytes at first, ${size.all} in all`],
    ),
    ...Object.keys(limits)
      .filter((entry) => !sizes[entry])
      .map((entry) => `tools/size-limits.json: there is no entry ${entry}`),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const sizes = {};
  for (const [entry, file] of Object.entries(entries())) sizes[entry] = await sizeOf(file);
  for (const [entry, { first, all }] of Object.entries(sizes)) {
    process.stdout.write(`${entry.padEnd(36)} ${String(first).padStart(8)} ${String(all).padStart(8)}\n`);
  }
  const found = excesses(sizes, readJson(join(root, "tools", "size-limits.json")));
  for (const line of found) process.stderr.write(`${line}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
