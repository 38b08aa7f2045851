/** Error rates by sending blocks. */
import { hash32, IsthmusError } from "@isthmus/math";
import { normalQuantile } from "@isthmus/math/plain";
import { BATCH, counted, NO_BLOCKS, Runner, type BatchPlace, type ErrorCounts, type System } from "./blocks.ts";
import { requireNumber, requirePositive, requireProbability, requireWhole } from "./checks.ts";
import { clopperPearsonInterval, wilsonInterval, zeroErrorsLimit, type Interval } from "./intervals.ts";

export interface SimulateOptions extends System, SimulationSettings {}

/** How long to simulate, and what to say of it. */
export interface SimulationSettings {
  /** Eb/N0 in dB: one point, or several, simulated in this order. */
  readonly ebNoDb: number | readonly number[];
  /** A point ends when so many blocks were wrong: 100 give a relative 95 % interval of 20 %, 400 of 10 %, 10,000 of 2 %. Default: 400. */
  readonly targetErrors?: number;
  /** Or when so many were sent, rounded up to whole batches of 2,048. Default: 10,000,000. */
  readonly maxBlocks?: number;
  /** Points after one whose interval lies below this are left out. */
  readonly stopBelow?: number;
  /** Of the intervals. Default: 0.95. */
  readonly confidence?: number;
  /** Default: `wilson`. */
  readonly interval?: "wilson" | "clopperPearson";
  /** Names messages and noise; the same seed gives the same counts. Default: 1. */
  readonly seed?: number;
  /** What an earlier run of the same system and seed returned or reported: its blocks count. */
  readonly resume?: SimulationState;
  /** Called some times a second, and at the end of each point. */
  readonly progress?: (point: SimulatedPoint, state: SimulationState) => void;
  /** Ends the simulation early; what was counted is returned. */
  readonly signal?: AbortSignal;
}

/** One point of a curve. */
export interface SimulatedPoint extends ErrorCounts {
  readonly ebNoDb: number;
  /** Wrong blocks per block, with an interval; after no error at all, up to what the "rule of three" says. */
  readonly bler: number;
  readonly blerInterval: Interval;
  /** Wrong label bits per bit, with an interval by the normal approximation over blocks. */
  readonly ber: number;
  readonly berInterval: Interval;
  readonly confidence: number;
  readonly stopped: "running" | "targetErrors" | "maxBlocks" | "aborted";
  /** Spent on sending, receiving and counting, and what that comes to. */
  readonly seconds: number;
  readonly blocksPerSecond: number;
}

/** All counts of a simulation, as JSON. */
export interface SimulationState {
  readonly version: 1;
  /** Of codebook, receiver's and channel's names, and seed. */
  readonly identity: string;
  readonly points: readonly (ErrorCounts & { readonly ebNoDb: number; readonly seconds: number })[];
}

export interface Simulation {
  readonly points: readonly SimulatedPoint[];
  /** To go on from: `resume`. */
  readonly state: SimulationState;
}

type Settings = Required<Omit<SimulationSettings, "ebNoDb" | "resume" | "progress" | "signal" | "stopBelow">>;

/**
 * Simulates each point until enough blocks were wrong or sent. Counts depend on system, seed and Eb/N0 alone: not on the other
 * points, nor on where a run was interrupted.
 *
 * Noise ends at 5.77 standard deviations: rates below some 1e-8 are not to be had.
 *
 * @throws TypeError, RangeError naming an option; IsthmusError `CHANNEL_RESUME` for a state of something else, `CHANNEL_DECISION` for a
 * receiver that decides for no message.
 */
export async function simulate(options: SimulateOptions): Promise<Simulation> {
  const runner = await Runner.create(options);
  return simulateBy(runner, options, async (counts, { ebNoDb, seed }, isEnough) => {
    const began = performance.now();
    while (!isEnough(counts) && performance.now() - began < TURN) {
      await runner.run({ ebNoDb, seed, index: counts.blocks / BATCH });
      counts = counted(counts, runner);
    }
    return counts;
  });
}

/** Counts some of the batches that come next, in their order, up to the one after which it is enough. */
export type CountMore = (
  counts: ErrorCounts,
  place: Pick<BatchPlace, "ebNoDb" | "seed">,
  isEnough: (counts: ErrorCounts) => boolean,
) => Promise<ErrorCounts>;

/** {@link simulate} for a system, its batches counted by whoever is given. */
export async function simulateBy(
  system: Required<System>,
  options: SimulationSettings,
  more: CountMore,
): Promise<Simulation> {
  const settings = checkedSettings(options);
  const wanted = checkedPoints(options.ebNoDb);
  const identity = identityOf(system, settings.seed);
  const known = new Map(resumed(options.resume, identity).map((point) => [point.ebNoDb, point]));
  const state = (): SimulationState => ({ version: 1, identity, points: [...known.values()] });
  const points: SimulatedPoint[] = [];
  for (const ebNoDb of wanted) {
    const report = (point: Progress, stopped: SimulatedPoint["stopped"]): SimulatedPoint => {
      known.set(ebNoDb, { ebNoDb, ...point });
      const made = pointOf(ebNoDb, point, stopped, system, settings);
      options.progress?.(made, state());
      return made;
    };
    const point = await simulatePoint(ebNoDb, known.get(ebNoDb), settings, more, options.signal, report);
    points.push(point);
    const isLow = options.stopBelow !== undefined && point.blerInterval[1] < options.stopBelow;
    if (point.stopped === "aborted" || isLow) break;
  }
  return { points, state: state() };
}

