import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { expected } from "../lib/process.mjs";
import { runAsCommand } from "../bench/report/command.ts";
import { readableJson } from "../bench/report/json.ts";
import { loadAverage, machine } from "../bench/report/machine.ts";
import { revision } from "../bench/report/revision.ts";
import { writeResults } from "../bench/report/write.ts";
import type { FileCoverage } from "./coverage.ts";
import type { KindResult, Line } from "./lines.ts";
import { fuzzPage } from "./page.ts";
import { problemsOf } from "./problems.ts";
import { fuzzService } from "./service.ts";
import { servicePage } from "./service-page.ts";

const DEFAULT_CASES = 75_000;
/** Of the run that coverage is taken of: blocks that are counted are slower. */
const COVERED_CASES = 10_000;
/** The service is given so many times fewer requests of each kind than readers are given inputs: each is a connection. */
const CONNECTION = 30;
/** Seconds without a sign of life after which a case is said to hang. */
const PATIENCE = 60;

const HELP = `Tries hostile inputs on all that reads bytes from outside: each must be refused by a code, or decoded rightly. Then sends hostile requests
to the decoder service on this machine: each must be answered rightly, or by a problem document below 500.

  npm run fuzz [-- --only readers|service --cases ${DEFAULT_CASES} --out docs/results]

  --only    one of the two
  --cases   of each kind; kinds whose cases take long have a share of it (default ${DEFAULT_CASES}: more than a million in all, and ${DEFAULT_CASES / CONNECTION}
            connections of each kind)
  --out     a folder for fuzz.json, fuzz.md, fuzz-service.json and fuzz-service.md; default docs/results with the default cases, else nothing is written
  --help    this

Cases are the same in every run. Exit code 1 when a case throws anything but an error with a code, hangs, takes more memory
than the limits allow, or a branch of a reader is neither reached nor accounted for.
`;

export interface Tried {
  readonly kinds: readonly KindResult[];
  readonly grownKiB: number;
  readonly coverage: readonly FileCoverage[];
}

/** Runs the cases in a process of their own, which is ended when it gives no sign of life. */
async function tried(cases: number, mode: "measure" | "coverage", tell: (line: string) => void): Promise<Tried> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, fileURLToPath(new URL("child.ts", import.meta.url)), String(cases), mode],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const kinds: KindResult[] = [];
  let [where, grownKiB] = ["its beginning", 0];
  let coverage: readonly FileCoverage[] = [];
  let hung = false;
  const giveUp = (): void => {
    hung = true;
    child.kill("SIGKILL");
  };
  let timer = setTimeout(giveUp, 1000 * PATIENCE);
  for await (const text of createInterface({ input: child.stdout })) {
    clearTimeout(timer);
    timer = setTimeout(giveUp, 1000 * PATIENCE);
    const line = JSON.parse(text) as Line;
    if ("begins" in line) where = line.begins;
    else if ("at" in line) where = `${where.split(", behind case")[0]}, behind case ${line.at}`;
    else if ("kind" in line) {
      kinds.push(line.kind);
      tell(`${line.kind.name}: ${line.kind.cases} cases, 99 in 100 within ${line.kind.p99.toFixed(3)} ms`);
    } else if ("coverage" in line) coverage = line.coverage;
    else grownKiB = line.grownKiB;
  }
  clearTimeout(timer);
  const code = await ended;
  if (hung) throw expected(`no sign of life for ${PATIENCE} s in ${where}`);
  if (code !== 0) throw expected(`the cases ended with exit code ${code} in ${where}`);
  return { kinds, grownKiB, coverage };
}

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** Where and when results were measured, with the results themselves. */
async function measuredNow<T>(measure: () => Promise<T>) {
  const before = loadAverage();
  const results = await measure();
  const place = { date: new Date().toISOString(), revision: await revision(), machine: machine() };
  return { ...results, ...place, loadAverage: { before, after: loadAverage() } };
}

async function readersTried(cases: number) {
  const { kinds, grownKiB } = await tried(cases, "measure", tell);
  tell("coverage");
  const { coverage } = await tried(Math.min(cases, COVERED_CASES), "coverage", () => {});
  return {
    ...{ cases: kinds.reduce((sum, kind) => sum + kind.cases, 0), kinds, grownKiB },
    ...{ coveredCases: Math.min(cases, COVERED_CASES), coverage, problems: problemsOf(kinds, grownKiB, coverage) },
  };
}

await runAsCommand(async (args) => {
  const { cases, only, out, help } = options(args);
  if (help) return void process.stdout.write(HELP);
  if (only !== "service") {
    const results = await measuredNow(() => readersTried(cases));
    await publish(out, "fuzz", results, fuzzPage(results));
  }
  if (only !== "readers") {
    const results = await measuredNow(() => fuzzService(Math.ceil(cases / CONNECTION), tell));
    await publish(out, "fuzz-service", results, servicePage(results));
  }
});

async function publish(
  out: string | undefined,
  name: string,
  results: { readonly problems: readonly string[] },
  page: string,
): Promise<void> {
  process.stdout.write(page);
  if (results.problems.length > 0) process.exitCode = 1;
  if (out === undefined) return tell("nothing was written: not the default run, and no --out");
  await writeResults(out, { [`${name}.json`]: readableJson(results), [`${name}.md`]: page });
  tell(`written to ${out}: ${name}.json, ${name}.md`);
}

function options(args: readonly string[]) {
  const known = {
    cases: { type: "string", default: String(DEFAULT_CASES) },
    only: { type: "string" },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: known }));
  } catch (error) {
    throw expected((error as Error).message);
  }
  const cases = Number(values.cases);
  if (!Number.isSafeInteger(cases) || cases < 1) {
    throw expected(`--cases expected a whole number above 0, got ${JSON.stringify(values.cases)}`);
  }
  const { only } = values;
  if (only !== undefined && only !== "readers" && only !== "service") {
    throw expected(`--only expected readers or service, got ${JSON.stringify(only)}`);
  }
  return { cases, only, help: values.help, out: values.out ?? (cases === DEFAULT_CASES ? "docs/results" : undefined) };
}
