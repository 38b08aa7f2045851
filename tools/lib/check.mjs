import { join } from "node:path";
import { pnpm } from "./bootstrap.mjs";
import { publishable, readJson, root } from "./paths.mjs";
import { quietly, workspaceEnv } from "./process.mjs";

/** Entries that are files of bytes have no types to be right or wrong: attw is told to leave them out. */
function untyped(folder) {
  const entries = Object.entries(readJson(join(root, folder, "package.json")).exports ?? {});
  const bytes = entries
    .filter(([, target]) => typeof target === "string" && target.endsWith(".wasm"))
    .map(([entry]) => entry);
  return bytes.length > 0 ? ["--exclude-entrypoints", ...bytes] : [];
}

/** What is checked, fastest first: name -> command lines run from a folder. */
function steps() {
  const [program, ...before] = pnpm();
  const at = (folder) => join(root, folder);
  const here = (...command) => [{ command, cwd: root }];
  const perPackage = (command) => publishable().map((of) => ({ command: command(of), cwd: at(of), of }));
  return {
    format: here("oxfmt", "--check"),
    lint: here("oxlint"),
    layers: here(process.execPath, join(root, "tools", "layers.mjs")),
    types: here("tsc", "-b"),
    sizes: here(process.execPath, join(root, "tools", "sizes.mjs")),
    unused: here("knip", "--treat-config-hints-as-errors"),
    build: here(program, ...before, "exec", "turbo", "run", "build", "--output-logs=errors-only"),
    publint: perPackage(() => ["publint", "--strict", "--pack", "false"]),
    "published types": perPackage((of) => ["attw", "--pack", "--profile", "esm-only", "--no-emoji", ...untyped(of)]),
  };
}

/** Runs command lines, two at a time; their results in the same order. */
async function runLines(lines) {
  const results = [];
  const queue = [...lines.entries()];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [i, { command, cwd, of }] = next;
      results[i] = { of, ...(await quietly(command[0], command.slice(1), { cwd, env: workspaceEnv })) };
    }
  };
  await Promise.all([work(), work()]);
  return results;
}

/** Runs one step and tells how it went. */
async function runStep(name, lines) {
  const started = performance.now();
  const results = await runLines(lines);
  const failures = results.filter(({ code }) => code !== 0);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${failures.length === 0 ? "ok  " : "FAIL"} ${name.padEnd(16)} ${seconds.padStart(5)} s\n`);
  for (const { of, output } of failures) process.stdout.write(`${of ? `${of}:\n` : ""}${output}\n`);
  return failures.length === 0;
}

/** Runs the named checks, or all of them; goes on after a failure, so that one run tells everything. */
export async function check(names) {
  const all = steps();
  const chosen = names.length > 0 ? names : Object.keys(all);
  let passed = 0;
  for (const name of chosen) {
    if (!all[name]) process.stdout.write(`FAIL ${name}: no such check; there are: ${Object.keys(all).join(", ")}\n`);
    else if (await runStep(name, all[name])) passed++;
  }
  process.stdout.write(`checks: ${passed} passed, ${chosen.length - passed} failed\n`);
  return passed === chosen.length ? 0 : 1;
}
