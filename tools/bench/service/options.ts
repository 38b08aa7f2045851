import { parseArgs } from "node:util";
import { expected } from "../../lib/process.mjs";

/** Fewer rounds, or shorter ones, do not replace published figures. */
const PUBLISHED = { rounds: 5, seconds: 2, minutes: 2 };

export const HELP = `Loads the decoder service beside a bare Fastify and a bare onnxruntime.

  npm run bench -- --suite service [--rounds ${PUBLISHED.rounds}] [--seconds ${PUBLISHED.seconds}] [--minutes ${PUBLISHED.minutes}]

  --rounds    of all measurements in turns (default ${PUBLISHED.rounds})
  --seconds   of one measurement (default ${PUBLISHED.seconds}); phases of the overload take four times as long
  --minutes   that memory is looked at under load (default ${PUBLISHED.minutes}: the short form; 10 is the long one)
  --out       a folder for bench-service.json, .md and .svg; default docs/results with no less than the defaults, else nothing is written
  --json      one JSON object on stdout
  --help      this

Needs nothing but Node. Exit code 1 when a line of the report is missed.
`;

export interface ServiceOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly minutes: number;
  readonly out: string | undefined;
  readonly json: boolean;
  readonly help: boolean;
  /** The command that says all this again. */
  readonly command: string;
}

const OPTIONS = {
  suite: { type: "string" },
  rounds: { type: "string", default: String(PUBLISHED.rounds) },
  seconds: { type: "string", default: String(PUBLISHED.seconds) },
  minutes: { type: "string", default: String(PUBLISHED.minutes) },
  out: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** Whether a command line of the bench asks for this suite, which has options of its own. */
export function namesServiceSuite(args: readonly string[]): boolean {
  return args.some((arg, i) => arg === "--suite=service" || (arg === "--suite" && args[i + 1] === "service"));
}

/** @throws an expected error that names the option */
export function serviceOptions(args: readonly string[]): ServiceOptions {
  const { rounds, seconds, minutes, out, json, help } = parsed(args);
  const numbers = {
    rounds: positive("--rounds", rounds),
    seconds: positive("--seconds", seconds),
    minutes: positive("--minutes", minutes),
  };
  if (!Number.isInteger(numbers.rounds)) throw expected(`--rounds expected a whole number, got ${rounds}`);
  const publishes = Object.entries(PUBLISHED).every(([name, least]) => numbers[name as keyof typeof numbers] >= least);
  const command = ["npm run bench --", ...args].join(" ");
  return { ...numbers, json, help, command, out: out ?? (publishes ? "docs/results" : undefined) };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw expected((error as Error).message.split("\n")[0]!);
  }
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw expected(`${option} expected a number above 0, got ${JSON.stringify(text)}`);
}
