/**
 * Learning over a channel that has no gradient: a radio, a simulator, a recording. The receiver learns as always, from what arrives. The
 * transmitter sends its signals a little disturbed, is told by the receiver how well each got through, and moves towards what did well: a
 * Gaussian policy (Ait Aoudia, Hoydis 2018, arXiv 1804.02276, algorithm 1).
 *
 *     receiver     sent -> channel -> received -> loss -> receiver's gradients
 *     transmitter  sent + w -> channel -> received -> losses -> loss times grad log pi(sent + w) -> transmitter's gradients
 */
import {
  constantRate,
  cosineRate,
  describedOptimiser,
  type Engine,
  type EngineState,
  type Executable,
  GraphBuilder,
  type HostArray,
  initialise,
  type Node,
  type Program,
  type StepScalars,
  type StoredTensor,
  trainingStep,
} from "@isthmus/graph";
import { splitSeed } from "@isthmus/math";
import { requireNumber, requireObject, requirePositive, requireWhole } from "../checks.ts";
import { ebNoFromDb, noiseDeviation } from "../units.ts";
import { type ChannelAutoencoderConfig, checkedChannelConfig, type GivenChannelAutoencoder } from "./config.ts";
import type { Parameters } from "./learned-program.ts";
import { receiverLogits } from "./receiver.ts";
import { transmitted, transmitterCodebook } from "./transmitter.ts";
import { crossEntropyOf, messagesOf } from "./decisions.ts";

/** Where a batch of signals stands. */
export interface BlackBoxPlace {
  /** Real numbers of a block, complex uses as real and imaginary part side by side. */
  readonly columns: number;
  readonly complex: boolean;
  /** What the link's Eb/N0 asks the noise to be in each real dimension; a real channel has its own. */
  readonly deviation: number;
  /** 1, 2, ...: no two batches have the same. */
  readonly step: number;
  readonly seed: number;
}

/** A channel that is a function of the host: signals [blocks, columns] -> what is received, of the same size. */
export interface BlackBoxChannel {
  readonly name: string;
  pass(sent: Float32Array, place: BlackBoxPlace): Float32Array | Promise<Float32Array>;
}

/** A link as `channelAutoencoder` takes it, without a channel. */
export type GivenBlackBoxLink = Omit<GivenChannelAutoencoder, "channel">;

export interface TrainBlackBoxOptions {
  readonly engine: Engine;
  readonly channel: BlackBoxChannel;
  /** Rounds of receiver and transmitter steps. Default: 2,000. */
  readonly rounds?: number;
  /** Of the receiver, in each round. Default: 10. */
  readonly receiverSteps?: number;
  /** Of the receiver alone, at the end. Default: 3,000. */
  readonly fineTuning?: number;
  /** Default: 1024. */
  readonly batchSize?: number;
  /** Of both, falling to 0 along a cosine over the rounds; the fine-tuning begins with it again. Default: 1e-3. */
  readonly learningRate?: number;
  /** Variance of the disturbance in each real dimension, in (0, 1). Default: 0.01. */
  readonly exploration?: number;
  /** Default: 1. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
  /** After every round, with the receiver's last loss in nats per message. */
  readonly onRound?: (event: { readonly round: number; readonly rounds: number; readonly loss: number }) => void;
}

/** What was learned: of the same names as `channelAutoencoder` has them for this configuration. */
export interface BlackBoxLink {
  readonly config: ChannelAutoencoderConfig;
  readonly parameters: Parameters;
  /** Batches that went through the channel. */
  readonly batches: number;
}

const defaults = {
  ...{ rounds: 2000, receiverSteps: 10, fineTuning: 3000 },
  ...{ batchSize: 1024, learningRate: 1e-3, exploration: 0.01, seed: 1 },
};

type Settings = TrainBlackBoxOptions & typeof defaults;

/**
 * Learns a link over a channel that is only ever called: nothing is differentiated through it.
 *
 * The result is a function of the options, the engine and its build, as far as the channel is.
 *
 * @throws TypeError, RangeError naming the option, or a channel that returns another size; the signal's reason.
 */
export async function trainBlackBox(given: GivenBlackBoxLink, options: TrainBlackBoxOptions): Promise<BlackBoxLink> {
  const settings = checkedSettings(options);
  const { name } = settings.channel;
  const config = { ...checkedChannelConfig(given), channel: { kind: "own", name } as const };
  requireLink(config);
  const trainer = await Trainer.create(config, settings);
  try {
    await trainer.run();
    return { config, parameters: await trainer.parameters(), batches: trainer.batches };
  } finally {
    trainer.dispose();
  }
}

