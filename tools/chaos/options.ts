import { parseArgs } from "node:util";
import { expected } from "../lib/process.mjs";

const STORES = ["postgresql", "sqlite"] as const;
export type StoreName = (typeof STORES)[number];

/** What a run that is published does at the least. */
const PUBLISHED = { agents: 20, frames: 20_000, seconds: 300 };

export const HELP = `Kills everything, and looks at whether a frame was lost: agents, broker, services and database, under one another's feet.

  npm run chaos [-- --agents ${PUBLISHED.agents} --frames ${PUBLISHED.frames} --seconds ${PUBLISHED.seconds} --seed 1 --store postgresql]

  --agents   real agents, each a process; half of them send by HTTP, half by MQTT (default ${PUBLISHED.agents})
  --frames   that they encode, all together (default ${PUBLISHED.frames})
  --seconds  in which sensors write what is encoded, and everything is killed and started again (default ${PUBLISHED.seconds})
  --seed     of the schedule and of the faults on the lines (default 1)
  --store    postgresql: two services on one database; sqlite: one service (default postgresql)
  --out      a folder for chaos.json and chaos.md; default docs/results with no less than the defaults, else nothing is written
  --keep     leave the run's folder behind, with what everyone kept
  --help     this

Needs Debian's mosquitto, and its postgresql for that store (apt-get install mosquitto postgresql). Exit code 1 when a frame was lost, stored twice or
changed. All ends by itself.
`;

export interface ChaosOptions {
  readonly agents: number;
  readonly frames: number;
  readonly seconds: number;
  readonly seed: number;
  readonly store: StoreName;
  readonly keep: boolean;
  readonly help: boolean;
  readonly out: string | undefined;
}

const OPTIONS = {
  agents: { type: "string", default: String(PUBLISHED.agents) },
  frames: { type: "string", default: String(PUBLISHED.frames) },
  seconds: { type: "string", default: String(PUBLISHED.seconds) },
  seed: { type: "string", default: "1" },
  store: { type: "string", default: STORES[0] },
  out: { type: "string" },
  keep: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** @throws an expected error that names the option */
export function chaosOptions(args: readonly string[]): ChaosOptions {
  const values = parsed(args);
  const { keep, help, out } = values;
  const numbers = {
    agents: whole("--agents", values.agents, 1),
    frames: whole("--frames", values.frames, 1),
    seconds: whole("--seconds", values.seconds, 1),
  };
  if (numbers.frames % numbers.agents !== 0)
    throw expected(`--frames expected a multiple of --agents ${numbers.agents}, got ${numbers.frames}`);
  const store = STORES.find((one) => one === values.store);
  if (!store) throw expected(`--store expected one of ${STORES.join(", ")}, got ${JSON.stringify(values.store)}`);
  const publishes = Object.entries(PUBLISHED).every(([name, least]) => numbers[name as keyof typeof numbers] >= least);
  const where = out ?? (publishes && store === STORES[0] ? "docs/results" : undefined);
  return { ...numbers, seed: whole("--seed", values.seed, 0), store, keep, help, out: where };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw expected((error as Error).message.split("\n")[0]!);
  }
}

function whole(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw expected(`${option} expected a whole number of at least ${least}, got ${JSON.stringify(text)}`);
}
