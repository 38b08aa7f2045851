// What a stranger gets: the tarballs, installed by npm into an empty project that knows nothing of this workspace.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Rolldown } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { members, readJson, root } from "../lib/paths.mjs";
import { npm, quietly } from "../lib/process.mjs";
import { pack } from "../lib/release.mjs";

interface Manifest {
  name: string;
  exports: Record<string, string | Record<string, string>>;
}

const libraries: Manifest[] = members()
  .filter((folder) => folder.startsWith("packages/"))
  .map((folder) => readJson(join(root, folder, "package.json")) as Manifest);

/** [specifier] of every module that the libraries export. */
const specifiers = libraries.flatMap(({ name, exports }) =>
  Object.entries(exports)
    .filter(([, target]) => typeof target === "object")
    .map(([entry]) => join(name, entry)),
);

const folder = mkdtempSync(join(tmpdir(), "isthmus-release-test-"));
const project = join(folder, "empty project");

/** Runs JavaScript as a module of the project; resolves to what it printed. */
async function inProject(source: string): Promise<string> {
  const file = join(project, `run-${crypto.randomUUID()}.mjs`);
  writeFileSync(file, source);
  const { code, output } = await quietly(process.execPath, [file], {
    cwd: project,
    env: { PATH: process.env["PATH"] },
  });
  if (code !== 0) throw new Error(output);
  return output;
}

beforeAll(async () => {
  const packed: { name: string; file: string }[] = await pack(folder);
  const tarballs = Object.fromEntries(packed.map(({ name, file }) => [name, pathToFileURL(file).href]));
  const dependencies = Object.fromEntries(libraries.map(({ name }) => [name, tarballs[name]]));
  mkdirSync(project);
  // Overrides stand for the registry, which does not have this version yet.
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ type: "module", dependencies, overrides: dependencies }),
  );
  const [program, ...args] = npm();
  const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  const { code, output } = await quietly(program!, [...args, ...install], { cwd: project });
  if (code !== 0) throw new Error(output);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("installed by npm from the tarballs", () => {
  it("the libraries bring neither onnxruntime nor anything of the workspace", () => {
    const installed = Object.keys((readJson(join(project, "package-lock.json")) as { packages: object }).packages);
    expect(installed.filter((path) => path.includes("onnxruntime"))).toEqual([]);
    expect(installed.filter((path) => path.startsWith("node_modules/@isthmus/")).length).toBe(libraries.length);
  });

  it.each(libraries)("$name ships its licence, and no workspace: or catalog: range", ({ name }) => {
    const at = join(project, "node_modules", name);
    expect(readFileSync(join(at, "LICENSE"), "utf8")).toContain("Apache License");
    expect(readFileSync(join(at, "package.json"), "utf8")).not.toMatch(/"(workspace|catalog):/);
    expect(readdirSync(join(at, "dist"))).not.toContain(".tsbuildinfo");
  });

  it.each(specifiers)("%s can be imported alone", async (specifier) => {
    const names = await inProject(`process.stdout.write(JSON.stringify(Object.keys(await import("${specifier}"))));`);
    expect(JSON.parse(names)).not.toEqual([]);
  });
});

describe("bundled by Vite without configuration", () => {
  const forBrowsers = specifiers.filter((specifier) => !specifier.endsWith("/node"));

  it.each(forBrowsers)("%s needs no Node module, no process and no Buffer", async (specifier) => {
    const entry = join(project, `entry-${crypto.randomUUID()}.js`);
    writeFileSync(entry, `import * as module from "${specifier}"; globalThis.names = Object.keys(module);`);
    const { output } = (await build({
      root: project,
      configFile: false,
      logLevel: "silent",
      build: { write: true, outDir: `${entry}.dist`, rolldownOptions: { input: entry } },
    })) as Rolldown.RolldownOutput;
    const code = output.filter((one) => one.type === "chunk");
    expect(
      code.filter((chunk) => chunk.code.includes("__vite-browser-external")).map((chunk) => chunk.fileName),
    ).toEqual([]);
    const bundle = pathToFileURL(join(`${entry}.dist`, code.find((chunk) => chunk.isEntry)!.fileName)).href;
    const names = await inProject(`
      const { stdout } = process;
      for (const name of ["process", "Buffer", "require", "setImmediate"]) delete globalThis[name];
      await import("${bundle}");
      stdout.write(JSON.stringify(globalThis.names));`);
    expect(JSON.parse(names)).not.toEqual([]);
  });
});