function checkedSettings(options: TrainBlackBoxOptions): Settings {
  requireObject("options", options);
  const settings = { ...defaults, ...options };
  requireObject("channel", settings.channel);
  for (const name of ["rounds", "receiverSteps", "batchSize"] as const) requireWhole(name, settings[name], 1);
  for (const name of ["fineTuning", "seed"] as const) requireWhole(name, settings[name], 0);
  requirePositive("learningRate", settings.learningRate);
  requireNumber("exploration", settings.exploration);
  if (settings.exploration > 0 && settings.exploration < 1) return settings;
  throw new RangeError(`"exploration" expected a number in (0, 1), got ${settings.exploration}`);
}

function requireLink({ trainEbNoDb, decoder, peakToAverage }: ChannelAutoencoderConfig): void {
  if (typeof trainEbNoDb !== "number") throw new RangeError(`"trainEbNoDb" expected one number over a black box`);
  if (decoder.state || decoder.noise) throw new RangeError(`"decoder" of a black box is told neither state nor noise`);
  if (peakToAverage) throw new RangeError(`"peakToAverage" is not for a black box`);
}

/** One side's step: its program, and the optimiser's numbers. */
interface Side {
  readonly executable: Executable;
  readonly scalars: StepScalars;
}

class Trainer {
  private readonly config: ChannelAutoencoderConfig;
  private readonly settings: Settings;
  private readonly state: EngineState;
  private readonly send: Executable;
  private readonly explore: Executable;
  private readonly judge: Executable;
  private readonly receiver: Side;
  private readonly transmitter: Side;
  private readonly names: readonly string[];
  private readonly label: Int32Array;
  batches = 0;

  static async create(config: ChannelAutoencoderConfig, settings: Settings): Promise<Trainer> {
    const { engine, exploration, seed } = settings;
    const receiving = receiverLoss(config);
    const transmitting = transmitterLoss(config, exploration);
    const steps = [receiving, transmitting].map((loss) => trainingStep(loss, Object.keys(loss.state)));
    const trained = { ...receiving.state, ...transmitting.state };
    const state = engine.createState(Object.assign({}, ...steps.map((step) => step.state)) as typeof trained);
    for (const [name, values] of Object.entries(initialise(trained, seed))) await state.write(name, values);
    const compiled = await Promise.all(
      [sending(config), exploring(config, exploration), judging(config), ...steps].map((program) =>
        engine.compile(program, state),
      ),
    );
    return new Trainer(config, settings, state, compiled, Object.keys(trained));
  }

  private constructor(
    config: ChannelAutoencoderConfig,
    settings: Settings,
    state: EngineState,
    compiled: readonly Executable[],
    names: readonly string[],
  ) {
    const side = (executable: Executable): Side => ({
      executable,
      scalars: describedOptimiser({ kind: "adam" }).scalars(),
    });
    [this.config, this.settings, this.state, this.names] = [config, settings, state, names];
    [this.send, this.explore, this.judge] = compiled as [Executable, Executable, Executable];
    [this.receiver, this.transmitter] = [side(compiled[3]!), side(compiled[4]!)];
    this.label = Int32Array.from({ length: settings.batchSize }, (_, i) => i % 2 ** config.k);
  }

  async run(): Promise<void> {
    const { rounds, receiverSteps, fineTuning, learningRate: rate, signal, onRound } = this.settings;
    const rates = cosineRate({ rate, steps: rounds });
    for (let round = 1; round <= rounds; round++) {
      signal?.throwIfAborted();
      const now = rates.next();
      let loss = 0;
      for (let i = 0; i < receiverSteps; i++) loss = await this.learnToReceive(now);
      await this.learnToSend(now);
      onRound?.({ round, rounds, loss });
      await new Promise((resolve) => setTimeout(resolve));
    }
    const last = fineTuning > 0 ? cosineRate({ rate, steps: fineTuning }) : constantRate(rate);
    for (let i = 0; i < fineTuning; i++) {
      signal?.throwIfAborted();
      await this.learnToReceive(last.next());
    }
  }

  async parameters(): Promise<Parameters> {
    const read = async (name: string): Promise<readonly [string, StoredTensor]> => [
      name,
      { shape: this.state.spec[name]!.shape, data: await this.state.read(name) },
    ];
    const tensors: (readonly [string, StoredTensor])[] = [];
    for (const name of this.names) tensors.push(await read(name));
    return Object.fromEntries(tensors);
  }

