/** Systems simulated one after the other, and what formulas say beside them. */
import {
  type Channel,
  type Codebook,
  dimensions,
  measurePower,
  neuralReceiver,
  requireAboveSpherePacking,
  simulate,
  type SimulatedPoint,
  type SimulateOptions as LibraryOptions,
  type Simulation,
  type System,
} from "@isthmus/channel";
import { makeStandardSystem, simulateInParallel, type StandardSystem, standardSystem } from "@isthmus/channel/node";
import { UsageError } from "@isthmus/command-line/node";
import type { Context } from "../commands/command.ts";
import { type Console, grouped, note } from "../console.ts";
import { withEngine } from "../engines.ts";
import { checkedByUserAsync, Interrupted } from "../errors.ts";
import { requireOnly } from "../options.ts";
import { ProgressLine, shareText } from "../progress.ts";
import { spherePacking } from "./limits.ts";
import { codebookOf, type LinkFile, type OpenedSystem, openSystem } from "./link-files.ts";
import { simulateLink } from "./link-simulation.ts";
import type { Measured, MeasuredCurve } from "./measured.ts";
import type { NamedSystem } from "./named-systems.ts";
import { type KnownCurve, knownCurve, rateText } from "./rate-table.ts";
import type { SimulationFile } from "./simulation-file.ts";
import { type Between, channelText, chosenBetween, ownBetween } from "./surroundings.ts";

export interface SimulateOptions {
  readonly ebno: readonly number[];
  readonly baselines: readonly string[];
  readonly targetErrors: number;
  readonly maxBlocks: number;
  readonly stopBelow?: number;
  readonly confidence: number;
  readonly interval: "wilson" | "clopper-pearson";
  readonly channel?: Channel;
  /** True where `--unknown` is said: receivers are not told the fading. */
  readonly unknown?: boolean;
  /** Of a model. Default: both. */
  readonly receiver?: "both" | "network" | "maximum-likelihood";
  /** False where `--no-bound` is said. */
  readonly bound: boolean;
  readonly gapAt?: number;
  readonly resume?: string;
  /** Processes that share the blocks of what is received by formula. */
  readonly workers: number | "auto";
  readonly seed: number;
  readonly build: string;
  readonly out?: string;
}

/** A curve that is yet to be simulated. */
interface Planned {
  readonly name: string;
  readonly codebook: Codebook;
  readonly run: (options: RunOptions) => Promise<MeasuredCurve["points"]>;
}

interface RunOptions {
  readonly file: SimulationFile;
  readonly signal: AbortSignal;
  readonly progress: (point: SimulatedPoint) => void;
}

/** Simulates what is asked for and its baselines, each whole before the next. */
export async function simulateAll(
  context: Context,
  text: string,
  options: SimulateOptions,
  file: SimulationFile,
): Promise<Measured> {
  const opened = await openSystem(text);
  requireOnly(opened.kind === "learned", options, ["receiver"], "a model");
  const codebook = codebookOf(text, opened);
  const signal = context.stoppable();
  return await withEngine(options, async (engine) => {
    const own = opened.kind === "learned" && isOwnChannel(opened.link, options) ? opened.link : undefined;
    const { complex } = codebook;
    if (own && options.unknown === true)
      throw new UsageError(
        "--unknown goes with --channel: over its own channel a model is told what it was trained with",
      );
    const between = own
      ? ownBetween(own.definition.config)
      : chosenBetween(options.channel, { told: options.unknown !== true, complex });
    const disposables: { dispose(): void }[] = [];
    try {
      const around: Surrounding = { options, between, engine, disposables };
      const plans = own ? ownPlans(own, around) : await systemPlans(text, opened, around);
      const baselines = await baselinePlans(codebook, around);
      const isPlain = between?.formulas === "awgn";
      const measured: MeasuredCurve[] = [];
      for (const plan of [...plans, ...baselines.plans]) {
        const points = await runPlan(context.console, plan, { file, signal }, options);
        if (isPlain && isEqualEnergy(plan.codebook)) requireAboveSpherePacking(plan.codebook, points);
        measured.push({ name: plan.name, points });
      }
      const withBound = options.bound && isPlain && isEqualEnergy(codebook);
      return {
        title: text,
        channel: own
          ? `its own channel (${between?.text ?? channelText(own.definition.config.channel)})`
          : between!.text,
        link: { k: codebook.k, n: codebook.n, complex: codebook.complex },
        measured,
        known: [...baselines.known, ...(withBound ? [spherePacking(codebook, options.ebno)] : [])],
        ebNoDb: options.ebno,
      };
    } finally {
      for (const one of disposables) one.dispose();
    }
  });
}

