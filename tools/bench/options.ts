import { parseArgs } from "node:util";
import { expected } from "../lib/process.mjs";
import { BUILDS } from "./contestants.ts";
import { type PeerName, PEERS } from "./peers.ts";
import { chosen, type RunOptions } from "./run-suite.ts";
import { caseName, type Suite, SUITE_NAMES } from "./suite.ts";
import { suites } from "./suites/index.ts";

export interface BenchOptions extends Omit<RunOptions, "tell"> {
  readonly suite: Suite;
  readonly json: boolean;
  readonly help: boolean;
  /** Where the results are written; `undefined`: nowhere. */
  readonly out: string | undefined;
}

const DEFAULT_OUT = "docs/results";
/** Fewer rounds tell little about the median, so they do not replace published figures. */
const PUBLISHED_PAIRS = 15;

const milliseconds = SUITE_NAMES.map((name) => `${name} ${suites[name].measurement}`).join(", ");
const usual = SUITE_NAMES.map((name) => `${name}: ${suites[name].usual.join(",")}`).join("; ");

export const HELP = `Times us beside our peers and the machine's limits, in turns.

  npm run bench [-- --suite train|gemm|ops|infer|codec|tfjs|edge] [--peers tfjs,jax-js,torch,ort,thi.ng] [--only WORDS] [--pairs 15] [--quiet 20]

  --suite     ${SUITE_NAMES.join(", ")} (default train)
  --peers     of ${PEERS.join(", ")}, or none
              (default ${usual})
  --only      only the case of this name, or all with these words: "VAE, batch 128", "batch 1", exp; may be given again;
              what has to be loaded is not measured then
  --builds    of ${BUILDS.join(", ")} (default both)
  --pairs     rounds per case, at least ${PUBLISHED_PAIRS} to be published (default ${PUBLISHED_PAIRS})
  --quiet     minutes to wait in all for a machine that does nothing else (default 0): each round begins when a loop in registers
              runs at 90 % of its best rate, which it does not while a neighbour on a rented machine uses the same core, and
              two threads answer each other at half of their best rate, which they do not on cores that share no cache
  --ms        milliseconds that one measurement should last (default ${milliseconds})
  --out       a folder for bench-SUITE.json, .md and .svg; default ${DEFAULT_OUT} when all cases, builds and usual peers
              take part for the usual time, else nothing is written
  --json      one JSON object on stdout
  --help      this

The decoder service under load has a suite and options of its own: npm run bench -- --suite service --help

Needs nothing installed but Node; a missing peer is a line. PyTorch is Debian's (apt-get install python3-torch
libopenblas0-pthread), and no peer where OpenBLAS does not know the processor, unless OPENBLAS_CORETYPE names one that it knows; the newer Node for the relaxed build and jax-js come from the npm registry into the user's cache;
the limits in C want a compiler (cc).

  npm run bench                                                      all of training: minutes on an idle machine
  npm run bench -- --suite gemm --only 512x512x512 --pairs 5         some products, a few rounds
  npm run bench -- --suite ops --peers none --builds simd128         our operations beside a copy
  npm run bench -- --suite infer --peers ort --json > infer.json
`;

/** @throws an expected error that names the option */
export function benchOptions(args: readonly string[]): BenchOptions {
  const values = parsed(args);
  const name = oneOf("--suite", SUITE_NAMES, values.suite);
  const suite = suites[name];
  const peers = values.peers === undefined ? suite.usual : peersOf(values.peers);
  const builds =
    values.builds === undefined ? BUILDS : list(values.builds).map((one) => oneOf("--builds", BUILDS, one));
  const { only } = values;
  requireCases(suite, only);
  const [pairs, measurement] = [
    positive("--pairs", values.pairs),
    values.ms === undefined ? suite.measurement : positive("--ms", values.ms),
  ];
  const quiet = values.quiet === undefined ? 0 : positive("--quiet", values.quiet);
  const publishes = isUsual(values) && pairs >= PUBLISHED_PAIRS;
  const out = values.out ?? (publishes ? DEFAULT_OUT : undefined);
  const command = ["npm run bench", ...(args.length > 0 ? ["--", ...args.map(quoted)] : [])].join(" ");
  return { suite, peers, builds, only, pairs, quiet, measurement, out, command, json: values.json, help: values.help };
}

const OPTIONS = {
  suite: { type: "string", default: "train" },
  peers: { type: "string" },
  only: { type: "string", multiple: true, default: [] as string[] },
  builds: { type: "string" },
  pairs: { type: "string", default: String(PUBLISHED_PAIRS) },
  quiet: { type: "string" },
  ms: { type: "string" },
  out: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Values = ReturnType<typeof parsed>;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw expected((error as Error).message.split("\n")[0]!);
  }
}

function isUsual({ peers, only, builds, ms }: Values): boolean {
  return peers === undefined && builds === undefined && only.length === 0 && ms === undefined;
}

function list(text: string): string[] {
  return text.split(",").filter((one) => one !== "");
}

function peersOf(text: string): PeerName[] {
  return text === "none" ? [] : list(text).map((one) => oneOf("--peers", PEERS, one));
}

function oneOf<T extends string>(option: string, allowed: readonly T[], text: string): T {
  const found = allowed.find((one) => one === text);
  if (found !== undefined) return found;
  throw expected(`${option} expected some of ${allowed.join(", ")}, got ${JSON.stringify(text)}`);
}

function requireCases({ name, cases }: Suite, only: readonly string[]): void {
  if (chosen(cases, only).length > 0) return;
  const names = cases.map((one) => JSON.stringify(caseName(one))).join(", ");
  throw expected(
    `--only expected a part of one of ${name}'s cases ${names}, got ${only.map((one) => JSON.stringify(one)).join(", ")}`,
  );
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw expected(`${option} expected a whole number above 0, got ${JSON.stringify(text)}`);
}

function quoted(word: string): string {
  return /^[\w=,./-]+$/.test(word) ? word : JSON.stringify(word);
}
