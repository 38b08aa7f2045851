import type { GraphBuilder, Node, NoiseSource } from "@isthmus/graph";

/** Where a channel is written: a graph, a link, and noise of its own. */
export interface ChannelScope {
  readonly build: GraphBuilder;
  /** Uses of a block. */
  readonly n: number;
  readonly complex: boolean;
  /**
   * Standard deviation of the link's Gaussian noise in each real dimension, at unit power and the Eb/N0 of the moment: a scalar, or [batch, 1].
   */
  readonly deviation: Node;
  /** Noise by a name that the channel has not used yet; fresh at every step, in each program the same for the same seed and step. */
  noise(name: string): NoiseSource;
}

/** What comes out of a channel. */
export interface ChannelOutput {
  /** Real uses [batch, n], complex ones as pairs [batch, n, 2]; n may differ from the uses sent. */
  readonly y: Node;
  /** What a receiver that knows the channel is told of this block, [batch, numbers]. */
  readonly state?: Node;
}

/** Written into a graph: x, real uses [batch, n] or pairs [batch, n, 2], becomes what is received. */
export type ChannelLayer = (scope: ChannelScope, x: Node) => ChannelOutput;

/** The same scope one level further down, so that two channels of a chain draw noise of their own. */
export function scopeWithin(scope: ChannelScope, name: string): ChannelScope {
  return { ...scope, noise: (own) => scope.noise(`${name}/${own}`) };
}

/** [batch, 1] or a scalar, as it broadcasts against signals: pairs have one axis more. */
export function besideUses({ build, complex }: Pick<ChannelScope, "build" | "complex">, perBlock: Node): Node {
  return complex && perBlock.shape.length > 0 ? build.expandDims(perBlock, -1) : perBlock;
}
