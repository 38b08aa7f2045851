import {
  type Codebook,
  type GivenChannelAutoencoder,
  type LinkMeasurement,
  type LinkTraining,
  measureLink,
  type TrainedLink,
  trainLink,
} from "@isthmus/channel";
import type { Json } from "@isthmus/graph";
import type { Context, PassLine, Row } from "./harness/reproduction.ts";

/** Noise that nothing was chosen by. */
export const REPORT_SEED = 1009;

/** A link trained from each seed. */
export interface Links {
  readonly made: readonly TrainedLink[];
  /** Of those, the one with the fewest wrong blocks on the noise of the choice; that learns by bits, the one that carries most. */
  readonly chosen: TrainedLink;
  readonly chosenSeed: number;
}

/** What a protocol says of a training. */
export function trainingText({ steps, batchSize, learningRate }: LinkTraining): string {
  const rate = typeof learningRate === "number" ? learningRate : `cosine from ${learningRate.rate} to 0`;
  return `Adam, ${rate}, batch ${batchSize}, ${steps} steps`;
}

/** Trains a link from each seed; those that differ in their start alone are held against each other by their own choice's noise. */
export async function trainedLinks(
  { seeds, engine, tell, epochs }: Context,
  title: string,
  given: GivenChannelAutoencoder,
  training: LinkTraining,
  from?: Codebook,
): Promise<Links> {
  const steps = 100 * epochs(training.steps / 100);
  const made: TrainedLink[] = [];
  for (const seed of seeds) {
    const shorter = { ...training, ...shortened(training, steps) };
    const link = await trainLink(given, { engine, seed, training: shorter, ...(from && { from }) });
    const { seconds, measured, collapsed } = link.restarts[0]!;
    const rate = Math.round(steps / seconds);
    tell(
      `${title}, seed ${seed}: ${seconds.toFixed(1)} s, ${rate} steps per second, BLER ${measured.bler.toExponential(3)} on the noise of the choice${collapsed ? ", collapsed" : ""}`,
    );
    made.push(link);
  }
  const costs = made.map((link) => costOf(link));
  const best = costs.indexOf(Math.min(...costs));
  return { made, chosen: made[best]!, chosenSeed: seeds[best]! };
}

/** What `trainLink` chooses starts by. */
function costOf({ definition, restarts }: TrainedLink): number {
  const { bler, information } = restarts[0]!.measured;
  return definition.config.loss === "bits" ? -information : bler;
}

/** Of a codebook in the plane. */
export function pointsInPlane({ points }: Codebook): (readonly [number, number])[] {
  return Array.from({ length: points.length / 2 }, (_, i) => [points[2 * i]!, points[2 * i + 1]!] as const);
}

function shortened({ learningRate }: LinkTraining, steps: number): Partial<LinkTraining> {
  if (typeof learningRate !== "object" || learningRate.kind !== "cosine") return { steps };
  return { steps, learningRate: { kind: "cosine", rate: learningRate.rate, steps } };
}

export interface BlerRow {
  readonly what: string;
  readonly ebNoDb: number;
  readonly blocks: number;
  readonly published: Row["published"];
  /** Of every start. */
  readonly line?: PassLine;
  readonly withSeconds?: boolean;
}

/** BLER of every start, its own receiver included. */
export async function blerRow(context: Context, { made }: Links, row: BlerRow): Promise<Row> {
  const { what, ebNoDb, blocks, published, line, withSeconds = false } = row;
  const runs: { seed: number; value: number; seconds: number }[] = [];
  for (const [i, link] of made.entries()) {
    const { bler } = await measured(context, link, ebNoDb, blocks);
    runs.push({ seed: context.seeds[i]!, value: bler, seconds: withSeconds ? link.restarts[0]!.seconds : 0 });
  }
  const convention = `BLER at Eb/N0 ${ebNoDb} dB, own receiver, ${blocksText(blocks)} per start`;
  return { what, unit: "", convention, published, runs, ...(line && { line }) };
}

/** BLER of the start that was chosen by other noise. */
export async function chosenRow(context: Context, { chosen, chosenSeed: seed }: Links, row: BlerRow): Promise<Row> {
  const { what, ebNoDb, blocks, published, line } = row;
  const { bler } = await measured(context, chosen, ebNoDb, blocks);
  const convention = `BLER at Eb/N0 ${ebNoDb} dB, own receiver, ${blocksText(blocks)}; the start chosen on other noise`;
  return { what, unit: "", convention, published, runs: [{ seed, value: bler, seconds: 0 }], ...(line && { line }) };
}

/** A link on noise that nothing was chosen by. */
export function measured(
  { engine }: Pick<Context, "engine">,
  link: TrainedLink,
  ebNoDb: number,
  blocks: number,
): Promise<LinkMeasurement> {
  return measureLink(link, { engine, ebNoDb, blocks, seed: REPORT_SEED });
}

export function blocksText(blocks: number): string {
  return `${(blocks / 1e6).toLocaleString("en")} million blocks`;
}

/** For the figures' file: what each start came to, and where its points lie. */
export function startsOf({ made }: Links): Json {
  return made.map(({ restarts, codebook }) => {
    const { seed, measured: m, leastDistance, collapsed, seconds } = restarts[0]!;
    return { seed, seconds, leastDistance, collapsed, choice: { ...m }, points: Array.from(codebook.points) };
  });
}
