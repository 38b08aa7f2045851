/**
 * docs/deploy.md: every program with a file name passes the golden sample of the file, and not that of one with a changed
 * weight; the others say that they were not run.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readModelFile } from "@isthmus/graph";
import { chromium as playwright } from "playwright-core";
import { build, preview } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../lib/paths.mjs";
import { chromium, has, python } from "../lib/probe.mjs";

const page = readFileSync(join(root, "docs", "deploy.md"), "utf8");
const blocks = [...page.matchAll(/^(.*)\n\n```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm)].map(
  ([, before, kind, name, text]) => ({ before: before!, kind: kind!, name, text: text! }),
);

const out = join(root, "tools", "out");
mkdirSync(out, { recursive: true });
const base = mkdtempSync(join(out, "deploy-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Folders with `decoder.onnx` as it was exported, and with one weight changed; the programs are in both. */
const folders = { whole: join(base, "whole"), damaged: join(base, "damaged") };
type Folder = keyof typeof folders;

const FROM_SOURCE = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];

/** Runs a program in a folder: whether it says that all is well, and what it prints. */
function attempt(program: string, args: readonly string[], folder: Folder): { ok: boolean; said: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folders[folder], encoding: "utf8" });
  return { ok: status === 0, said: `${stdout}${stderr}` };
}

function run(program: string, args: readonly string[], folder: Folder = "whole"): string {
  const { ok, said } = attempt(program, args, folder);
  expect(ok, `${program} ${args.join(" ")}\n${said}`).toBe(true);
  return said;
}

const inNode = (name: string) => [process.execPath, [...FROM_SOURCE, name]] as const;

/** Expects a program to pass on the one file and not on the other. */
function expectSound(program: string, args: readonly string[]): void {
  expect(run(program, args)).toMatch(/passed, largest difference \S+/);
  const damaged = attempt(program, args, "damaged");
  expect(damaged.ok, damaged.said).toBe(false);
  expect(damaged.said).toMatch(/differ in "logits"|logits is off by|failed, largest difference/);
}

function makeFiles(): void {
  for (const folder of Object.values(folders)) {
    mkdirSync(folder);
    for (const { name, text } of blocks) if (name) writeFileSync(join(folder, name), text);
  }
  const main = join(root, "apps", "cli", "src", "main.ts");
  const lines = blocks.filter(({ kind }) => kind === "sh").flatMap(({ text }) => text.trimEnd().split("\n"));
  for (const line of lines) {
    const [command, ...words] = line.split(" ");
    expect(command).toBe("isthmus");
    expect(run(process.execPath, [...FROM_SOURCE, main, ...words])).not.toBe("");
  }
  damage();
}

/** One bias of the last layer, 0.01 larger. */
function damage(): void {
  const { parameters } = readModelFile(readFileSync(join(folders.whole, "m.safetensors")));
  const bias = parameters["decoder.output.bias"]!.data as Float32Array;
  const bytes = readFileSync(join(folders.whole, "decoder.onnx"));
  const at = bytes.indexOf(Buffer.from(bias.buffer, bias.byteOffset, bias.byteLength));
  expect(at).toBeGreaterThan(0);
  bytes.writeFloatLE(bias[100]! + 0.01, at + 4 * 100);
  writeFileSync(join(folders.damaged, "decoder.onnx"), bytes);
}

beforeAll(makeFiles, 300_000);

describe("docs/deploy.md", () => {
  it("says of every program whether it was run", () => {
    const named = blocks.flatMap(({ name }) => name ?? []);
    const programs = ["node.mjs", "browser.mjs", "golden.py", "dense.py", "golden.mjs", "golden.hpp", "opencv.cpp"];
    expect(named).toEqual(programs);
    const shown = blocks.filter(({ kind, name }) => kind !== "sh" && !name);
    expect(shown).toHaveLength(2);
    for (const { before } of shown) expect(before).toMatch(/not run here:$/);
  });

  it("passes in Node", () => expectSound(...inNode("node.mjs")));

  it.skipIf(!has()["onnx"] || !has()["numpy"])("passes in Python with NumPy", () => expectSound(python, ["dense.py"]));

  it.skipIf(!has()["opencv"])("passes in C++ with OpenCV", () => {
    run(...inNode("golden.mjs"));
    for (const name of ["z.bin", "reconstruction.bin"]) {
      copyFileSync(join(folders.whole, name), join(folders.damaged, name));
    }
    const built = ["-I/usr/include/opencv4", "-lopencv_dnn", "-lopencv_core", "-o", join(base, "opencv")];
    run("g++", ["opencv.cpp", ...built]);
    expectSound(join(base, "opencv"), []);
  });

  it.skipIf(!has()["chromium"])(
    "passes in Chromium",
    async () => {
      expect(await titleOf("whole")).toMatch(/^passed, largest difference \S+$/);
      expect(await titleOf("damaged")).toMatch(/differ in "logits"/);
    },
    120_000,
  );
});

/** What the module says in a page, bundled as a user would. */
async function titleOf(folder: Folder): Promise<string> {
  const site = { root: folders[folder], logLevel: "error" as const, configFile: false as const };
  mkdirSync(join(site.root, "public"));
  mkdirSync(join(site.root, "node_modules"));
  const web = join(root, "packages", "onnx", "node_modules", "onnxruntime-web");
  symlinkSync(web, join(site.root, "node_modules", "onnxruntime-web"));
  copyFileSync(join(site.root, "decoder.onnx"), join(site.root, "public", "decoder.onnx"));
  writeFileSync(join(site.root, "index.html"), `<script type="module" src="/browser.mjs"></script>`);
  const conditions = ["@isthmus/source", "module", "browser", "production"];
  await build({ ...site, resolve: { conditions }, build: { outDir: "dist", target: "es2022" } });
  const server = await preview({ ...site, build: { outDir: "dist" }, preview: { host: "127.0.0.1", port: 0 } });
  const browser = await playwright.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on("pageerror", ({ message }) => problems.push(message));
    await page.goto(server.resolvedUrls!.local[0]!);
    await page.waitForFunction("document.title !== ''", undefined, { timeout: 60_000 });
    expect(problems).toEqual([]);
    return await page.title();
  } finally {
    await browser.close();
    await server.close();
  }
}
