// What travels to a device: the runtime as a bundler leaves it, with its WebAssembly inside.
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bundled, JAVASCRIPT_ENCODER } from "../lib/bundled.ts";

const KB = 1024;

/** Promised in the package's README. */
it.each([
  ["an encoder in WebAssembly", "loadEncoder", [JAVASCRIPT_ENCODER], 13 * KB],
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
