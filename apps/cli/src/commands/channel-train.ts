import type { Workload } from "@isthmus/backend";
import {
  type ChannelAutoencoder,
  type ChannelAutoencoderConfig,
  channelAutoencoder,
  type GivenChannelAutoencoder,
  type LinkTraining,
  type Restart,
  type TrainedLink,
  trainLink,
} from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { writeFileAtomic } from "@isthmus/data/node";
import { type Engine, type JsonObject, trainingStep, writeModelFile } from "@isthmus/graph";
import { type StepEvent, toModel } from "@isthmus/train";
import { type Command, Option } from "commander";
import { resolve } from "node:path";
import { CHANNEL_KINDS, channelOfText } from "../channel/channel-text.ts";
import { linkText } from "../channel/limits.ts";
import { checkpointPath, type Checkpoints, openCheckpoints } from "../channel/link-checkpoints.ts";
import { recipe, type RecipeOptions, trainEbNo } from "../channel/link-recipe.ts";
import { channelText } from "../channel/surroundings.ts";
import { requireFilmEnding, TrainingFilm } from "../channel/training-film.ts";
import { type Console, duration, grouped, note, type Report } from "../console.ts";
import { changeText, type EngineChoice, engineText, goingOn, withEngine } from "../engines.ts";
import { checkedByUser, Interrupted } from "../errors.ts";
import { parameterCount } from "../model-files.ts";
import {
  buildOption,
  engineOption,
  layerSizes,
  numberBetween,
  outOption,
  seedOption,
  threadsOption,
  wholeNumber,
} from "../options.ts";
import { requireOrdinaryFile, requireWritable } from "../outputs.ts";
import { ProgressLine, shareText } from "../progress.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface TrainOptions extends RecipeOptions {
  readonly restarts: number;
  readonly seed: number;
  readonly animation?: string;
  readonly resume?: boolean;
  /** Default: `wasm`, or a checkpoint's. */
  readonly engine?: EngineChoice;
  readonly build: string;
  readonly threads: number | "auto";
  readonly out: string;
}

export function trainLinkCommand(context: Context): Command {
  return describeCommand({
    name: "train",
    summary: "Learn a transmitter and a receiver together, and store them; of several starts the best is kept.",
    notes: [
      `Channels: ${CHANNEL_KINDS.join(", ")}, with their numbers as in`,
      "multi-tap:taps=3, and one behind the other by +. Where none of them adds noise, awgn is put behind.",
      "The best start has the fewest wrong blocks on noise that nothing was trained on; isthmus channel simulate measures it on other noise.",
      "Preset paper is O'Shea and Hoydis (2017, table IV): unit vectors, 2^k units, 7 dB, Adam at 0.001; best is the defaults, which do better.",
    ],
    examples: [
      "isthmus channel train --k 4 --n 7 -o ae.safetensors",
      "isthmus channel train --k 4 --n 1 --complex --normalize average --train-ebno 7 --restarts 5 --animation rings.apng -o rings.safetensors",
      "isthmus channel train --k 6 --n 1 --complex --loss bits --normalize average --train-ebno 4:8 -o bits.safetensors",
      "isthmus channel train --k 4 --n 8 --complex --channel multi-tap:taps=3+awgn --equaliser 3 --train-ebno 15 -o taps.safetensors",
    ],
  })
    .addOption(new Option("--k <bits>", "bits in a message").argParser(wholeNumber(1, 12)).makeOptionMandatory())
    .addOption(
      new Option("--n <uses>", "uses of the channel for each").argParser(wholeNumber(1, 4096)).makeOptionMandatory(),
    )
    .option("--complex", "uses are complex")
    .addOption(new Option("--preset <name>", "a known recipe").choices(["best", "paper"]).default("best"))
    .addOption(
      new Option(
        "--normalize <kind>",
        "each message's energy, the mean power of all, of each use, or amplitudes in [-1, 1]",
      )
        .choices(["energy", "average", "per-use", "amplitude"])
        .default("energy"),
    )
    .option("--zero-mean", "of average and per-use: the mean of all messages is taken off")
    .option("--levels <n>", "of amplitude: each dimension takes one of so many values", wholeNumber(2, 65_536))
    .option("--peak-to-average <x>", "a penalty on a larger peak over mean power, linear", numberBetween(1, 1e6))
    .option("--channel <what>", "what is between (default: awgn)", channelOfText)
    .addOption(
      new Option("--loss <kind>", "decide for messages as a whole, or bit by bit")
        .choices(["messages", "bits"])
        .default("messages"),
    )
    .addOption(
      new Option("--encoder <kind>", "of the transmitter (default: the preset's)").choices(["embedding", "onehot"]),
    )
    .option("--encoder-hidden <sizes>", "its hidden layers, such as 64 or 64,32, or none", layerSizes)
    .option("--decoder-hidden <sizes>", "hidden layers of the receiver (default: max(64, 2^k))", layerSizes)
    .option(
      "--equaliser <taps>",
      "a receiver that estimates a filter of so many complex taps first",
      wholeNumber(1, 1024),
    )
    .option("--state", "the receiver is told how the channel fades")
    .option(
      "--train-ebno <dB>",
      "at which it is trained, or a range from:to (default: 2.75 dB above the Shannon limit)",
      trainEbNo,
    )
    .option("--restarts <n>", "starts from other first values, the seeds that follow", wholeNumber(1, 1000), 1)
    .option("--steps <n>", "steps of each start, a multiple of 100 (default: 10,000; paper 15,000)", wholeNumber(100))
    .option("--batch <n>", "messages in a step (default: 1024; paper 512)", wholeNumber(1, 2 ** 20))
    .option(
      "--lr <x>",
      "learning rate, the first of a cosine (default: 0.01; paper 0.001 throughout)",
      numberBetween(1e-9, 10),
    )
    .addOption(seedOption())
    .option("--animation <file>", "the codebook on its way through training, moving: .svg, .apng or .png")
    .option("--resume", "go on from the checkpoints of an interrupted run with the same --out")
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(threadsOption())
    .addOption(outOption("model file to write; checkpoints are kept beside it"))
    .action(reporting(context, (options: TrainOptions) => train(context, options)));
}

