/** docs/deploy.md: every program with a file name runs and agrees with the interpreter; the others say that they were not run. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../lib/paths.mjs";
import { has, python } from "../lib/probe.mjs";

const page = readFileSync(join(root, "docs", "deploy.md"), "utf8");
const blocks = [...page.matchAll(/^(.*)\n\n```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(
  ([, before, kind, name, text]) => ({ before: before!, kind: kind!, name, text: text! }),
);
const textOf = (name: string): string => blocks.find((block) => block.name === name)!.text;

const out = join(root, "tools", "out");
mkdirSync(out, { recursive: true });
const folder = mkdtempSync(join(out, "deploy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FROM_SOURCE = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];

/** Runs a program in the folder; what it prints on stdout. */
function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  expect(status, `${program} ${args.join(" ")}\n${stderr}`).toBe(0);
  return stdout;
}

const inNode = (name: string, text = textOf(name), before = ""): string => {
  writeFileSync(join(folder, name), `${before}${text}`);
  return run(process.execPath, [...FROM_SOURCE, join(folder, name)]);
};

function expectClose(printed: string): void {
  const [, worst] = /^largest difference (\S+)$/m.exec(printed) ?? [];
  expect(Number(worst), printed).toBeLessThanOrEqual(1e-5);
}

function makeFiles(): void {
  const main = join(root, "apps", "cli", "src", "main.ts");
  const lines = blocks.filter(({ kind }) => kind === "sh").flatMap(({ text }) => text.trimEnd().split("\n"));
  for (const line of lines) {
    const [command, ...words] = line.split(" ");
    expect(command).toBe("isthmus");
    expect(run(process.execPath, [...FROM_SOURCE, main, ...words])).not.toBe("");
  }
  expect(inNode("sample.mjs")).toBe("784 pixels\n");
}

beforeAll(makeFiles, 300_000);

describe("docs/deploy.md", () => {
  it("says of every program whether it was run", () => {
    const named = blocks.flatMap(({ name }) => name ?? []);
    expect(named).toEqual(["sample.mjs", "node.mjs", "browser.mjs", "opencv.cpp", "dense.py"]);
    const shown = blocks.filter(({ kind, name }) => kind !== "sh" && !name);
    expect(shown).toHaveLength(2);
    for (const { before } of shown) expect(before).toMatch(/not run here:$/);
  });

  it("runs in Node", () => expectClose(inNode("node.mjs")));

  it("runs on onnxruntime-web", () => {
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(join(root, "packages/onnx/node_modules/onnxruntime-web"), join(folder, "node_modules/onnxruntime-web"));
    const fetching = [
      `import { readFile } from "node:fs/promises";`,
      `import ort from "onnxruntime-web/wasm";`,
      `ort.env.wasm.numThreads = 1;`,
      `globalThis.fetch = async (path) => new Response(await readFile(path));`,
      "",
    ].join("\n");
    expectClose(inNode("browser.mjs", textOf("browser.mjs"), fetching));
  });

  it.skipIf(!has()["opencv"])("runs in C++ with OpenCV", () => {
    writeFileSync(join(folder, "opencv.cpp"), textOf("opencv.cpp"));
    run("g++", ["opencv.cpp", "-I/usr/include/opencv4", "-lopencv_dnn", "-lopencv_core", "-o", "opencv"]);
    expectClose(run(join(folder, "opencv"), []));
  });

  it.skipIf(!has()["onnx"] || !has()["numpy"])("runs in Python with NumPy", () => {
    writeFileSync(join(folder, "dense.py"), textOf("dense.py"));
    expectClose(run(python, ["dense.py"]));
  });
});
