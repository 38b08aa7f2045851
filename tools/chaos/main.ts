import { runAsCommand } from "../bench/report/command.ts";
import { readableJson } from "../bench/report/json.ts";
import { writeResults } from "../bench/report/write.ts";
import { has } from "../lib/probe.mjs";
import { expected } from "../lib/process.mjs";
import { chaosOptions, HELP } from "./options.ts";
import { chaosPage } from "./page.ts";
import { runChaos } from "./run.ts";

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

// Leaving by `exit` takes everyone along who was started.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

await runAsCommand(async (args) => {
  const options = chaosOptions(args);
  if (options.help) return void process.stdout.write(HELP);
  const needs = ["mosquitto", ...(options.store === "postgresql" ? ["postgresql"] : [])];
  const missing = needs.filter((need) => !has()[need]);
  if (missing.length > 0)
    throw expected(`this machine lacks ${missing.join(" and ")}: apt-get install ${missing.join(" ")}`);
  const results = await runChaos(options, tell);
  process.stdout.write(chaosPage(results));
  if (results.problems.length > 0) process.exitCode = 1;
  if (options.out === undefined) return tell("nothing was written: not the default run, and no --out");
  await writeResults(options.out, { "chaos.json": readableJson(results), "chaos.md": chaosPage(results) });
  tell(`written to ${options.out}: chaos.json, chaos.md`);
});
