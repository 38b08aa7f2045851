/** What a learned link is told. */
import type { Activation } from "@isthmus/graph";
import type { ItemConfig } from "@isthmus/models";
import { requireNumber, requireObject, requirePositive, requireWhole } from "../checks.ts";
import { type Channel, type ChannelDescription, describedChannel, requireChannel } from "../channel-layers/channel.ts";
import { shannonLimit } from "../limits.ts";
import { type Link, toDb } from "../units.ts";
import { checkedNormalisation, type GivenNormalisation, type Normalisation } from "../layers/normalise.ts";

/** A range of decibels, each example drawing its own, uniformly. */
export interface DecibelRange {
  readonly from: number;
  readonly to: number;
}

/** A radio transformer: the received block is filtered with taps that a network estimates from it (O'Shea, Hoydis 2017, figure 6). */
export interface Equaliser {
  /** Complex taps of the filter. */
  readonly taps: number;
  /** Units of the layers that estimate them. */
  readonly hidden: readonly number[];
}

/** The network that decides. */
export interface NeuralReceiver {
  /** Units of the hidden layers. */
  readonly hidden: readonly number[];
  readonly activation: Exclude<Activation, "linear">;
  /** Default: none. */
  readonly equaliser?: Equaliser;
  /** Whether it is told the state of a channel that fades. */
  readonly state: boolean;
  /** Whether it is told the logarithm of the noise's standard deviation: for training over a range of Eb/N0. */
  readonly noise: boolean;
}

/** A link as the JSON of a model file. */
export interface ChannelAutoencoderConfig extends ItemConfig {
  /** Bits per message. */
  readonly k: number;
  /** Uses of the channel per message. */
  readonly n: number;
  readonly complex: boolean;
  /** `onehot`: dense layers on the message's unit vector. `embedding`: a learned vector for each message, and dense layers on that, if any. */
  readonly encoder: "embedding" | "onehot";
  /** Units of the transmitter's hidden layers. */
  readonly encoderHidden: readonly number[];
  readonly normalize: Normalisation;
  readonly channel: ChannelDescription;
  readonly decoder: NeuralReceiver;
  /** `messages`: softmax over all messages. `bits`: a logit for each bit. */
  readonly loss: "messages" | "bits";
  /** At which the link is trained, dB. */
  readonly trainEbNoDb: number | DecibelRange;
  /** Weight of how far the codebook's peak-to-average power, linear, is above `most`. */
  readonly peakToAverage?: { readonly most: number; readonly weight: number };
}

/** What has to be said, and what may be. */
export interface GivenChannelAutoencoder extends Partial<
  Omit<ChannelAutoencoderConfig, "inputShape" | "normalize" | "channel" | "decoder">
> {
  readonly k: number;
  readonly n: number;
  readonly normalize?: GivenNormalisation;
  readonly channel?: Channel;
  readonly decoder?: Partial<NeuralReceiver>;
}

/** Of a codebook that is held in memory and trained as a whole. */
const MOST_BITS = 12;

const known = [
  ...["k", "n", "complex", "encoder", "encoderHidden", "normalize", "channel", "decoder", "loss", "trainEbNoDb"],
  ...["peakToAverage", "inputShape"],
];

/**
 * The configuration with its defaults filled in.
 *
 * - real uses, `embedding` without hidden layers, every message of energy n, white noise
 * - trained 2.75 dB above the limit of its rate, to half a dB: 3 dB for (7,4), where errors are frequent enough to learn from
 * - a receiver of one hidden layer of max(64, 2^k) ReLU units: one of 2^k alone is too small for few messages
 *
 * @throws TypeError, RangeError naming the field.
 */
