import { join } from "node:path";
import { pnpm } from "./bootstrap.mjs";
import { publishable, root } from "./paths.mjs";
import { quietly, workspaceEnv } from "./process.mjs";

/** What is checked, fastest first: name -> command lines run from a folder. */
function steps() {
  const [program, ...before] = pnpm();
  const at = (folder) => join(root, folder);
  const here = (...command) => [{ command, cwd: root }];
  const perPackage = (...command) => publishable().map((folder) => ({ command, cwd: at(folder), of: folder }));
  return {
    format: here("oxfmt", "--check"),
    lint: here("oxlint"),
    layers: here(process.execPath, join(root, "tools", "layers.mjs")),
    types: here("tsc", "-b"),
    unused: here("knip", "--treat-config-hints-as-errors"),
    build: here(program, ...before, "exec", "turbo", "run", "build", "--output-logs=errors-only"),
    publint: perPackage("publint", "--strict", "--pack", "false"),
    "published types": perPackage("attw", "--pack", "--profile", "esm-only", "--no-emoji"),
  };
}

/** Runs one step's command lines one after the other and tells how it went. */
async function runStep(name, lines) {
  const started = performance.now();
  const results = [];
  for (const { command, cwd, of } of lines)
    results.push({ of, ...(await quietly(command[0], command.slice(1), { cwd, env: workspaceEnv })) });
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
