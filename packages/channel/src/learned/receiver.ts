import { type Activation, dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { complexConvolve, toComplex, toReal } from "../layers/complex.ts";
import type { ChannelAutoencoderConfig, Equaliser, NeuralReceiver } from "./config.ts";

/** What a receiver may see of a block. */
export interface Observed {
  /** [batch, numbers] */
  readonly received: Node;
  /** [batch, numbers] */
  readonly state?: Node;
  /** Standard deviation of the noise per real dimension, [batch, 1]. */
  readonly deviation?: Node;
}

/**
 * Logits of the messages, [batch, 2^k], or of the bits, [batch, k]: log P(1) / P(0).
 *
 * @param prefix Of its parameters' names, where there are several receivers.
 */
export function receiverLogits(
  build: GraphBuilder,
  seen: Observed,
  config: ChannelAutoencoderConfig,
  prefix = "",
): Node {
  const { decoder, loss, k } = config;
  const side = `${prefix}decoder`;
  const { equaliser, hidden, activation } = decoder;
  const known = knownBeside(build, seen, decoder);
  const signal = equaliser ? equalised(build, seen.received, known, equaliser, activation, side) : seen.received;
  const h = denseLayers(build, together(build, [signal, ...known]), `${side}.dense`, hidden, activation);
  return dense(build, h, { name: `${side}.output`, units: loss === "messages" ? 2 ** k : k });
}

/** @throws RangeError where the channel has no state to tell. */
function knownBeside(
  build: GraphBuilder,
  { state, deviation }: Observed,
  { state: told, noise }: NeuralReceiver,
): Node[] {
  if (told && !state) throw new RangeError(`"decoder.state" expected a channel with a state, one that fades`);
  return [...(told ? [state!] : []), ...(noise ? [build.log(deviation!)] : [])];
}

/** The received block through a filter whose taps a network makes of it: [batch, 2 n] -> [batch, 2 n]. */
function equalised(
  build: GraphBuilder,
  received: Node,
  known: readonly Node[],
  { taps, hidden }: Equaliser,
  activation: Activation,
  side: string,
): Node {
  const h = denseLayers(build, together(build, [received, ...known]), `${side}.taps`, hidden, activation);
  const filter = toComplex(build, dense(build, h, { name: `${side}.taps.output`, units: 2 * taps }));
  return toReal(build, complexConvolve(build, toComplex(build, received), filter));
}

function together(build: GraphBuilder, parts: readonly Node[]): Node {
  return parts.length === 1 ? parts[0]! : build.concat(parts, 1);
}

function denseLayers(
  build: GraphBuilder,
  x: Node,
  name: string,
  sizes: readonly number[],
  activation: Activation,
): Node {
  return sizes.reduce((h, units, index) => dense(build, h, { name: `${name}${index}`, units, activation }), x);
}
