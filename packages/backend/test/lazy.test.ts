/** Which modules a process evaluates: none of an engine before it is asked for. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "../../../tools/lib/paths.mjs";

const folder = mkdtempSync(join(tmpdir(), "isthmus lazy "));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const log = join(folder, "loaded");

/** A module hook that takes down the address of every module that is loaded. */
const hook = `import { appendFileSync } from "node:fs";
export async function load(url, context, next) {
  appendFileSync(${JSON.stringify(log)}, url + "\\n");
  return next(url, context);
}`;
const asUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
const register = asUrl(`import { register } from "node:module"; register(${JSON.stringify(asUrl(hook))});`);

/** The modules that a script in this package loads. */
function loadedBy(script: string): string[] {
  writeFileSync(log, "");
  const tsx = import.meta.resolve("tsx", `file://${root}/tools/run.mjs`);
  const args = [
    "--import",
    tsx,
    "--import",
    register,
    "--conditions=@isthmus/source",
    "--input-type=module",
    "-e",
    script,
  ];
  const { status, stderr } = spawnSync(process.execPath, args, {
    cwd: join(root, "packages", "backend"),
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return readFileSync(log, "utf8").split("\n");
}

const SELECT = `import { selectEngine } from "@isthmus/backend";
const select = async (prefer) => (await selectEngine({ prefer, store: false })).dispose();`;
const ours = /packages\/wasm\/src\/wasm-engine|kernels\/src\/generated/;
const tfjs = /packages\/tfjs\/src|@tensorflow|\/webgpu\//;

describe("a process that imports the selector", () => {
  it("has loaded it, and no engine", () => {
    const loaded = loadedBy('import "@isthmus/backend"; import "@isthmus/backend/node";');
    expect(loaded.filter((url) => url.includes("packages/backend/src/select-engine"))).toHaveLength(1);
    expect(loaded.filter((url) => ours.test(url) || tfjs.test(url))).toEqual([]);
  });

  it("and takes ours has loaded nothing of TensorFlow.js", () => {
    const loaded = loadedBy(`${SELECT} await select("wasm");`);
    expect(loaded.filter((url) => ours.test(url)).length).toBeGreaterThan(0);
    expect(loaded.filter((url) => tfjs.test(url))).toEqual([]);
  });

  it("and takes that of TensorFlow.js has loaded nothing of ours, nor other backends", () => {
    const loaded = loadedBy(`${SELECT} await select("tfjs:cpu");`);
    expect(loaded.filter((url) => url.includes("tfjs-backend-cpu")).length).toBeGreaterThan(0);
    expect(loaded.filter((url) => ours.test(url) || /backend-(wasm|webgl|webgpu)|\/webgpu\//.test(url))).toEqual([]);
  });
});
