/** Learned links run as a whole, channel and all, on an engine. */
import type { Engine, HostArray } from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";
import { requireObject, requireWhole } from "../checks.ts";
import { ebNoFromDb, noiseDeviation } from "../units.ts";
import type { ChannelAutoencoder } from "./channel-autoencoder.ts";
import { LearnedProgram, type Parameters } from "./learned-program.ts";

/** A model and what it has learned. */
export interface LearnedLink {
  readonly definition: ChannelAutoencoder;
  readonly parameters: Parameters;
}

export interface MeasureOptions {
  readonly engine: Engine;
  readonly ebNoDb: number;
  /** At least so many, in whole batches. Default: 1,000,000. */
  readonly blocks?: number;
  /** Names the noise. Default: 1. */
  readonly seed?: number;
  /** Stops between batches, throwing its reason. */
  readonly signal?: AbortSignal;
}

/** What a link got wrong; every message was sent equally often. */
export interface LinkMeasurement {
  readonly blocks: number;
  readonly blockErrors: number;
  readonly bitErrors: number;
  readonly bler: number;
  readonly ber: number;
  /** Nats per message. */
  readonly crossEntropy: number;
  /** Bits per message: H(S) - crossEntropy / ln 2, at most I(S; Y); of a link trained on bits, that of each bit, summed. */
  readonly information: number;
}

/** Several links over the same noise. */
export interface PairedMeasurement {
  readonly links: readonly LinkMeasurement[];
  /** Blocks that link i got wrong and link j did not: `alone[i][j]`. */
  readonly alone: readonly (readonly number[])[];
}

/** Training counts its steps from 1 and evaluation from 2^52: no noise is measured on that was trained on. */
export const FIRST_STEP: number = 2 ** 51;
/** Logits of one run. */
export const MOST_LOGITS: number = 2 ** 18;

/** One link alone: {@link measureLinks}. */
export async function measureLink(link: LearnedLink, options: MeasureOptions): Promise<LinkMeasurement> {
  return (await measureLinks([link], options)).links[0]!;
}

/**
 * Sends blocks through links at one Eb/N0. Links whose channels draw noise by the same names have the same messages, fading and noise,
 * block by block: their differences are known far better than each alone.
 *
 * @throws RangeError links of different k; TypeError, RangeError for options.
 */
export async function measureLinks(links: readonly LearnedLink[], options: MeasureOptions): Promise<PairedMeasurement> {
  const { blocks = 1e6, seed = 1, signal } = options;
  const k = requireLinks(links);
  requireWhole("blocks", blocks, 1);
  requireWhole("seed", seed, 0);
  const opened: LearnedProgram[] = [];
  try {
    for (const { definition, parameters } of links) {
      opened.push(await LearnedProgram.create(options.engine, definition.link, parameters));
    }
    const size = batchSize(k);
    const label = Int32Array.from({ length: size }, (_, i) => i % 2 ** k);
    const tally = new Tally(links.length, k);
    for (let batch = 0; batch * size < blocks; batch++) {
      signal?.throwIfAborted();
      const step = FIRST_STEP + batch;
      const shared = {
        label,
        seed: Int32Array.from(splitSeed(seed)),
        step: Int32Array.of(step, Math.floor(step / 2 ** 32)),
      };
      const errors: Float32Array[] = [];
      for (const [index, { definition }] of links.entries()) {
        const deviation = Float32Array.of(noiseDeviation(ebNoFromDb(options.ebNoDb), definition.config));
        errors.push(await tally.add(index, opened[index]!, { ...shared, deviation }));
      }
      tally.compare(errors);
      await new Promise((resolve) => setTimeout(resolve));
    }
    return tally.measured();
  } finally {
    for (const program of opened) program.dispose();
  }
}

/** Of a multiple of the messages. */
function batchSize(k: number): number {
  return 2 ** k * Math.max(1, Math.floor(MOST_LOGITS / 4 ** k));
}

function requireLinks(links: readonly LearnedLink[]): number {
  links.forEach((link) => requireObject("link", link));
  const [k, ...others] = new Set(links.map(({ definition }) => definition.config.k));
  if (k === undefined) throw new RangeError(`"links" expected at least one`);
  if (others.length > 0) throw new RangeError(`"links" expected the same k, got ${[k, ...others].join(", ")}`);
  return k;
}

class Tally {
  private readonly k: number;
  private readonly sums: { blocks: number; blockErrors: number; bitErrors: number; crossEntropy: number }[];
  private readonly alone: number[][];

  constructor(links: number, k: number) {
    this.k = k;
    this.sums = Array.from({ length: links }, () => ({ blocks: 0, blockErrors: 0, bitErrors: 0, crossEntropy: 0 }));
    this.alone = Array.from({ length: links }, () => Array.from({ length: links }, () => 0));
  }

  /** Counts a batch of one link, and returns which blocks were wrong. */
  async add(
    index: number,
    program: LearnedProgram,
    inputs: Readonly<Record<string, HostArray>>,
  ): Promise<Float32Array> {
    const { outputs } = await program.run(inputs);
    const [blockErrors, bitErrors, crossEntropy] = [
      await outputs["blockErrors"]!.read(),
      await outputs["bitErrors"]!.read(),
      await outputs["crossEntropy"]!.read(),
    ];
    const sums = this.sums[index]!;
    sums.blocks += blockErrors.length;
    sums.blockErrors += total(blockErrors);
    sums.bitErrors += total(bitErrors);
    sums.crossEntropy += total(crossEntropy);
    return blockErrors;
  }

  compare(errors: readonly Float32Array[]): void {
    errors.forEach((own, i) =>
      errors.forEach((other, j) => {
        for (let block = 0; block < own.length; block++) if (own[block]! > other[block]!) this.alone[i]![j]!++;
      }),
    );
  }

  measured(): PairedMeasurement {
    const links = this.sums.map(({ blocks, blockErrors, bitErrors, crossEntropy }) => ({
      ...{ blocks, blockErrors, bitErrors },
      ...{ bler: blockErrors / blocks, ber: bitErrors / (blocks * this.k) },
      crossEntropy: crossEntropy / blocks,
      information: this.k - crossEntropy / blocks / Math.LN2,
    }));
    return { links, alone: this.alone };
  }
}

function total(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum;
}
