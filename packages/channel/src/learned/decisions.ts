import type { GraphBuilder, Node } from "@isthmus/graph";
import type { ChannelAutoencoderConfig } from "./config.ts";

/** The messages of a batch, as a loss wants them. */
export interface SentMessages {
  /** [batch, 2^k] */
  readonly oneHot: Node;
  /** The bits of the message's number, the lowest first, [batch, k]. */
  readonly bits: Node;
}

/** Labels i32 [batch] in [0, 2^k). */
export function messagesOf(build: GraphBuilder, label: Node, k: number): SentMessages {
  return { oneHot: build.oneHot(label, 2 ** k), bits: build.gather(bitTable(build, k), label) };
}

/** The bits of every message, [2^k, k]. */
export function bitTable(build: GraphBuilder, k: number): Node {
  return build.constant(
    [2 ** k, k],
    Array.from({ length: 2 ** k * k }, (_, at) => (Math.floor(at / k) >> (at % k)) & 1),
  );
}

type Deciding = Pick<ChannelAutoencoderConfig, "loss" | "k">;

/** Of logits of messages or bits, nats per message, [batch]. */
export function crossEntropyOf(build: GraphBuilder, logits: Node, sent: SentMessages, { loss }: Deciding): Node {
  if (loss === "messages") return build.softmaxCrossEntropy(logits, sent.oneHot);
  return build.sum(build.sigmoidCrossEntropy(logits, sent.bits), { axes: [1] });
}

/** What a receiver gets wrong. */
export interface Decisions {
  /** 1 where the message is wrong, [batch]. */
  readonly blockErrors: Node;
  /** How many of the k bits are, [batch]. */
  readonly bitErrors: Node;
}

/**
 * Decisions of logits held against the messages: of messages the largest logit, of bits the sign of each. A tie, or NaN, is an error: a
 * receiver that cannot tell messages apart has not decided.
 */
export function decisions(
  build: GraphBuilder,
  logits: Node,
  { oneHot, bits }: SentMessages,
  { loss, k }: Deciding,
): Decisions {
  if (loss === "bits") {
    const signs = build.sub(build.mul(bits, build.scalar(2)), build.scalar(1));
    const right = build.sum(build.greater(build.mul(logits, signs), build.scalar(0)), { axes: [1] });
    const bitErrors = build.sub(build.scalar(k), right);
    return { blockErrors: build.greater(bitErrors, build.scalar(0)), bitErrors };
  }
  const own = build.sum(build.mul(logits, oneHot), { axes: [1], keepDims: true });
  const atLeast = build.sum(build.greaterEqual(logits, own), { axes: [1] });
  const largest = build.equal(logits, build.max(logits, { axes: [1], keepDims: true }));
  const decided = build.greater(build.matmul(largest, bitTable(build, k)), build.scalar(0.5));
  return {
    blockErrors: build.notEqual(atLeast, build.scalar(1)),
    bitErrors: build.sum(build.notEqual(decided, bits), { axes: [1] }),
  };
}