type Progress = ErrorCounts & { readonly seconds: number };

/** Milliseconds after which others get their turn, and what was counted is reported. */
const TURN = 50;
const REPORT = 250;

async function simulatePoint(
  ebNoDb: number,
  known: Progress | undefined,
  settings: Settings,
  more: CountMore,
  signal: AbortSignal | undefined,
  report: (point: Progress, stopped: SimulatedPoint["stopped"]) => SimulatedPoint,
): Promise<SimulatedPoint> {
  let { seconds, ...counts }: Progress = known ?? { ...NO_BLOCKS, seconds: 0 };
  let reported = performance.now();
  for (;;) {
    const stopped = signal?.aborted === true ? "aborted" : reasonToStop(counts, settings);
    if (stopped !== undefined) return report({ ...counts, seconds }, stopped);
    const began = performance.now();
    const isEnough = (so: ErrorCounts): boolean => reasonToStop(so, settings) !== undefined;
    counts = await more(counts, { ebNoDb, seed: settings.seed }, isEnough);
    const now = performance.now();
    seconds += (now - began) / 1000;
    if (now - reported > REPORT) {
      report({ ...counts, seconds }, "running");
      reported = now;
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

function reasonToStop(
  counts: ErrorCounts,
  { targetErrors, maxBlocks }: Settings,
): "targetErrors" | "maxBlocks" | undefined {
  if (counts.blockErrors >= targetErrors) return "targetErrors";
  return counts.blocks >= maxBlocks ? "maxBlocks" : undefined;
}

function pointOf(
  ebNoDb: number,
  point: Progress,
  stopped: SimulatedPoint["stopped"],
  { codebook }: System,
  { confidence, interval }: Settings,
): SimulatedPoint {
  const { blocks, blockErrors, bitErrors, squaredBitErrors, seconds } = point;
  const bits = Math.ceil(codebook.k);
  const known = blocks > 0;
  const ber = known ? bitErrors / (blocks * bits) : Number.NaN;
  const spread = Math.sqrt(Math.max(0, squaredBitErrors / blocks - (bitErrors / blocks) ** 2) / blocks) / bits;
  const half = normalQuantile((1 + confidence) / 2) * spread;
  const around = interval === "wilson" ? wilsonInterval : clopperPearsonInterval;
  const limit = known ? zeroErrorsLimit(blocks, confidence) : 1;
  return {
    ...{ ebNoDb, blocks, blockErrors, bitErrors, squaredBitErrors, confidence, stopped, seconds },
    bler: known ? blockErrors / blocks : Number.NaN,
    blerInterval: blockErrors === 0 ? [0, limit] : around(blockErrors, blocks, confidence),
    ber,
    berInterval: blockErrors === 0 ? [0, limit] : [Math.max(0, ber - half), Math.min(1, ber + half)],
    blocksPerSecond: seconds > 0 ? blocks / seconds : 0,
  };
}

function checkedSettings(options: SimulationSettings): Settings {
  const { targetErrors = 400, maxBlocks = 1e7, confidence = 0.95, interval = "wilson", seed = 1, stopBelow } = options;
  requireWhole("targetErrors", targetErrors, 1);
  requirePositive("maxBlocks", maxBlocks);
  requireProbability("confidence", confidence, true);
  requireWhole("seed", seed, 0);
  if (stopBelow !== undefined) requireProbability("stopBelow", stopBelow);
  if (interval !== "wilson" && interval !== "clopperPearson") {
    throw new RangeError(`"interval" expected wilson or clopperPearson, got ${String(interval)}`);
  }
  return { targetErrors, maxBlocks, confidence, interval, seed };
}

function checkedPoints(ebNoDb: number | readonly number[]): readonly number[] {
  const points = typeof ebNoDb === "number" ? [ebNoDb] : ebNoDb;
  if (!Array.isArray(points)) throw new TypeError(`"ebNoDb" expected numbers of dB, got ${typeof ebNoDb}`);
  if (points.length === 0) throw new RangeError(`"ebNoDb" expected at least one point, got none`);
  for (const db of points as readonly number[]) {
    requireNumber("ebNoDb", db);
    if (!Number.isFinite(db)) throw new RangeError(`"ebNoDb" expected finite numbers, got ${db}`);
  }
  return points;
}

function resumed(state: SimulationState | undefined, identity: string): SimulationState["points"] {
  if (state === undefined) return [];
  if (state.version === 1 && state.identity === identity) return state.points;
  throw new IsthmusError("CHANNEL_RESUME", `"resume" expected counts of ${identity}, got those of ${state.identity}`, {
    expected: identity,
    got: state.identity,
  });
}

/** What counts may be added up: names, a hash of the points, seed. */
function identityOf({ codebook, receiver, channel }: Required<System>, seed: number): string {
  const points = hash32(`${codebook.points.join()};${codebook.labels.join()}`).toString(16);
  const link = `(${codebook.n}${codebook.complex ? " complex" : ""}, ${codebook.size} points ${points})`;
  return `${codebook.name} ${link}, ${channel.name}, ${receiver.name}, seed ${seed}`;
}
