/** A link whose transmitter and receiver are learned together (O'Shea, Hoydis 2017). */
import { GraphBuilder, type Node, type Program } from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { type Channel, throughChannel } from "../channel-layers/channel.ts";
import { peakToAverage } from "../layers/normalise.ts";
import { toComplex, toReal } from "../layers/complex.ts";
import { ebNoFromDb, noiseDeviation } from "../units.ts";
import { type ChannelAutoencoderConfig, checkedChannelConfig, type GivenChannelAutoencoder } from "./config.ts";
import { crossEntropyOf, decisions, messagesOf, type SentMessages } from "./decisions.ts";
import { receiverLogits } from "./receiver.ts";
import { transmitted, transmitterCodebook } from "./transmitter.ts";

/** In model files. */
export const CHANNEL_AUTOENCODER = "channel-ae";

/**
 * A link as `fit` trains it. Its programs speak of messages and signals:
 *
 * - `encoder`: `label` (i32 [batch], the message) -> `z` [batch, dimensions], what is sent
 * - `decoder`: `received` [batch, dimensions] [, `state`, `deviation` [batch, 1]] -> `logits` and `probabilities`, of the messages [batch, 2^k]
 *   or of the bits [batch, k]
 */
export interface ChannelAutoencoder extends ModelDefinition<ChannelAutoencoderConfig> {
  /** Every message's signal: -> `codebook` [2^k, dimensions]. */
  readonly codebook: Program;
  /**
   * The whole link at any Eb/N0: `label`, `seed`, `step`, `deviation` (f32 [], of the noise per real dimension) -> `sent`, `received` [, `state`],
   * and per example `blockErrors`, `bitErrors`, `crossEntropy` (nats).
   */
  readonly link: Program;
}

/**
 * Transmitter, channel and receiver as one network.
 *
 *     message -> transmitter -> normalisation -> channel -> receiver -> logits of messages or bits
 *
 * Messages are equally likely. The loss is the cross-entropy in nats per message, and beside it `information`, in bits per message:
 * I(S; Y) >= H(S) - crossEntropy / ln 2, of the bits one by one where the loss is. Metrics per example: `blockErrors` (a message that is not
 * uniquely the most likely one is wrong), `bitErrors`, `crossEntropy`, `information`.
 *
 * @throws TypeError, RangeError naming the field.
 */
export function channelAutoencoder(given: GivenChannelAutoencoder): ChannelAutoencoder {
  const config = checkedChannelConfig(given);
  const parts: Parts = { config, channel: given.channel ?? { kind: "awgn" } };
  const [encoder, decoder] = [encoding(parts), decoding(parts)];
  const loss = training(parts);
  return {
    kind: CHANNEL_AUTOENCODER,
    config,
    parameters: { ...encoder.state, ...decoder.state },
    encoder,
    decoder,
    codebook: lookUpTable(parts),
    link: wholeLink(parts),
    evaluation: evaluation(parts),
    phases: [{ name: "link", loss, parameters: Object.keys(loss.state) }],
  };
}

interface Parts {
  readonly config: ChannelAutoencoderConfig;
  /** With the user's functions. */
  readonly channel: Channel;
}

/** One pass of a batch. */
interface Pass {
  readonly codebook: Node;
  readonly sent: Node;
  readonly received: Node;
  readonly state?: Node;
  readonly logits: Node;
  /** Nats, [batch]. */
  readonly crossEntropy: Node;
  readonly messages: SentMessages;
}

function encoding({ config }: Parts): Program {
  const build = new GraphBuilder();
  const z = transmitted(build, transmitterCodebook(build, config), labelInput(build));
  return build.program({ outputs: { z } });
}

function lookUpTable({ config }: Parts): Program {
  const build = new GraphBuilder();
  return build.program({ outputs: { codebook: transmitterCodebook(build, config) } });
}