export function checkedChannelConfig(given: GivenChannelAutoencoder): ChannelAutoencoderConfig {
  requireObject("config", given);
  const strange = Object.keys(given).find((name) => !known.includes(name));
  if (strange !== undefined)
    throw new RangeError(`"${strange}" is no field of a channel autoencoder; it has ${known.join(", ")}`);
  const { k, n, complex = false, encoder = "embedding", loss = "messages", peakToAverage } = given;
  requireWhole("k", k, 1, MOST_BITS);
  requireWhole("n", n, 1);
  requireFlag("complex", complex);
  requireChoice("encoder", encoder, ["embedding", "onehot"]);
  requireChoice("loss", loss, ["messages", "bits"]);
  const trainEbNoDb = given.trainEbNoDb ?? usualEbNoDb({ k, n, complex });
  requireDecibels(trainEbNoDb);
  requirePeak(peakToAverage);
  const channel: Channel = given.channel ?? { kind: "awgn" };
  requireChannel(channel, complex);
  const encoderHidden = given.encoderHidden ?? (encoder === "onehot" ? [2 ** k] : []);
  requireUnits("encoderHidden", encoderHidden);
  return {
    ...{ inputShape: [k], k, n, complex, encoder, encoderHidden },
    normalize: checkedNormalisation(given.normalize ?? "energy", complex),
    channel: describedChannel(channel),
    decoder: checkedReceiver(given.decoder ?? {}, k, complex),
    ...{ loss, trainEbNoDb },
    ...(peakToAverage && { peakToAverage }),
  };
}

function usualEbNoDb(link: Link): number {
  return Math.round(2 * (toDb(shannonLimit(link)) + 2.75)) / 2;
}

function checkedReceiver(given: Partial<NeuralReceiver>, k: number, complex: boolean): NeuralReceiver {
  requireObject("decoder", given);
  const fields = ["hidden", "activation", "equaliser", "state", "noise"];
  const strange = Object.keys(given).find((name) => !fields.includes(name));
  if (strange !== undefined) throw new RangeError(`"decoder" expected ${fields.join(", ")}, got "${strange}"`);
  const { hidden = [Math.max(64, 2 ** k)], activation = "relu", state = false, noise = false, equaliser } = given;
  requireUnits("decoder.hidden", hidden);
  requireChoice("decoder.activation", activation, ["relu", "tanh", "sigmoid", "softplus"]);
  requireFlag("decoder.state", state);
  requireFlag("decoder.noise", noise);
  if (equaliser) {
    if (!complex) throw new RangeError(`"decoder.equaliser" expected complex uses`);
    requireWhole("decoder.equaliser.taps", equaliser.taps, 1, 1024);
    requireUnits("decoder.equaliser.hidden", equaliser.hidden);
  }
  return { hidden, activation, state, noise, ...(equaliser && { equaliser }) };
}

function requireDecibels(given: number | DecibelRange): void {
  if (typeof given === "number") return requireFinite("trainEbNoDb", given);
  requireObject("trainEbNoDb", given);
  requireFinite("trainEbNoDb.from", given.from);
  requireFinite("trainEbNoDb.to", given.to);
  if (given.from >= given.to)
    throw new RangeError(`"trainEbNoDb" expected from < to, got ${given.from} and ${given.to}`);
}

function requirePeak(given: ChannelAutoencoderConfig["peakToAverage"]): void {
  if (given === undefined) return;
  requireObject("peakToAverage", given);
  requirePositive("peakToAverage.most", given.most);
  requirePositive("peakToAverage.weight", given.weight);
}

function requireFinite(name: string, value: number): void {
  requireNumber(name, value);
  if (!Number.isFinite(value)) throw new RangeError(`"${name}" expected a finite number, got ${value}`);
}

function requireUnits(name: string, units: readonly number[]): void {
  if (!Array.isArray(units)) throw new TypeError(`"${name}" expected an array of whole numbers, got ${typeof units}`);
  units.forEach((one) => requireWhole(name, one, 1));
}

function requireFlag(name: string, value: boolean): void {
  if (typeof value !== "boolean") throw new TypeError(`"${name}" expected true or false, got ${typeof value}`);
}

function requireChoice(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new RangeError(`"${name}" expected ${choices.join(" or ")}, got ${String(value)}`);
}