async function train({ console, stoppable }: Context, options: TrainOptions): Promise<Report> {
  const { out, animation } = options;
  const { config, training } = recipe(options);
  const definition = checkedByUser(() => channelAutoencoder(config));
  await requireOrdinaryFile(out);
  await requireWritable(out);
  if (animation !== undefined) {
    await requireFilmEnding(animation);
    if (resolve(animation) === resolve(out)) throw new UsageError("--animation and --out go to the same file");
    await requireWritable(animation);
  }
  const checkpoints = await openCheckpoints(console, options);
  const film = animation === undefined ? undefined : new TrainingFilm(definition);
  const signal = stoppable();
  const trained = async (engine: Engine): Promise<Report> => {
    const changed = changeIn(checkpoints, engine);
    if (changed !== undefined) note(console, changed);
    note(console, headText(definition.config, training, engine));
    const link = await run(console, config, { ...options, training, engine, signal, film, checkpoints });
    await writeFileAtomic(out, writeModelFile(modelOf(link, training, engine, options)));
    const isFilmed = film !== undefined && (await writeFilm(console, film, link.chosen, animation!));
    return reportOf(link, options, isFilmed);
  };
  return withEngine(goingOn(options, checkpoints.begun.at(-1)), trained, {
    console,
    workload: stepOf(definition, training),
  });
}

/** The note where another engine than this one made a start, or began it. */
function changeIn({ begun }: Checkpoints, engine: Engine): string | undefined {
  return begun.map((one) => changeText(one, engine)).find((text) => text !== undefined);
}

/** What `--engine auto` measures. */
function stepOf({ kind, phases }: ChannelAutoencoder, { optimiser, batchSize }: LinkTraining): Workload {
  const { loss, parameters } = phases[0]!;
  const program = trainingStep(loss, parameters, optimiser && { optimiser });
  return { name: `training ${kind}`, program, batch: batchSize };
}

const STILL = "no animation: the start that was chosen had come to its end before this run";

/** False where nothing was seen that could move. */
async function writeFilm(console: Console, film: TrainingFilm, restart: number, out: string): Promise<boolean> {
  const line = new ProgressLine(console);
  try {
    const bytes = await film.bytes(restart, out, (share) => line.show(() => `animation ${shareText(share)}`));
    if (bytes) await writeFileAtomic(out, bytes);
    return bytes !== undefined;
  } finally {
    line.clear();
  }
}

function headText(config: ChannelAutoencoderConfig, { steps, batchSize }: LinkTraining, engine: Engine): string {
  const { trainEbNoDb: at, normalize, channel } = config;
  const decibels = typeof at === "number" ? `${at} dB` : `${at.from} to ${at.to} dB`;
  return (
    `${linkText(config)} over ${channelText(channel)} at Eb/N0 ${decibels}, normalised by ${normalize.kind}; ` +
    `${grouped(steps)} steps of ${grouped(batchSize)} messages, engine ${engineText(engine)}`
  );
}

interface Run extends Omit<TrainOptions, "engine"> {
  readonly training: LinkTraining;
  readonly engine: Engine;
  readonly signal: AbortSignal;
  readonly film: TrainingFilm | undefined;
  readonly checkpoints: Checkpoints;
}

