import { setTimeout } from "node:timers/promises";
import type { Contestant } from "./contestant.ts";
import { type Absence, assemble, type PeerName } from "./contestants.ts";
import { type ItemsFile, writeItems } from "./items.ts";
import { lossObjection } from "./loss-check.ts";
import { loadAverage, type Machine, machine } from "./report/machine.ts";
import { type Revision, revision } from "./report/revision.ts";
import { pairedRatios, summarise, type Summary } from "./statistics.ts";

export interface TrainSuiteOptions {
  readonly batches: readonly number[];
  /** Rounds per batch size; in each everyone is measured once, one after the other. */
  readonly pairs: number;
  readonly peers: readonly PeerName[];
  /** Hears what is being done. */
  readonly tell: (line: string) => void;
}

export interface TrainResults {
  readonly benchmark: "train";
  readonly work: string;
  readonly data: ItemsFile["data"];
  readonly date: string;
  readonly revision: Revision | null;
  readonly machine: Machine;
  /** Over the last minute, before and after: near 0 and 1 on an idle machine, more when others work on it. */
  readonly loadAverage: { readonly before: number; readonly after: number };
  readonly pairs: number;
  readonly contestants: readonly ContestantResult[];
  readonly absent: readonly Absence[];
  readonly ratios: readonly Ratio[];
  readonly targets: readonly TargetResult[];
}

export interface ContestantResult extends Pick<Contestant["spec"], "id" | "label" | "side" | "beside"> {
  readonly facts: Contestant["facts"];
  /** Nats per example at the first and the last of these steps at batch 128, from fresh weights. */
  readonly loss: { readonly steps: number; readonly first: number; readonly last: number };
  readonly times: readonly BatchTimes[];
}

/** Milliseconds per step at one batch size. */
export interface BatchTimes extends Summary {
  readonly batch: number;
  /** Steps in one measurement. */
  readonly steps: number;
  readonly samples: readonly number[];
}

/** The other's time divided by ours, round by round: above 1 we are faster. */
export interface Ratio extends Summary {
  readonly ours: string;
  readonly peer: string;
  readonly batch: number;
}

export interface Target {
  readonly ours: string;
  readonly peer: string;
  readonly batch: number;
  /** The median ratio must reach this. */
  readonly atLeast: number;
}

export interface TargetResult extends Target {
  readonly ratio: number | null;
  readonly verdict: "PASS" | "MISS" | "not measured";
}

export const TARGETS: readonly Target[] = [
  { ours: "isthmus-simd128", peer: "tfjs-wasm", batch: 128, atLeast: 8 },
  { ours: "isthmus-simd128", peer: "torch-1", batch: 128, atLeast: 0.55 },
  { ours: "isthmus-relaxed", peer: "torch-1", batch: 128, atLeast: 0.8 },
  { ours: "isthmus-simd128-2", peer: "isthmus-simd128", batch: 128, atLeast: 1.7 },
  { ours: "isthmus-relaxed-2", peer: "isthmus-relaxed", batch: 128, atLeast: 1.7 },
  { ours: "isthmus-simd128-2", peer: "torch-1", batch: 128, atLeast: 1.3 },
  { ours: "isthmus-simd128-2", peer: "torch-1", batch: 512, atLeast: 0.75 },
  { ours: "isthmus-relaxed-2", peer: "torch-1", batch: 128, atLeast: 1.8 },
  { ours: "isthmus-relaxed-2", peer: "torch-1", batch: 512, atLeast: 1 },
];

const WORK =
  "One training step with Adam (learning rate 1e-3) of the 784-400-20 VAE: Bernoulli likelihood of real-valued " +
  "pixels, one drawn z per example; 652,824 parameters, float32.";

const LOSS_BATCH = 128;
const LOSS_STEPS = 100;
/** Milliseconds one measurement should last. */
const MEASUREMENT = 150;
/** Milliseconds of silence before each: idle threads of OpenBLAS and OpenMP spin for tens of them before they sleep. */
const SILENCE = 50;

/**
 * Times one training step of everyone, in turns: A B C A B C ..., so that a slow minute of the machine is slow for all
 * and the ratios of a round stay what they are.
 *
 * @throws Error when a contestant's loss shows that it does not do the work, or when it ends
 */
