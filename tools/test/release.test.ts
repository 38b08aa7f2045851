// What a stranger gets: the tarballs, installed by npm into an empty project that knows nothing of this workspace.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Rolldown } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { members, readJson, root } from "../lib/paths.mjs";
import { type EmptyProject, emptyProject } from "./support/empty-project.ts";

interface Manifest {
  name: string;
  exports: Record<string, string | Record<string, string>>;
}

const libraries: Manifest[] = members()
  .filter((folder) => folder.startsWith("packages/"))
  .map((folder) => readJson(join(root, folder, "package.json")) as Manifest);

/** Modules that are there for those who have something installed already: without it they can say no more than its name. */
const ADDITIONS: Readonly<Record<string, string>> = { "@isthmus/tfjs/accelerated-wasm": "@tensorflow/tfjs-core" };

/** [specifier] of every module that the libraries export to those who install nothing else. */
const specifiers = libraries
  .flatMap(({ name, exports }) =>
    Object.entries(exports)
      .filter(([, target]) => typeof target === "object")
      .map(([entry]) => join(name, entry)),
  )
  .filter((specifier) => !Object.hasOwn(ADDITIONS, specifier));

let project: EmptyProject;

beforeAll(async () => {
  project = await emptyProject(libraries.map(({ name }) => name));
}, 120_000);

afterAll(() => project?.dispose());

describe("installed by npm from the tarballs", () => {
  it("the libraries bring neither onnxruntime nor anything of the workspace", () => {
    const installed = Object.keys(
      (readJson(join(project.folder, "package-lock.json")) as { packages: object }).packages,
    );
    expect(installed.filter((path) => path.includes("onnxruntime"))).toEqual([]);
    expect(installed.filter((path) => path.startsWith("node_modules/@isthmus/")).length).toBe(libraries.length);
  });

  it.each(libraries)("$name ships its licence, and no workspace: or catalog: range", ({ name }) => {
    const at = join(project.folder, "node_modules", name);
    expect(readFileSync(join(at, "LICENSE"), "utf8")).toContain("Apache License");
    expect(readFileSync(join(at, "package.json"), "utf8")).not.toMatch(/"(workspace|catalog):/);
    expect(readdirSync(join(at, "dist"))).not.toContain(".tsbuildinfo");
  });

  it.each(specifiers)("%s can be imported alone", async (specifier) => {
    const names = await project.run(`process.stdout.write(JSON.stringify(Object.keys(await import("${specifier}"))));`);
    expect(JSON.parse(names)).not.toEqual([]);
  });

  it.each(Object.entries(ADDITIONS))("%s names %s where that is missing", async (specifier, missing) => {
    await expect(project.run(`await import("${specifier}");`)).rejects.toThrow(`Cannot find package '${missing}'`);
  });
});

describe("bundled by Vite without configuration", () => {
  const forBrowsers = specifiers.filter((specifier) => !specifier.endsWith("/node"));

  it.each(forBrowsers)("%s needs no Node module, no process and no Buffer", async (specifier) => {
    const entry = join(project.folder, `entry-${crypto.randomUUID()}.js`);
    writeFileSync(entry, `import * as module from "${specifier}"; globalThis.names = Object.keys(module);`);
    const { output } = (await build({
      root: project.folder,
      configFile: false,
      logLevel: "silent",
      build: { write: true, outDir: `${entry}.dist`, rolldownOptions: { input: entry } },
    })) as Rolldown.RolldownOutput;
    const code = output.filter((one) => one.type === "chunk");
    expect(
      code.filter((chunk) => chunk.code.includes("__vite-browser-external")).map((chunk) => chunk.fileName),
    ).toEqual([]);
    const bundle = pathToFileURL(join(`${entry}.dist`, code.find((chunk) => chunk.isEntry)!.fileName)).href;
    const names = await project.run(`
      const { stdout } = process;
      for (const name of ["process", "Buffer", "require", "setImmediate"]) delete globalThis[name];
      await import("${bundle}");
      stdout.write(JSON.stringify(globalThis.names));`);
    expect(JSON.parse(names)).not.toEqual([]);
  });
});
