/** Two links in one place, learned together: each transmitter disturbs the other's receiver (O'Shea, Hoydis 2017, section III-C). */
import { GraphBuilder, type Node, type NoiseSource, type Program } from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { interference } from "../channel-layers/interference.ts";
import { requireNumber } from "../checks.ts";
import { toComplex, toReal } from "../layers/complex.ts";
import { ebNoFromDb, noiseDeviation } from "../units.ts";
import { type ChannelAutoencoderConfig, checkedChannelConfig, type GivenChannelAutoencoder } from "./config.ts";
import { bitTable, crossEntropyOf, decisions, type SentMessages } from "./decisions.ts";
import { receiverLogits } from "./receiver.ts";
import { transmitterCodebook } from "./transmitter.ts";

/** Both links alike. */
export interface TwoUsersConfig extends ChannelAutoencoderConfig {
  /** Amplitude with which each receiver hears the other transmitter. */
  readonly gain: number;
}

export interface GivenTwoUsers extends Omit<GivenChannelAutoencoder, "channel" | "peakToAverage"> {
  /** Default: 1, as loud as its own. */
  readonly gain?: number;
}

/** In model files. */
export const TWO_USERS = "two-users";

/** Of each user; the parameters of the first begin with `first.`. */
const users = ["first", "second"] as const;
/** Each; `messages` of 2 k bits are listed. */
const MOST_BITS = 8;

export interface TwoUsers extends ModelDefinition<TwoUsersConfig> {
  /** Both links at any Eb/N0: `x`, `seed`, `step`, `deviation` (f32 [], of the noise per real dimension) -> what `evaluation` gives. */
  readonly link: Program;
}

/**
 * Two transmitters and two receivers that share their uses of the channel, as `fit` trains them on `messages({ k: 2 k, items })`: of the bits of an
 * item the first k are the first user's message, the others the second's.
 *
 * The loss weighs the users' cross-entropies by themselves, L_1^2 + L_2^2 over L_1 + L_2 with the weights held fixed, so that neither is left behind.
 * `encoder`: `x` -> `first`, `second`, what each sends; `decoder`: `first`, `second`, what each receives -> `firstLogits`, `secondLogits`.
 * Metrics per example: `firstBlockErrors`, `firstBitErrors`, `firstCrossEntropy`, and so of the second; {@link measureTwoUsers} measures both.
 *
 * @throws TypeError, RangeError naming the field; k is at most 8.
 */
export function twoUsers({ gain = 1, ...given }: GivenTwoUsers): TwoUsers {
  const link = checkedChannelConfig(given);
  requireNumber("gain", gain);
  if (!Number.isFinite(gain)) throw new RangeError(`"gain" expected a finite number, got ${gain}`);
  if (link.k > MOST_BITS) throw new RangeError(`"k" expected at most ${MOST_BITS} for two users, got ${link.k}`);
  if (typeof link.trainEbNoDb !== "number") throw new RangeError(`"trainEbNoDb" expected one number for two users`);
  if (link.decoder.state || link.decoder.noise)
    throw new RangeError(`"decoder" of two users is told neither state nor noise`);
  const config: TwoUsersConfig = { ...link, inputShape: [2 * link.k], gain };
  const [encoder, decoder, loss] = [encoding(config), decoding(config), training(config)];
  return {
    ...{ kind: TWO_USERS, config, parameters: { ...encoder.state, ...decoder.state }, encoder, decoder },
    evaluation: evaluation(config, trainingDeviation),
    link: evaluation(config, (build) => build.input("deviation", [])),
    phases: [{ name: "links", loss, parameters: Object.keys(loss.state) }],
  };
}

/** The messages of both: bits [batch, 2 k]. */
function bothMessages(build: GraphBuilder, { k }: TwoUsersConfig): readonly [SentMessages, SentMessages] {
  const x = build.input("x", ["batch", 2 * k]);
  const own = (user: number): SentMessages => {
    const bits = build.slice(x, { axis: 1, begin: user * k, end: (user + 1) * k });
    return { bits, oneHot: oneHotOf(build, bits, k) };
  };
  return [own(0), own(1)];
}