async function run(console: Console, config: GivenChannelAutoencoder, given: Run): Promise<TrainedLink> {
  const { training, engine, signal, film, checkpoints, restarts, seed, out, k } = given;
  const progress = new ProgressLine(console);
  let stored = checkpoints.bytes.size > 0;
  const every = Math.ceil(training.steps / 100 / 5);
  try {
    return await trainLink(config, {
      ...{ engine, training, restarts, seed, signal },
      resume: async (restart) => checkpoints.bytes.get(restart),
      allowEngineChange: changeIn(checkpoints, engine) !== undefined,
      checkpoint: async (bytes, restart) => {
        await writeFileAtomic(checkpointPath(out, restart), bytes);
        stored = true;
        film?.take(bytes, restart);
      },
      onProgress: (event, restart) => progress.show(() => progressText(event, restart, given)),
      onEpoch: ({ epoch, train: means }, restart) => {
        if (epoch % every !== 0) return;
        progress.clear();
        note(
          console,
          `${startText(restart, given)}step ${grouped(100 * epoch)}  loss ${means["loss"]!.toFixed(4)} nats  I(S;Y) >= ${means["information"]!.toFixed(4)} of ${k} bits`,
        );
      },
      onRestart: (restart) => {
        progress.clear();
        note(console, startText(restart.index, given) + restartText(restart));
      },
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    const next = stored ? "--resume goes on from the last checkpoint" : "no checkpoint was stored yet";
    throw new Interrupted(`stopped; ${next}`, { cause: error });
  } finally {
    progress.clear();
  }
}

function startText(index: number, { restarts }: Pick<TrainOptions, "restarts">): string {
  return restarts === 1 ? "" : `start ${index + 1}/${restarts}  `;
}

/** `start 1/3  [######------] 25 %  loss 0.0832 nats, I(S;Y) >= 3.8800 of 4 bits  412 steps/s  ETA 40 s`. */
function progressText(
  { step, steps, loss, itemsPerSecond, etaSeconds }: StepEvent,
  restart: number,
  given: Run,
): string {
  const information = given.k - loss / Math.LN2;
  const speed = grouped(Math.round(itemsPerSecond / given.training.batchSize));
  return (
    `${startText(restart, given)}${shareText(step / steps)}  loss ${loss.toFixed(4)} nats, ` +
    `I(S;Y) >= ${information.toFixed(3)} of ${given.k} bits  ${speed} steps/s  ETA ${duration(etaSeconds)}`
  );
}

function restartText({ seed, measured, leastDistance, collapsed, seconds }: Restart): string {
  const warning = collapsed ? "; two messages have all but become one" : "";
  return (
    `seed ${seed}: BLER ${measured.bler.toExponential(3)}, ${measured.information.toFixed(4)} bits on the noise of the choice, ` +
    `least distance ${leastDistance.toFixed(3)} (${duration(seconds)})${warning}`
  );
}

/** No time, no place: the same run gives the same bytes. */
function modelOf(link: TrainedLink, training: LinkTraining, engine: Engine, options: TrainOptions) {
  const { definition, fit, restarts, chosen } = link;
  const { learningRate, ...steps } = training;
  const rate = typeof learningRate === "number" ? learningRate : { ...learningRate };
  return toModel(definition, fit, {
    provenance: {
      engine: { name: engine.name, build: engine.build },
      training: { ...(steps as unknown as JsonObject), learningRate: rate, preset: options.preset, seed: options.seed },
    },
    metrics: {
      chosen: { ...restarts[chosen]!.measured },
      restarts: restarts.map(restartJson),
      history: fit.history.map(({ epoch, train: means }) => ({ epoch, train: { ...means } })),
    },
  });
}

function restartJson({ seed, measured, leastDistance, collapsed }: Restart): JsonObject {
  return { seed, ...measured, leastDistance, collapsed };
}

function reportOf(link: TrainedLink, { out, animation }: TrainOptions, isFilmed: boolean): Report {
  const { definition, restarts, chosen, fit } = link;
  const { seed, measured } = restarts[chosen]!;
  const params = parameterCount(link);
  const seconds = restarts.reduce((sum, restart) => sum + restart.seconds, 0);
  const json = {
    model: definition.kind,
    link: { k: definition.config.k, n: definition.config.n, complex: definition.config.complex },
    params,
    steps: fit.steps,
    seconds,
    restarts: restarts.map((restart) => ({ ...restartJson(restart), seconds: restart.seconds })),
    chosen,
    ...(isFilmed && animation !== undefined && { animation }),
    out,
  };
  const which = restarts.length === 1 ? "" : `, the best of ${restarts.length} starts (seed ${seed})`;
  const lines = [
    `${linkText(definition.config)}, ${grouped(params)} parameters, ${grouped(fit.steps)} steps a start, ${duration(seconds)} in all`,
    `BLER ${measured.bler.toExponential(3)}, ${measured.information.toFixed(4)} of ${definition.config.k} bits on the noise of the choice${which}`,
    ...(animation === undefined ? [] : [isFilmed ? `animation -> ${animation}` : STILL]),
    `-> ${out}`,
  ];
  return { json, lines };
}
