/** Real Deno and real Bun, from the npm registry: the packages from their tarballs train and code there to the bits of Node. */
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { fromNpm } from "../bench/from-npm.ts";
import { run, type RunSummary } from "../browser/run.ts";
import { root } from "../lib/paths.mjs";
import { quietly } from "../lib/process.mjs";
import { type EmptyProject, emptyProject } from "./support/empty-project.ts";

const machine = `${process.platform}-${process.arch}`;

/** The package that holds a runtime's program for this machine, and how the program runs a file. */
const runtimes = [
  {
    name: "Deno",
    from: [`@deno/${machine}${process.platform === "linux" ? "-glibc" : ""}`, "2.9.6"],
    command: ["deno", "run", "--allow-all", "--no-lock", "--node-modules-dir=manual"],
  },
  { name: "Bun", from: [`@oven/bun-${machine}`, "1.4.5"], command: ["bin/bun"] },
] as const;

let project: EmptyProject;

beforeAll(async () => {
  const names = ["codec", "compress", "data", "graph", "models", "train", "wasm"];
  project = await emptyProject(names.map((name) => `@isthmus/${name}`));
  cpSync(join(root, "tools", "browser", "run.ts"), join(project.folder, "run.ts"));
  const main = `import { run } from "./run.ts";\nconsole.log(JSON.stringify(await run("simd128", { threads: 2 })));\n`;
  writeFileSync(join(project.folder, "main.ts"), main);
}, 300_000);

afterAll(() => project?.dispose());

it.each(runtimes)("$name trains on two threads and codes to the bits of Node", async ({ from, command }) => {
  const [program, ...args] = command;
  const file = join(await fromNpm(...from), program);
  const { code, output, stdout } = await quietly(file, [...args, "main.ts"], { cwd: project.folder });
  expect(code, output).toBe(0);
  const there = JSON.parse(stdout) as RunSummary;
  expect(there).toEqual({ ...(await run("simd128")), threads: { count: 2 } });
});