type Engine = Parameters<typeof neuralReceiver>[1];

/** Whether a model is simulated over the channel that it was trained over, not over noise alone. */
function isOwnChannel({ definition }: LinkFile, { channel }: SimulateOptions): boolean {
  return channel === undefined && definition.config.channel.kind !== "awgn";
}

interface Surrounding {
  readonly options: SimulateOptions;
  /** None: a channel of a model's own, over which no other system is simulated. */
  readonly between: Between | undefined;
  readonly engine: Engine;
  readonly disposables: { dispose(): void }[];
}

async function systemPlans(text: string, opened: OpenedSystem, around: Surrounding): Promise<Planned[]> {
  if (opened.kind === "named") return [namedPlan(text, opened.system, around)];
  const { options, between, engine, disposables } = around;
  const { link } = opened;
  const { codebook } = link;
  const plans: Planned[] = [];
  if (options.receiver !== "maximum-likelihood") {
    const receiver = await checkedByUserAsync(() => neuralReceiver(link, engine));
    disposables.push(receiver);
    const { channel } = await makeStandardSystem({ codebook, ...fadingOf(between) });
    const run = (settings: Settings) => simulate({ codebook, channel, receiver, ...settings });
    plans.push(planOf(`${codebook.name}, its network`, codebook, run, options));
  }
  if (options.receiver !== "network") plans.push(pointsPlan(codebook, around));
  return plans;
}

/** The whole link, and what its points could do with the best of receivers. */
function ownPlans(link: LinkFile, around: Surrounding): Planned[] {
  const { options, between, engine } = around;
  const network = options.receiver !== "maximum-likelihood" || !between ? [linkPlan(link, options, engine)] : [];
  return [...network, ...(between && options.receiver !== "network" ? [pointsPlan(link.codebook, around)] : [])];
}

function linkPlan(link: LinkFile, options: SimulateOptions, engine: Engine): Planned {
  const { codebook } = link;
  const name = `${codebook.name}, its network`;
  const run = ({ file, signal, progress }: RunOptions) =>
    simulateLink(
      link,
      { ...options, engine, signal, progress, store: (state) => file.store(name, state) },
      file.stateOf(name),
    );
  return { name, codebook, run };
}

/** Exact ones by formula, the others simulated over the same noise. */
async function baselinePlans({ k }: Codebook, around: Surrounding): Promise<{ plans: Planned[]; known: KnownCurve[] }> {
  const { options, between } = around;
  const plans: Planned[] = [];
  const known: KnownCurve[] = [];
  if (!between && options.baselines.length > 0)
    throw new UsageError("--baselines: the model has a channel of its own, over which other systems are not simulated");
  for (const text of options.baselines) {
    const opened = await openSystem(text, k);
    if (opened.kind === "learned") {
      plans.push(pointsPlan(opened.link.codebook, around));
      continue;
    }
    const { system } = opened;
    const exact = between?.formulas && system.known(between.formulas);
    if (exact?.standing === "exact") known.push(knownCurve(system.name, exact, options.ebno));
    else plans.push(namedPlan(text, system, around));
  }
  return { plans, known };
}

type Settings = Omit<LibraryOptions, keyof System>;

function pointsPlan(codebook: Codebook, around: Surrounding): Planned {
  return standardPlan(`${codebook.name}, maximum likelihood`, { codebook }, around);
}

function namedPlan(text: string, system: NamedSystem, around: Surrounding): Planned {
  const { name, hardDecision, differential } = system;
  const codebook = codebookOf(text, { kind: "named", system });
  const parts = { codebook, ...(hardDecision && { hardDecision }), ...(differential && { differential }) };
  return standardPlan(name, parts, around);
}

function fadingOf(between: Between | undefined): Pick<StandardSystem, "fading"> {
  return between?.fading ? { fading: between.fading } : {};
}