  dispose(): void {
    for (const one of [this.send, this.explore, this.judge, this.receiver.executable, this.transmitter.executable])
      one.dispose();
    this.state.dispose();
  }

  /** The loss of the batch, before the step. */
  private async learnToReceive(rate: number): Promise<number> {
    const { label } = this;
    const received = await this.through(await output(this.send, { label }, "sent"));
    this.receiver.scalars.advance(rate);
    return (await output(this.receiver.executable, { label, received, ...this.receiver.scalars.inputs }, "loss"))[0]!;
  }

  private async learnToSend(rate: number): Promise<void> {
    const { label } = this;
    const noise = { seed: Int32Array.from(splitSeed(this.settings.seed)), step: words(this.batches + 1) };
    const received = await this.through(await output(this.explore, { label, ...noise }, "sent"));
    const losses = await output(this.judge, { label, received }, "losses");
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    const excess = losses.map((loss) => loss - mean);
    this.transmitter.scalars.advance(rate);
    await output(this.transmitter.executable, { label, excess, ...noise, ...this.transmitter.scalars.inputs }, "loss");
  }

  private async through(sent: Float32Array): Promise<Float32Array> {
    const { n, complex, trainEbNoDb } = this.config;
    const { channel, seed } = this.settings;
    this.batches++;
    const received = await channel.pass(sent, {
      ...{ columns: complex ? 2 * n : n, complex, step: this.batches, seed },
      deviation: noiseDeviation(ebNoFromDb(trainEbNoDb as number), this.config),
    });
    if (received instanceof Float32Array && received.length === sent.length) return received;
    throw new RangeError(
      `channel "${channel.name}" expected to return ${sent.length} numbers, got ${received?.length}`,
    );
  }
}

function words(step: number): Int32Array {
  return Int32Array.of(step, Math.floor(step / 2 ** 32));
}

async function output(
  executable: Executable,
  inputs: Readonly<Record<string, HostArray>>,
  name: string,
): Promise<Float32Array> {
  return (await executable.run(inputs)).outputs[name]!.read();
}

const labelOf = (build: GraphBuilder): Node => build.input("label", ["batch"], "i32");

function sending(config: ChannelAutoencoderConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { sent: transmitted(build, transmitterCodebook(build, config), labelOf(build)) } });
}

/** A signal x and what is sent for it: sqrt(1 - s) x + sqrt(s) w, w Gaussian, so that the mean power stays. */
function disturbed(
  build: GraphBuilder,
  config: ChannelAutoencoderConfig,
  s: number,
): { readonly mean: Node; readonly sent: Node } {
  const x = transmitted(build, transmitterCodebook(build, config), labelOf(build));
  const source = {
    seed: build.input("seed", [2], "i32"),
    step: build.input("step", [2], "i32"),
    stream: "exploration",
  };
  const mean = build.mul(x, build.scalar(Math.sqrt(1 - s)));
  return { mean, sent: build.add(mean, build.mul(build.randomNormal(x.shape, source), build.scalar(Math.sqrt(s)))) };
}

function exploring(config: ChannelAutoencoderConfig, s: number): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { sent: disturbed(build, config, s).sent } });
}

function logitsOf(build: GraphBuilder, config: ChannelAutoencoderConfig): Node {
  const { n, complex } = config;
  return receiverLogits(build, { received: build.input("received", ["batch", complex ? 2 * n : n]) }, config);
}

/** Nats per message, [batch]. */
function lossesOf(build: GraphBuilder, config: ChannelAutoencoderConfig): Node {
  return crossEntropyOf(build, logitsOf(build, config), messagesOf(build, labelOf(build), config.k), config);
}

function judging(config: ChannelAutoencoderConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { losses: lossesOf(build, config) } });
}

function receiverLoss(config: ChannelAutoencoderConfig): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { loss: build.mean(lossesOf(build, config)) } });
}

/** The mean of loss times log pi, log pi = -|sent - mean|^2 / (2 s): its gradient is that of the expected loss. */
function transmitterLoss(config: ChannelAutoencoderConfig, s: number): Program {
  const build = new GraphBuilder();
  const { mean, sent } = disturbed(build, config, s);
  const distance = build.sum(build.square(build.sub(build.stopGradient(sent), mean)), { axes: [1] });
  const logPolicy = build.mul(distance, build.scalar(-1 / (2 * s)));
  return build.program({ outputs: { loss: build.mean(build.mul(build.input("excess", ["batch"]), logPolicy)) } });
}
