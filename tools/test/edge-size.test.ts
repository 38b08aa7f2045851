// What travels to a device: the runtime as a bundler leaves it, with its WebAssembly inside.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, it } from "vitest";
import { root } from "../lib/paths.mjs";

/** Promised in the package's README. */
const MOST = 16 * 1024;

it("the runtime of devices is within 16 KiB of gzip, and asks nothing of Node", async () => {
  const out = join(root, "tools", "out");
  mkdirSync(out, { recursive: true });
  const folder = mkdtempSync(join(out, "edge-"));
  try {
    const entry = join(folder, "entry.js");
    writeFileSync(
      entry,
      'export { javascriptEncoder, javascriptExecutor, loadEncoder, loadExecutor } from "@isthmus/edge";\n',
    );
    const outDir = join(folder, "dist");
    await build({
      ...{ root: folder, logLevel: "error", configFile: false },
      resolve: { conditions: ["@isthmus/source", "module", "browser", "production"] },
      build: { outDir, minify: true, target: "es2022", lib: { entry, formats: ["es"] } },
    });
    const files = readdirSync(outDir).map((name) => readFileSync(join(outDir, name)));
    const bytes = files.reduce((sum, file) => sum + gzipSync(file, { level: 9 }).length, 0);
    expect(bytes).toBeGreaterThan(1024);
    expect(bytes).toBeLessThanOrEqual(MOST);
    expect(files.join("\n")).not.toMatch(/\bnode:|\beval\(|new Function/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
