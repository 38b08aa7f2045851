// What travels to a device: the runtime as a bundler leaves it, with its WebAssembly inside.
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { bundled } from "../lib/bundled.ts";

/** Promised in the package's README. */
const MOST = 16 * 1024;

it("the runtime of devices is within 16 KiB of gzip, and asks nothing of Node", async () => {
  const file = await bundled(
    'export { javascriptEncoder, javascriptExecutor, loadEncoder, loadExecutor } from "@isthmus/edge";',
  );
  const bytes = gzipSync(file, { level: 9 }).length;
  expect(bytes).toBeGreaterThan(1024);
  expect(bytes).toBeLessThanOrEqual(MOST);
  expect(new TextDecoder().decode(file)).not.toMatch(/\bnode:|\beval\(|new Function/);
}, 60_000);
