import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vite";
import { root } from "./paths.mjs";

/** What `loadEncoder` of `@isthmus/edge` loads later, and only where it needs it. */
export const JAVASCRIPT_ENCODER = "./javascript-encoder.ts";

export interface BundledOptions {
  /** Default: true. */
  readonly minify?: boolean;
  /** What stays an import, as it is written. Default: nothing. */
  readonly external?: readonly string[];
}

/** The file that Vite makes of a module, minified for browsers, everything that it imports inside. */
export async function bundled(
  source: string,
  { minify = true, external = [] }: BundledOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const out = join(root, "tools", "out");
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, "bundled-"));
  try {
    const entry = join(folder, "entry.js");
    writeFileSync(entry, source);
    const outDir = join(folder, "dist");
    await build({
      ...{ root: folder, logLevel: "error", configFile: false },
      resolve: { conditions: ["@isthmus/source", "module", "browser", "production"] },
      build: {
        ...{ outDir, minify, target: "es2022", modulePreload: { polyfill: false } },
        rollupOptions: {
          ...{ input: entry, preserveEntrySignatures: "strict", external: [...external] },
          output: { codeSplitting: false, entryFileNames: "bundle.js" },
        },
      },
    });
    return Uint8Array.from(readFileSync(join(outDir, "bundle.js")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
