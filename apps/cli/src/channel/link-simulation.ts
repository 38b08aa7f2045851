/** A link over the channel that it was trained over, by sending blocks through the whole of its network. */
import {
  clopperPearsonInterval,
  measureLink,
  type SimulatedPoint,
  type SimulationState,
  wilsonInterval,
  zeroErrorsLimit,
} from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { modelHashes } from "@isthmus/graph";
import type { LinkFile } from "./link-files.ts";
import type { SimulateOptions } from "./simulations.ts";

export type LinkSimulationOptions = Pick<
  SimulateOptions,
  "ebno" | "targetErrors" | "maxBlocks" | "confidence" | "interval" | "stopBelow" | "seed"
> & {
  readonly engine: Parameters<typeof measureLink>[1]["engine"];
  readonly signal: AbortSignal;
  readonly progress: (point: SimulatedPoint) => void;
  readonly store: (state: SimulationState) => Promise<void>;
};

type Counts = SimulationState["points"][number];

/** Blocks of one piece of noise, which has a seed of its own. */
const PIECE = 2 ** 17;
/** Seeds of one simulation. */
const PIECES = 2 ** 30;

/** Simulates each point until enough blocks were wrong or sent; counts depend on model, seed and Eb/N0 alone. */
export async function simulateLink(
  link: LinkFile,
  options: LinkSimulationOptions,
  resume: SimulationState | undefined,
): Promise<SimulatedPoint[]> {
  const identity = `${Buffer.from(modelHashes(link.model).id).toString("hex")}, its own channel, seed ${options.seed}`;
  if (resume && resume.identity !== identity)
    throw new UsageError(`--resume: expected counts of ${identity}, got those of ${resume.identity}`);
  const known = new Map(resume?.points.map((point) => [point.ebNoDb, point]));
  const points: SimulatedPoint[] = [];
  for (const ebNoDb of options.ebno) {
    let counts = known.get(ebNoDb) ?? { ebNoDb, ...NONE };
    while (reasonToStop(counts, options) === "running") {
      counts = await withPiece(link, counts, options);
      known.set(ebNoDb, counts);
      options.progress(pointOf(counts, options, link.codebook.k));
      await options.store({ version: 1, identity, points: [...known.values()] });
    }
    const point = pointOf(counts, options, link.codebook.k);
    points.push(point);
    const isLow = options.stopBelow !== undefined && point.blerInterval[1] < options.stopBelow;
    if (point.stopped === "aborted" || isLow) break;
  }
  return points;
}

const NONE = { blocks: 0, blockErrors: 0, bitErrors: 0, squaredBitErrors: 0, seconds: 0 } as const;

async function withPiece(link: LinkFile, counts: Counts, options: LinkSimulationOptions): Promise<Counts> {
  const { engine, seed } = options;
  const piece = Math.round(counts.blocks / PIECE);
  const began = performance.now();
  const more = await measureLink(link, { engine, ebNoDb: counts.ebNoDb, blocks: PIECE, seed: seed * PIECES + piece });
  return {
    ...counts,
    blocks: counts.blocks + more.blocks,
    blockErrors: counts.blockErrors + more.blockErrors,
    bitErrors: counts.bitErrors + more.bitErrors,
    seconds: counts.seconds + (performance.now() - began) / 1000,
  };
}

function reasonToStop(
  { blocks, blockErrors }: Counts,
  { targetErrors, maxBlocks, signal }: LinkSimulationOptions,
): SimulatedPoint["stopped"] {
  if (signal.aborted) return "aborted";
  if (blockErrors >= targetErrors) return "targetErrors";
  return blocks >= maxBlocks ? "maxBlocks" : "running";
}

/** Bits of a block are wrong together: their interval is the widest there is, that of whole blocks. */
function pointOf(counts: Counts, options: LinkSimulationOptions, k: number): SimulatedPoint {
  const { blocks, blockErrors, bitErrors, seconds } = counts;
  const { confidence, interval } = options;
  const around = interval === "wilson" ? wilsonInterval : clopperPearsonInterval;
  const trials = Math.max(1, blocks);
  const blerInterval =
    blockErrors === 0 ? ([0, zeroErrorsLimit(trials, confidence)] as const) : around(blockErrors, trials, confidence);
  const share = blockErrors === 0 ? 0 : bitErrors / (blockErrors * k);
  return {
    ...counts,
    ...{ bler: blockErrors / trials, blerInterval, ber: bitErrors / (trials * k), confidence },
    berInterval: blockErrors === 0 ? blerInterval : [blerInterval[0] * share, blerInterval[1] * share],
    stopped: reasonToStop(counts, options),
    blocksPerSecond: seconds > 0 ? blocks / seconds : 0,
  };
}
