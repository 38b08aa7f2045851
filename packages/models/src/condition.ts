import type { GraphBuilder, Node } from "@isthmus/graph";

/** What the networks of a model are told beside x and z, [batch, size]. */
export interface Condition {
  /** Of an example. */
  of(build: GraphBuilder, x: Node): Node;
  /** In a program that sees no x: an input. */
  input(build: GraphBuilder): Node;
  /** What of x is left to the likelihood, flat. */
  rest(build: GraphBuilder, x: Node): Node;
  /** x of such a rest and the condition; zeros stand for a condition that is left out. */
  whole(build: GraphBuilder, rest: Node, condition?: Node): Node;
  /** Where it is made of an image. */
  readonly image?: ImageCondition;
}

/** A condition that is made of an image. */
export interface ImageCondition {
  /** Its own `[height, width, channels]`. */
  readonly shape: readonly number[];
  /** Of each feature of the image, the feature of the condition that tells of it, or -1. */
  readonly toldBy: readonly number[];
  /** Whether it tells the features themselves, which the likelihood is not of, rather than means of them. */
  readonly isExact: boolean;
}

/** A label, one-hot, beside an x that is all to be modelled. */
export function labelCondition(classes: number): Condition {
  const input = (build: GraphBuilder): Node => build.oneHot(build.input("label", ["batch"], "i32"), classes);
  return { of: input, input, rest: (_, x) => x, whole: (_, rest) => rest };
}
