import type { Binarization, DenseConfig } from "@isthmus/models";

/**
 * What the likelihood takes the data to be, in plain words. Every report of a likelihood says it: the choice moves the
 * figure by tens of nats, and figures of different conventions do not compare.
 */
export function dataConvention({ likelihood, binarize, variance }: DenseConfig): string {
  const { alone, values } = words[binarize];
  return likelihood === "bernoulli" ? alone : `Gaussian likelihood, variance ${variance}, ${values}`;
}

const words: Readonly<Record<Binarization, { readonly alone: string; readonly values: string }>> = {
  none: { alone: "real-valued pixels as Bernoulli probabilities", values: "values in [0, 1]" },
  dynamic: { alone: "dynamic binarisation, Bernoulli likelihood", values: "values binarised dynamically" },
  threshold: { alone: "threshold at 0.5, Bernoulli likelihood", values: "values binarised at 0.5" },
};
