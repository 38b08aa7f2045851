// What travels to a device: the runtime as a bundler leaves it, with its WebAssembly inside.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bundled, JAVASCRIPT_ENCODER } from "../lib/bundled.ts";
import { root } from "../lib/paths.mjs";

const KB = 1024;
/** Promised in READMEs. */
const MOST = 13;

it.each(["README.md", "packages/edge/README.md"])("%s promises what is checked here", (file) => {
  expect(readFileSync(join(root, file), "utf8")).toMatch(new RegExp(`at most ${MOST} KB of gzip`, "i"));
});

it.each([
  ["an encoder in WebAssembly", "loadEncoder", [JAVASCRIPT_ENCODER], MOST * KB],
  ["an encoder in WebAssembly, and plain JavaScript inside, where nothing is loaded later", "loadEncoder", [], 22 * KB],
  ["an encoder in plain JavaScript", "javascriptEncoder", [], 12 * KB],
  [
    "everything",
    "javascriptEncoder, javascriptExecutor, loadEncoder, loadExecutor, readBundle, verifyBundle",
    [],
    22 * KB,
  ],
] as const)(
  "%s is within its bytes of gzip, and asks nothing of Node",
  async (_, names, external, most) => {
    const file = await bundled(`export { ${names} } from "@isthmus/edge";`, { external });
    const bytes = gzipSync(file, { level: 9 }).length;
    expect(bytes).toBeGreaterThan(KB);
    expect(bytes).toBeLessThanOrEqual(most);
    expect(new TextDecoder().decode(file)).not.toMatch(/\bnode:|\beval\(|new Function/);
  },
  60_000,
);
