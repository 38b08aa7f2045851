import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type InlineConfig } from "vite";
import { iconPng, iconSvg } from "./icons.ts";
import { manifest } from "./manifest.ts";
import type { PageModel } from "./train-model.ts";

const page = fileURLToPath(new URL("../", import.meta.url));

/** Packages are bundled from their sources. */
const common: InlineConfig = {
  configFile: false,
  logLevel: "error",
  resolve: { conditions: ["@isthmus/source", "module", "browser", "production"] },
};

export interface BuildPageOptions {
  /** The folder that is written, emptied before. */
  readonly outDir: string;
  /** The one that the page works with until another is chosen. */
  readonly model: PageModel;
}

/** The page as a folder of files that any web server can serve, at any address. */
export async function buildPage({ outDir, model }: BuildPageOptions): Promise<void> {
  const publicDir = await mkdtemp(join(tmpdir(), "isthmus-page-"));
  try {
    await writeAll(publicDir, ownFiles(model));
    await build({
      ...common,
      ...{ root: page, base: "./", publicDir, define: { SHIPPED_MODEL: JSON.stringify(model.id) } },
      worker: { format: "es" },
      build: { outDir, emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
    });
    await buildServiceWorker(outDir);
  } finally {
    await rm(publicDir, { recursive: true, force: true });
  }
}

/** Files that no source is: path -> contents. */
function ownFiles({ id, bundle, file }: PageModel): Readonly<Record<string, Uint8Array | string>> {
  const icon = (size: number, isMaskable = false) => iconPng({ size, isMaskable });
  return {
    "manifest.webmanifest": JSON.stringify(manifest),
    "icons/icon.svg": iconSvg(),
    "icons/icon-180.png": icon(180, true),
    "icons/icon-192.png": icon(192),
    "icons/icon-512.png": icon(512),
    "icons/icon-maskable-512.png": icon(512, true),
    "model/encoder.isthb": bundle,
    [`model/${id}.safetensors`]: file,
  };
}

async function writeAll(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
  for (const [path, contents] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), contents);
  }
}

/** What the decoder needs: kept when it is first asked for. */
const isForLater = (path: string): boolean =>
  /^(model\/.*\.safetensors|assets\/(decoder|simd128|relaxed)-.*)$/.test(path);

/** The service worker knows every file of the build, and by a hash over all of them whether it is another build. */
async function buildServiceWorker(outDir: string): Promise<void> {
  const paths = (await readdir(outDir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(outDir, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
  const hash = createHash("sha256");
  for (const path of paths) hash.update(`${path}\n`).update(await readFile(join(outDir, path)));
  // The page itself is kept under its folder's address: servers may redirect from index.html to it.
  const named = paths.map((path) => (path === "index.html" ? "" : path));
  const known = {
    version: hash.digest("hex").slice(0, 16),
    files: named.filter((path) => !isForLater(path)),
    later: named.filter(isForLater),
  };
  await build({
    ...common,
    define: { BUILD: JSON.stringify(known) },
    publicDir: false,
    build: {
      ...{ outDir, emptyOutDir: false, target: "es2022", modulePreload: false },
      rollupOptions: {
        input: join(page, "service-worker", "service-worker.ts"),
        output: { entryFileNames: "service-worker.js", format: "iife" },
      },
    },
  });
}
