/** Counts of simulations in a file, to go on from. */
import type { SimulationState } from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import { access } from "node:fs/promises";

const FORMAT = "isthmus-simulation";

export interface SimulationFile {
  /** How many points it had when it was opened. */
  readonly points: number;
  /** The counts of a system; none where there are none. */
  stateOf(system: string): SimulationState | undefined;
  /** Stores the counts of a system beside those of others. */
  store(system: string, state: SimulationState): Promise<void>;
}

/** Opens a file of counts, or one that will be; without a name nothing is kept. */
export async function openSimulationFile(path: string | undefined): Promise<SimulationFile> {
  const states = new Map(path === undefined ? [] : Object.entries(await statesIn(path)));
  return {
    points: [...states.values()].reduce((sum, { points }) => sum + points.length, 0),
    stateOf: (system) => states.get(system),
    async store(system, state) {
      states.set(system, state);
      if (path === undefined) return;
      const text = JSON.stringify({ format: FORMAT, version: 1, systems: Object.fromEntries(states) }, null, 1);
      await writeFileAtomic(path, new TextEncoder().encode(`${text}\n`));
    },
  };
}

async function statesIn(path: string): Promise<Record<string, SimulationState>> {
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists) return {};
  const value = parsed(new TextDecoder().decode(await readFileBytes(path)));
  if (value?.format === FORMAT && value.version === 1 && isStates(value.systems)) return value.systems;
  throw new UsageError(
    `--resume ${path}: expected counts of isthmus channel simulate; choose another name to begin anew`,
  );
}

function parsed(text: string): { format?: unknown; version?: unknown; systems?: unknown } | undefined {
  try {
    return JSON.parse(text) as object;
  } catch {
    return undefined;
  }
}

function isStates(value: unknown): value is Record<string, SimulationState> {
  return typeof value === "object" && value !== null && Object.values(value).every(isState);
}

const COUNTS = ["ebNoDb", "blocks", "blockErrors", "bitErrors", "squaredBitErrors", "seconds"] as const;

function isState(value: unknown): value is SimulationState {
  const { version, identity, points } = (value ?? {}) as Partial<SimulationState>;
  return (
    version === 1 &&
    typeof identity === "string" &&
    Array.isArray(points) &&
    points.every((point) => COUNTS.every((name) => Number.isFinite(point?.[name])))
  );
}
