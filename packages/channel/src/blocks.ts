/** Blocks sent, received and counted, batch by batch. */
import { IsthmusError } from "@isthmus/math";
import { awgn, type Batch, type SimulatedChannel } from "./channels.ts";
import type { Codebook } from "./codebook.ts";
import { weight } from "./linear-code.ts";
import { NoiseSource, type Draw } from "./noise-source.ts";
import { maximumLikelihood, type Receiver } from "./receivers.ts";
import { dimensions, ebNoFromDb, noiseDeviation } from "./units.ts";

/** A transmitter, what is between, and a receiver. */
export interface System {
  readonly codebook: Codebook;
  /** Default: maximum likelihood on the codebook. */
  readonly receiver?: Receiver;
  /** Default: Gaussian noise alone. */
  readonly channel?: SimulatedChannel;
}

/** Simulations go on in whole batches of so many blocks. */
export const BATCH = 2048;

/** Where a batch stands: everything in it is a function of these. */
export interface BatchPlace {
  readonly ebNoDb: number;
  readonly seed: number;
  /** 0, 1, ... */
  readonly index: number;
}

/** One system's side of a simulation, with the memory that its batches use again and again. */
export class Runner {
  readonly codebook: Codebook;
  readonly receiver: Receiver;
  readonly channel: SimulatedChannel;
  /** The message sent in each block of the last batch, and what was decided. */
  readonly sent: Uint32Array = new Uint32Array(BATCH);
  readonly decided: Uint32Array = new Uint32Array(BATCH);
  readonly #noise: NoiseSource;
  readonly #points: Float32Array;
  readonly #signal: Float32Array;

  static async create({ codebook, receiver, channel = awgn() }: System): Promise<Runner> {
    return new Runner(codebook, receiver ?? (await maximumLikelihood(codebook)), channel, await NoiseSource.create());
  }

  private constructor(codebook: Codebook, receiver: Receiver, channel: SimulatedChannel, noise: NoiseSource) {
    [this.codebook, this.receiver, this.channel, this.#noise] = [codebook, receiver, channel, noise];
    this.#points = Float32Array.from(codebook.points);
    this.#signal = new Float32Array(BATCH * dimensions(codebook));
  }

  /** Sends, disturbs and decides a batch; `sent` and `decided` then hold it. */
  async run({ ebNoDb, seed, index }: BatchPlace): Promise<void> {
    const { codebook, receiver, channel } = this;
    const draw = this.#noise.batch(seed, `simulate/${ebNoDb}`, index);
    this.#send(draw);
    const batch: Batch = {
      ...{ blocks: BATCH, columns: dimensions(codebook), complex: codebook.complex, signal: this.#signal },
      deviation: noiseDeviation(ebNoFromDb(ebNoDb), codebook),
    };
    await receiver.decide(channel.pass(batch, draw), this.decided);
    requireMessages(this.decided, codebook.size, receiver.name);
  }

  #send(draw: Draw): void {
    const [signal, points, sent, { size }] = [this.#signal, this.#points, this.sent, this.codebook];
    const columns = signal.length / BATCH;
    const uniform = draw.uniform("message", BATCH);
    for (let [block, at] = [0, 0]; block < BATCH; block++) {
      const message = Math.floor(uniform[block]! * size);
      sent[block] = message;
      for (let from = message * columns, end = at + columns; at < end; at++, from++) signal[at] = points[from]!;
    }
  }
}

function requireMessages(decided: Uint32Array, size: number, name: string): void {
  for (const message of decided) {
    if (message < size) continue;
    throw new IsthmusError("CHANNEL_DECISION", `receiver "${name}" decided for message ${message} of ${size}`, {
      message,
      size,
    });
  }
}

/** What went wrong. */
export interface ErrorCounts {
  readonly blocks: number;
  readonly blockErrors: number;
  /** Of the labels' bits. */
  readonly bitErrors: number;
  /** Sum over blocks of the square of each one's wrong bits: those of a block are wrong together. */
  readonly squaredBitErrors: number;
}

export const NO_BLOCKS: ErrorCounts = { blocks: 0, blockErrors: 0, bitErrors: 0, squaredBitErrors: 0 };

/** The counts with a runner's last batch. */
export function counted(counts: ErrorCounts, { sent, decided, codebook: { labels } }: Runner): ErrorCounts {
  let { blockErrors, bitErrors, squaredBitErrors } = counts;
  for (let block = 0; block < BATCH; block++) {
    if (sent[block] === decided[block]) continue;
    const bits = weight(labels[sent[block]!]! ^ labels[decided[block]!]!);
    blockErrors++;
    bitErrors += bits;
    squaredBitErrors += bits * bits;
  }
  return { blocks: counts.blocks + BATCH, blockErrors, bitErrors, squaredBitErrors };
}