/** What the channel hands on decides what the receiver takes. */
function decoding(parts: Parts): Program {
  const { config } = parts;
  const shapes = pass(new GraphBuilder(), parts, (build) => build.scalar(1));
  const build = new GraphBuilder();
  const state = config.decoder.state && shapes.state ? { state: build.input("state", shapes.state.shape) } : {};
  const deviation = config.decoder.noise ? { deviation: build.input("deviation", ["batch", 1]) } : {};
  const received = build.input("received", shapes.received.shape);
  const logits = receiverLogits(build, { received, ...state, ...deviation }, config);
  const probabilities = config.loss === "messages" ? build.softmax(logits) : build.sigmoid(logits);
  return build.program({ outputs: { logits, probabilities } });
}

function training(parts: Parts): Program {
  const build = new GraphBuilder();
  const made = pass(build, parts, (graph) => trainingDeviation(graph, parts.config));
  const crossEntropy = build.mean(made.crossEntropy);
  const information = informationOf(build, crossEntropy, parts.config);
  const { peakToAverage: peak, complex } = parts.config;
  if (!peak) return build.program({ outputs: { loss: crossEntropy, information } });
  const excess = build.relu(build.sub(peakToAverage(build, made.codebook, complex), build.scalar(peak.most)));
  const penalty = build.mul(excess, build.scalar(peak.weight));
  return build.program({ outputs: { loss: build.add(crossEntropy, penalty), crossEntropy, information, penalty } });
}

function evaluation(parts: Parts): Program {
  const build = new GraphBuilder();
  const made = pass(build, parts, (graph) => trainingDeviation(graph, parts.config));
  const { crossEntropy } = made;
  const information = informationOf(build, crossEntropy, parts.config);
  return build.program({
    outputs: { ...decisions(build, made.logits, made.messages, parts.config), crossEntropy, information },
  });
}

function wholeLink(parts: Parts): Program {
  const build = new GraphBuilder();
  const made = pass(build, parts, (graph) => graph.input("deviation", []));
  const { sent, received, state, crossEntropy } = made;
  const outputs = {
    sent,
    received,
    ...(state && { state }),
    ...decisions(build, made.logits, made.messages, parts.config),
    crossEntropy,
  };
  return build.program({ outputs });
}

function pass(build: GraphBuilder, { config, channel }: Parts, deviationOf: (build: GraphBuilder) => Node): Pass {
  const { complex, n } = config;
  const label = labelInput(build);
  const messages = messagesOf(build, label, config.k);
  const codebook = transmitterCodebook(build, config);
  const sent = transmitted(build, codebook, label);
  const deviation = deviationOf(build);
  const source = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32") };
  const noise = (name: string) => ({ ...source, stream: `channel/${name}` });
  const { y, state } = throughChannel(
    channel,
    { build, n, complex, deviation, noise },
    complex ? toComplex(build, sent) : sent,
  );
  const received = complex ? toReal(build, y) : y;
  const seen = { received, ...(state && { state }), deviation: build.broadcastTo(deviation, ["batch", 1]) };
  const logits = receiverLogits(build, seen, config);
  return {
    codebook,
    sent,
    received,
    ...(state && { state }),
    logits,
    crossEntropy: crossEntropyOf(build, logits, messages, config),
    messages,
  };
}

/** H(S) - crossEntropy, bits. */
function informationOf(build: GraphBuilder, crossEntropy: Node, { k }: ChannelAutoencoderConfig): Node {
  return build.sub(build.scalar(k), build.mul(crossEntropy, build.scalar(1 / Math.LN2)));
}

function labelInput(build: GraphBuilder): Node {
  return build.input("label", ["batch"], "i32");
}

/** Of the noise per real dimension: a scalar, or one for each example, [batch, 1]. */
function trainingDeviation(build: GraphBuilder, { trainEbNoDb, ...link }: ChannelAutoencoderConfig): Node {
  if (typeof trainEbNoDb === "number") return build.scalar(noiseDeviation(ebNoFromDb(trainEbNoDb), link));
  const { from, to } = trainEbNoDb;
  const source = { seed: build.input("seed", [2], "i32"), step: build.input("step", [2], "i32"), stream: "ebno" };
  const decibels = build.mul(build.randomUniform(["batch", 1], source), build.scalar(to - from));
  const factor = build.exp(build.mul(decibels, build.scalar(-Math.LN10 / 20)));
  return build.mul(factor, build.scalar(noiseDeviation(ebNoFromDb(from), link)));
}