/** A codebook received by formula, on as many cores as are asked for: the counts are the same. */
function standardPlan(name: string, given: StandardSystem, { options, between }: Surrounding): Planned {
  const { workers } = options;
  const parts = { ...given, ...fadingOf(between) };
  if (parts.fading && "taps" in parts.fading && !parts.codebook.complex)
    throw new UsageError(`${name}: taps and fading that is not known expected a system of complex uses`);
  const run = async (settings: Settings) =>
    workers === 1
      ? simulate({ ...(await makeStandardSystem(parts)), ...settings })
      : simulateInParallel(standardSystem(parts), { ...settings, ...(workers !== "auto" && { workers }) });
  return planOf(name, parts.codebook, run, options);
}

function planOf(
  name: string,
  codebook: Codebook,
  simulated: (settings: Settings) => Promise<Simulation>,
  options: SimulateOptions,
): Planned {
  const { ebno: ebNoDb, targetErrors, maxBlocks, stopBelow, confidence, interval, seed } = options;
  const run = async ({ file, signal, progress }: RunOptions) => {
    let [latest, stored] = [file.stateOf(name), Date.now()];
    const settings = {
      ...{ ebNoDb, targetErrors, maxBlocks, confidence, seed, signal },
      interval: interval === "wilson" ? interval : ("clopperPearson" as const),
      ...(stopBelow !== undefined && { stopBelow }),
      ...(latest && { resume: latest }),
    };
    let storing = Promise.resolve();
    const whole = simulated({
      ...settings,
      progress: (point, now) => {
        progress(point);
        latest = now;
        if (Date.now() - stored < STORE_MS) return;
        stored = Date.now();
        storing = storing.then(() => file.store(name, now));
      },
    });
    try {
      const { points, state } = await whole;
      await storing;
      await file.store(name, state);
      return points;
    } catch (error) {
      // Control-C ends the processes of a simulation, too.
      if (!signal.aborted) throw error;
      await storing;
      if (latest) await file.store(name, latest);
      throw stopped(options);
    }
  };
  return { name, codebook, run };
}

/** Between two writings of the counts. */
const STORE_MS = 5000;

async function runPlan(
  console: Console,
  { name, run }: Planned,
  { file, signal }: Omit<RunOptions, "progress">,
  options: SimulateOptions,
): Promise<MeasuredCurve["points"]> {
  const line = new ProgressLine(console);
  try {
    const points = await run({
      file,
      signal,
      progress: (point) => line.show(() => progressText(name, point, options)),
    });
    line.clear();
    if (points.some(({ stopped }) => stopped === "aborted")) throw stopped(options);
    note(
      console,
      `${name}: ${grouped(points.reduce((sum, { blocks }) => sum + blocks, 0))} blocks, ${speedText(points)}`,
    );
    return points;
  } finally {
    line.clear();
  }
}

function stopped({ resume }: SimulateOptions): Interrupted {
  const next = resume === undefined ? "nothing was kept (--resume keeps counts)" : `--resume ${resume} goes on`;
  return new Interrupted(`stopped; ${next}`);
}

function progressText(name: string, point: SimulatedPoint, { targetErrors, maxBlocks }: SimulateOptions): string {
  const share = Math.min(1, Math.max(point.blockErrors / targetErrors, point.blocks / maxBlocks));
  return `${name} at ${point.ebNoDb} dB ${shareText(share)}  ${grouped(point.blockErrors)} of ${grouped(point.blocks)} wrong, ${rateText(point.bler)}`;
}

function speedText(points: readonly SimulatedPoint[]): string {
  const [blocks, seconds] = points.reduce((sum, p) => [sum[0]! + p.blocks, sum[1]! + p.seconds], [0, 0]);
  return `${grouped(Math.round(blocks! / Math.max(1e-9, seconds!)))} a second`;
}

/** What the sphere-packing bound is of: points on a sphere of at least two dimensions. */
function isEqualEnergy(codebook: Codebook): boolean {
  const { leastPoint, greatestPoint } = measurePower(codebook);
  return dimensions(codebook) > 1 && Math.abs(leastPoint - 1) < 1e-4 && Math.abs(greatestPoint - 1) < 1e-4;
}
