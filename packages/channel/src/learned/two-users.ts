/** Two links in one place, learned together: each transmitter disturbs the other's receiver (O'Shea, Hoydis 2017, section III-C). */
import { GraphBuilder, type Node, type NoiseSource, type Program } from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { interference } from "../channel-layers/interference.ts";
import { requireNumber } from "../checks.ts";
import { toComplex, toReal } from "../layers/complex.ts";
import { ebNoFromDb, noiseDeviation } from "../units.ts";
import { type ChannelAutoencoderConfig, checkedChannelConfig, type GivenChannelAutoencoder } from "./config.ts";
import { crossEntropyOf, decisions, type SentMessages } from "./decisions.ts";
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
/** All pairs of messages are looked up in tables. */
const MOST_BITS = 4;

/**
 * Two transmitters and two receivers that share their uses of the channel, as `fit` trains them on `messages({ k: 2 k, items })`: a label is the first
 * user's message plus 2^k times the second's.
 *
 * The loss weighs the users' cross-entropies by themselves, L_1^2 + L_2^2 over L_1 + L_2 with the weights held fixed, so that neither is left behind.
 * `encoder`: `label` -> `first`, `second`, what each sends; `decoder`: `first`, `second`, what each receives -> `firstLogits`, `secondLogits`.
 * Metrics per example: `firstBlockErrors`, `firstBitErrors`, `firstCrossEntropy`, and so of the second.
 *
 * @throws TypeError, RangeError naming the field; k is at most 4.
 */
export function twoUsers({ gain = 1, ...given }: GivenTwoUsers): ModelDefinition<TwoUsersConfig> {
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
    evaluation: evaluation(config),
    phases: [{ name: "links", loss, parameters: Object.keys(loss.state) }],
  };
}

const pairInput = (build: GraphBuilder): Node => build.input("label", ["batch"], "i32");

/** What both send, [batch, dimensions] each. */
function sent(build: GraphBuilder, config: TwoUsersConfig, pair: Node): readonly [Node, Node] {
  const size = 2 ** config.k;
  const signals = users.map((user, index) => {
    const book = transmitterCodebook(build, config, `${user}.`);
    const columns = book.shape[1] as number;
    // Row a + 2^k b of all pairs has point a of the first, b of the second.
    const spread = build.broadcastTo(build.expandDims(book, index), [size, size, columns]);
    return build.gather(build.reshape(spread, [size * size, columns]), pair);
  });
  return signals as unknown as readonly [Node, Node];
}

function logitsOf(build: GraphBuilder, config: TwoUsersConfig, received: readonly Node[]): readonly Node[] {
  return users.map((user, i) => receiverLogits(build, { received: received[i]! }, config, `${user}.`));
}

function encoding(config: TwoUsersConfig): Program {
  const build = new GraphBuilder();
  const [first, second] = sent(build, config, pairInput(build));
  return build.program({ outputs: { first, second } });
}

function decoding(config: TwoUsersConfig): Program {
  const build = new GraphBuilder();
  const columns = config.complex ? 2 * config.n : config.n;
  const received = users.map((user) => build.input(user, ["batch", columns]));
  const [firstLogits, secondLogits] = logitsOf(build, config, received) as readonly [Node, Node];
  return build.program({ outputs: { firstLogits, secondLogits } });
}

function heard(build: GraphBuilder, config: TwoUsersConfig, signals: readonly [Node, Node]): readonly Node[] {
  const { n, complex, gain, trainEbNoDb } = config;
  const source = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32") };
  const noise = (name: string): NoiseSource => ({ ...source, stream: `channel/${name}` });
  const deviation = build.scalar(noiseDeviation(ebNoFromDb(trainEbNoDb as number), { k: config.k, n, complex }));
  const uses = signals.map((x) => (complex ? toComplex(build, x) : x)) as unknown as readonly [Node, Node];
  const outputs = interference({ build, n, complex, deviation, noise }, uses, { gain });
  return outputs.map(({ y }) => (complex ? toReal(build, y) : y));
}

interface User {
  readonly crossEntropy: Node;
  readonly blockErrors: Node;
  readonly bitErrors: Node;
}

function both(build: GraphBuilder, config: TwoUsersConfig): readonly [User, User] {
  const pair = pairInput(build);
  const logits = logitsOf(build, config, heard(build, config, sent(build, config, pair)));
  return users.map((_, i) => {
    const message = ownMessage(build, config.k, pair, i);
    return {
      crossEntropy: crossEntropyOf(build, logits[i]!, message, config),
      ...decisions(build, logits[i]!, message, config),
    };
  }) as unknown as readonly [User, User];
}

/** Of a pair, by tables of all pairs. */
function ownMessage(build: GraphBuilder, k: number, pair: Node, user: number): SentMessages {
  const size = 2 ** k;
  const message = (row: number): number => (user === 0 ? row % size : Math.floor(row / size));
  const table = (columns: number, of: (message: number, column: number) => number): Node =>
    build.constant(
      [size * size, columns],
      Array.from({ length: size * size * columns }, (_, at) => of(message(Math.floor(at / columns)), at % columns)),
    );
  return {
    oneHot: build.gather(
      table(size, (m, column) => (m === column ? 1 : 0)),
      pair,
    ),
    bits: build.gather(
      table(k, (m, bit) => (m >> bit) & 1),
      pair,
    ),
  };
}

function training(config: TwoUsersConfig): Program {
  const build = new GraphBuilder();
  const [first, second] = both(build, config).map(({ crossEntropy }) => build.mean(crossEntropy)) as [Node, Node];
  const total = build.add(first, second);
  const weighed = (own: Node): Node => build.mul(own, build.stopGradient(build.div(own, total)));
  const outputs = {
    loss: build.add(weighed(first), weighed(second)),
    firstCrossEntropy: first,
    secondCrossEntropy: second,
  };
  return build.program({ outputs });
}

function evaluation(config: TwoUsersConfig): Program {
  const build = new GraphBuilder();
  const [first, second] = both(build, config);
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