/** [batch, k] -> [batch, 2^k]: 1 where all k bits agree with those of a message, as signs whose products sum to k. */
function oneHotOf(build: GraphBuilder, bits: Node, k: number): Node {
  const signs = (from: Node): Node => build.sub(build.mul(from, build.scalar(2)), build.scalar(1));
  const agreement = build.matmul(signs(bits), build.transpose(signs(bitTable(build, k)), [1, 0]));
  return build.greater(agreement, build.scalar(k - 1));
}

/** What both send, [batch, dimensions] each. */
function sent(
  build: GraphBuilder,
  config: TwoUsersConfig,
  both: readonly [SentMessages, SentMessages],
): readonly [Node, Node] {
  const signal = (user: number): Node =>
    build.matmul(both[user]!.oneHot, transmitterCodebook(build, config, `${users[user]}.`));
  return [signal(0), signal(1)];
}

function logitsOf(build: GraphBuilder, config: TwoUsersConfig, received: readonly Node[]): readonly Node[] {
  return users.map((user, i) => receiverLogits(build, { received: received[i]! }, config, `${user}.`));
}

function encoding(config: TwoUsersConfig): Program {
  const build = new GraphBuilder();
  const [first, second] = sent(build, config, bothMessages(build, config));
  return build.program({ outputs: { first, second } });
}

function decoding(config: TwoUsersConfig): Program {
  const build = new GraphBuilder();
  const columns = config.complex ? 2 * config.n : config.n;
  const received = users.map((user) => build.input(user, ["batch", columns]));
  const [firstLogits, secondLogits] = logitsOf(build, config, received) as readonly [Node, Node];
  return build.program({ outputs: { firstLogits, secondLogits } });
}

type DeviationOf = (build: GraphBuilder, config: TwoUsersConfig) => Node;

const trainingDeviation: DeviationOf = (build, { k, n, complex, trainEbNoDb }) =>
  build.scalar(noiseDeviation(ebNoFromDb(trainEbNoDb as number), { k, n, complex }));

function heard(
  build: GraphBuilder,
  { n, complex, gain }: TwoUsersConfig,
  signals: readonly [Node, Node],
  deviation: Node,
): readonly Node[] {
  const source = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32") };
  const noise = (name: string): NoiseSource => ({ ...source, stream: `channel/${name}` });
  const uses = signals.map((x) => (complex ? toComplex(build, x) : x)) as unknown as readonly [Node, Node];
  const outputs = interference({ build, n, complex, deviation, noise }, uses, { gain });
  return outputs.map(({ y }) => (complex ? toReal(build, y) : y));
}

interface User {
  readonly crossEntropy: Node;
  readonly blockErrors: Node;
  readonly bitErrors: Node;
}

function both(build: GraphBuilder, config: TwoUsersConfig, deviationOf: DeviationOf): readonly [User, User] {
  const messages = bothMessages(build, config);
  const received = heard(build, config, sent(build, config, messages), deviationOf(build, config));
  const logits = logitsOf(build, config, received);
  return messages.map((message, i) => ({
    crossEntropy: crossEntropyOf(build, logits[i]!, message, config),
    ...decisions(build, logits[i]!, message, config),
  })) as unknown as readonly [User, User];
}

function training(config: TwoUsersConfig): Program {
  const build = new GraphBuilder();
  const [first, second] = both(build, config, trainingDeviation).map(({ crossEntropy }) =>
    build.mean(crossEntropy),
  ) as [Node, Node];
  const total = build.add(first, second);
  const weighed = (own: Node): Node => build.mul(own, build.stopGradient(build.div(own, total)));
  const outputs = {
    loss: build.add(weighed(first), weighed(second)),
    firstCrossEntropy: first,
    secondCrossEntropy: second,
  };
  return build.program({ outputs });
}

function evaluation(config: TwoUsersConfig, deviationOf: DeviationOf): Program {
  const build = new GraphBuilder();
  const [first, second] = both(build, config, deviationOf);
  return build.program({
    outputs: {
      ...{
        firstBlockErrors: first.blockErrors,
        firstBitErrors: first.bitErrors,
        firstCrossEntropy: first.crossEntropy,
      },
      ...{
        secondBlockErrors: second.blockErrors,
        secondBitErrors: second.bitErrors,
        secondCrossEntropy: second.crossEntropy,
      },
    },
  });
}