export async function runTrainSuite(options: TrainSuiteOptions): Promise<TrainResults> {
  const items = await writeItems(Math.max(...options.batches, LOSS_BATCH));
  const before = loadAverage();
  const { contestants, absent } = await assemble(options.peers, items.path).catch(async (error: unknown) => {
    await items.remove();
    throw error;
  });
  try {
    for (const { label, reason } of absent) options.tell(`${label} is absent: ${reason}`);
    const losses = await lossesOf(contestants, options.tell);
    const times = await timesOf(contestants, options);
    const results = contestants.map(({ spec: { id, label, side, beside }, facts }, i): ContestantResult => {
      return { id, label, side, ...(beside && { beside }), facts, loss: losses[i]!, times: times[i]! };
    });
    const ratios = ratiosOf(results);
    return {
      benchmark: "train",
      work: WORK,
      data: items.data,
      date: new Date().toISOString(),
      revision: await revision(),
      machine: machine(),
      loadAverage: { before, after: loadAverage() },
      pairs: options.pairs,
      contestants: results,
      absent,
      ratios,
      targets: judge(TARGETS, ratios),
    };
  } finally {
    for (const contestant of contestants) contestant.stop();
    await items.remove();
  }
}

async function lossesOf(
  contestants: readonly Contestant[],
  tell: TrainSuiteOptions["tell"],
): Promise<ContestantResult["loss"][]> {
  const losses = [];
  for (const contestant of contestants) {
    const { loss: first } = await contestant.measure({ steps: 1, batch: LOSS_BATCH });
    const { loss: last } = await contestant.measure({ steps: LOSS_STEPS - 1, batch: LOSS_BATCH });
    tell(`${contestant.spec.label}: loss ${first.toFixed(1)} -> ${last.toFixed(1)} nats in ${LOSS_STEPS} steps`);
    losses.push({ steps: LOSS_STEPS, first, last });
  }
  for (const [i, contestant] of contestants.entries()) {
    const objection = lossObjection(losses[i]!, losses);
    if (objection) throw new Error(`${contestant.spec.label} does not do the work: ${objection}`);
  }
  return losses;
}

/** Of each contestant, in order. */
async function timesOf(contestants: readonly Contestant[], options: TrainSuiteOptions): Promise<BatchTimes[][]> {
  const times: BatchTimes[][] = contestants.map(() => []);
  for (const batch of options.batches) {
    options.tell(`batch ${batch} ...`);
    const taking = contestants.filter(({ spec }) => spec.onlyBatches?.includes(batch) ?? true);
    const measured = await interleave(taking, batch, options.pairs);
    for (const [contestant, result] of measured) times[contestants.indexOf(contestant)]!.push(result);
  }
  return times;
}

async function interleave(
  contestants: readonly Contestant[],
  batch: number,
  pairs: number,
): Promise<Map<Contestant, BatchTimes>> {
  const running = [];
  for (const contestant of contestants) {
    running.push({ contestant, steps: await calibrate(contestant, batch), samples: [] as number[] });
  }
  for (let round = 0; round < pairs; round++) {
    for (const { contestant, steps, samples } of running) {
      if (round < (contestant.spec.mostRounds ?? pairs)) {
        await setTimeout(SILENCE);
        samples.push((await contestant.measure({ steps, batch })).msPerStep);
      }
    }
  }
  return new Map(
    running.map(({ contestant, steps, samples }) => [contestant, { batch, steps, ...summarise(samples), samples }]),
  );
}

/** Warms up and finds how many steps make one measurement. */
async function calibrate(contestant: Contestant, batch: number): Promise<number> {
  await contestant.measure({ steps: 2, batch });
  const { msPerStep } = await contestant.measure({ steps: 2, batch });
  const steps = Math.max(1, Math.round(MEASUREMENT / msPerStep));
  const again = await contestant.measure({ steps, batch });
  return Math.max(1, Math.round(MEASUREMENT / again.msPerStep));
}

/** Every one of ours beside every peer, and beside the one of ours that it names, at every batch size both did. */
function ratiosOf(results: readonly ContestantResult[]): Ratio[] {
  return results
    .filter(({ side }) => side === "ours")
    .flatMap((ours) =>
      results
        .filter(({ side, id }) => side === "peer" || id === ours.beside)
        .flatMap((peer) =>
          peer.times.flatMap(({ batch, samples }) => {
            const own = ours.times.find((times) => times.batch === batch);
            const summary = own && summarise(pairedRatios(samples, own.samples));
            return summary ? [{ ours: ours.id, peer: peer.id, batch, ...summary }] : [];
          }),
        ),
    );
}

export function judge(targets: readonly Target[], ratios: readonly Ratio[]): TargetResult[] {
  return targets.map((target) => {
    const same = ({ ours, peer, batch }: Ratio): boolean =>
      ours === target.ours && peer === target.peer && batch === target.batch;
    const ratio = ratios.find(same)?.median ?? null;
    const verdict = ratio === null ? "not measured" : ratio >= target.atLeast ? "PASS" : "MISS";
    return { ...target, ratio, verdict };
  });
}
