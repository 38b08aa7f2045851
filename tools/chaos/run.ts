import { setTimeout as sleep } from "node:timers/promises";
import { loadAverage, type Machine, machine } from "../bench/report/machine.ts";
import { type Revision, revision } from "../bench/report/revision.ts";
import { conduct } from "./conductor.ts";
import { Draws } from "./draws.ts";
import { feed } from "./feeder.ts";
import type { ChaosOptions, StoreName } from "./options.ts";
import { type Mortal, schedule } from "./schedule.ts";
import { checkServed } from "./verify/check-served.ts";
import { checkStored } from "./verify/check-stored.ts";
import { postgresRows, sqliteRows } from "./verify/stored-rows.ts";
import { makeWorld, victimsOf, type World } from "./world.ts";

/** What a run came to: the JSON. */
export interface ChaosResults {
  readonly date: string;
  readonly revision: Revision | null;
  readonly machine: Machine;
  readonly loadAverage: { readonly before: number; readonly after: number };
  readonly seed: number;
  readonly store: StoreName;
  readonly agents: number;
  readonly frames: number;
  /** In which sensors wrote, and until all was stored. */
  readonly seconds: number;
  readonly secondsToStored: number;
  /** How often each died. */
  readonly deaths: Readonly<Record<string, number>>;
  /** Starts of services that ended before they served, each of which was tried again. */
  readonly failedStarts: number;
  readonly cuts: number;
  /** Parcels. */
  readonly damaged: number;
  readonly doubled: number;
  /** By what `/metrics` said just before each death and at the end; what was counted since then is lost with the process. */
  readonly counted: Readonly<Record<string, number>>;
  /** Distinct (device, sequence) pairs in the database, and frames that the service gave back decoded. */
  readonly pairs: number;
  readonly served: number;
  /** Between values that the service decoded and those of `isthmus decode`, in parts of the greatest value. */
  readonly apart: number;
  readonly problems: readonly string[];
}

/** Without a frame more for so long, or with any missing after so long, a run is given up. */
const NO_PROGRESS_MS = 240_000;
const MOST_MS = 900_000;

/** One run, from nothing to nothing: it ends what it started, whatever happens. */
export async function runChaos(options: ChaosOptions, tell: (line: string) => void): Promise<ChaosResults> {
  const before = loadAverage();
  const ends: (() => Promise<unknown>)[] = [];
  try {
    tell("building, training a small model, and starting everyone ...");
    const world = await makeWorld(options, ends);
    const measured = await chaosIn(world, options, tell);
    return {
      ...{ date: new Date().toISOString(), revision: await revision(), machine: machine() },
      loadAverage: { before, after: loadAverage() },
      ...{ seed: options.seed, store: options.store, agents: options.agents, frames: options.frames },
      seconds: options.seconds,
      ...measured,
    };
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

type Measured = Omit<
  ChaosResults,
  "date" | "revision" | "machine" | "loadAverage" | "seed" | "store" | "agents" | "frames" | "seconds"
>;

async function chaosIn(world: World, options: ChaosOptions, tell: (line: string) => void): Promise<Measured> {
  const { network, services, agents, codec, folder, readerToken } = world;
  const expected = { devices: options.agents, items: options.frames / options.agents };
  const started = performance.now();
  const deaths = await feedAndKill(world, options, tell);
  tell("all is written and everyone is up: waiting for the last frames");
  const missing = await waitForAll(world, options.frames, tell);
  const secondsToStored = (performance.now() - started) / 1000;
  const problems = missing === 0 ? [] : [`${missing} frames did not arrive`];
  for (const agent of agents) {
    const code = await agent.stop();
    if (missing > 0 || code !== 0)
      problems.push(`${agent.name} ended with ${code}: ${agent.said.split("\n").slice(-8).join(" | ")}`);
  }
  tell("reading all frames back through the service");
  const served = await checkServed(services[0]!.server.url, readerToken, folder, codec, expected);
  for (const service of services) {
    const code = await service.stop();
    if (code !== 0)
      problems.push(`${service.name} ended with ${code}: ${service.server.said.split("\n").slice(-8).join(" | ")}`);
  }
  tell("reading the database");
  const rows = "url" in world.stored ? await postgresRows(world.stored.url) : sqliteRows(world.stored.file);
  const stored = checkStored(rows, codec, expected);
  return {
    ...{ secondsToStored, deaths, cuts: network.cuts, damaged: network.harm.damaged, doubled: network.harm.doubled },
    failedStarts: services.reduce((sum, { failedStarts }) => sum + failedStarts, 0),
    counted: countedBy(world),
    ...{ pairs: stored.pairs, served: served.frames, apart: served.apart },
    problems: [...problems, ...stored.problems, ...served.problems],
  };
}

/** Sensors write while everyone is killed and started again; both are over when this resolves. */
async function feedAndKill(
  world: World,
  { agents, frames, seconds, seed }: ChaosOptions,
  tell: (line: string) => void,
): Promise<Readonly<Record<string, number>>> {
  const victims = victimsOf(world);
  const span = 1000 * seconds;
  const deaths = schedule(
    victims.map(({ name }) => mortal(name, seconds)),
    span,
    new Draws(seed, "chaos.deaths"),
  );
  const stop = new AbortController();
  const feeding = feed(world.folder, { devices: agents, items: frames / agents, span, stop: stop.signal });
  try {
    return await conduct(deaths, victims, tell);
  } catch (error) {
    stop.abort();
    throw error;
  } finally {
    await feeding;
  }
}

/** Agents die once or more, servers twice or more, and all connections are cut every half a minute or so. */
function mortal(name: string, seconds: number): Mortal {
  const every = (period: number, least: number): number => Math.max(least, Math.round(seconds / period));
  if (name.startsWith("device")) return { name, deaths: every(150, 1), down: [200, 3000] };
  if (name === "network") return { name, deaths: every(30, 2), down: [0, 0] };
  return { name, deaths: every(60, 2), down: [500, 4000] };
}

/** Resolves to how many are missing in the end: 0, unless it was given up. */
async function waitForAll(
  { services, readerToken }: World,
  frames: number,
  tell: (line: string) => void,
): Promise<number> {
  const until = performance.now() + MOST_MS;
  let [best, since, told] = [0, performance.now(), performance.now()];
  for (;;) {
    const now = performance.now();
    const stored = await storedFrames(services[0]!.server.url, readerToken);
    if (stored > best) [best, since] = [stored, now];
    if (stored >= frames) return 0;
    if (now > until || now - since > NO_PROGRESS_MS) return frames - best;
    if (now - told > 10_000) {
      tell(`${stored} of ${frames} are stored`);
      told = now;
    }
    await sleep(500);
  }
}

/** As the service counts them; 0 where it has no answer just now. */
async function storedFrames(base: string, token: string): Promise<number> {
  try {
    const answer = await fetch(`${base}/v1/devices?limit=1`, { headers: { authorization: `Bearer ${token}` } });
    if (!answer.ok) return 0;
    return ((await answer.json()) as { readonly totals: { readonly frames: number } }).totals.frames;
  } catch {
    return 0;
  }
}

function countedBy({ services }: World): Record<string, number> {
  const counted: Record<string, number> = {};
  for (const service of services) {
    for (const [name, value] of service.counted(/^isthmus_.*_total\b/)) counted[name] = (counted[name] ?? 0) + value;
  }
  return counted;
}
