import { type BaseConfig, type Binarization, type Likelihood, scoredPart } from "@isthmus/models";

/**
 * What the likelihood takes the data to be, in plain words, and which part of them it is of where it is not of all. Every
 * report of a likelihood says it: the choice moves the figure by tens of nats, and figures of different conventions do not
 * compare.
 */
export function dataConvention(
  config: Pick<BaseConfig, "likelihood" | "binarize">,
  described?: DescribedItems,
): string {
  const part = scoredPart(config);
  return `${valuesWords(config, described)}${part === undefined ? "" : `; ${part}`}`;
}

/** A codec, which has a `lambda`, has no likelihood. */
function valuesWords(config: Pick<BaseConfig, "likelihood" | "binarize">, described?: DescribedItems): string {
  const { likelihood, binarize } = config;
  const { alone, values } = words[binarize];
  if (likelihood.kind === "bernoulli") return alone;
  const given = (binarize === "none" && described && standardised(described)) || values;
  return `${Object.hasOwn(config, "lambda") ? "squared error" : likelihoodWords(likelihood)}, ${given}`;
}

/** The description of a data set, or the `data` of a model file, where the numbers were made of a user's. */
export interface DescribedItems {
  readonly item: { readonly kind?: unknown; readonly offset?: unknown; readonly scale?: unknown };
}

/** Bytes over 255 are in [0, 1]; other numbers are where their standardisation takes them. */
function standardised({ item: { kind, offset, scale } }: DescribedItems): string | undefined {
  if (kind === "table") return "columns as they are standardised";
  return kind === "array" && (offset !== 0 || scale !== 255) ? "values as they are standardised" : undefined;
}

function likelihoodWords(likelihood: Exclude<Likelihood, { kind: "bernoulli" }>): string {
  if (likelihood.kind === "discretisedLogistic") {
    return `discretised logistic likelihood, ${likelihood.levels} levels on [0, 1], one learned scale`;
  }
  if (likelihood.kind === "logisticMixture") {
    const { levels, logistics } = likelihood;
    return `likelihood a mixture of ${logistics} discretised logistics, ${levels} levels on [0, 1], predicted for each feature of each item`;
  }
  const { variance, value } = likelihood;
  if (variance === "fixed") return `Gaussian likelihood, variance ${value}`;
  return `Gaussian likelihood, ${learned[variance]}`;
}

const learned = {
  shared: "one learned variance",
  perFeature: "a learned variance for each feature",
  predicted: "a variance predicted for each feature of each item",
};

const words: Readonly<Record<Binarization, { readonly alone: string; readonly values: string }>> = {
  none: { alone: "real-valued pixels as Bernoulli probabilities", values: "values in [0, 1]" },
  dynamic: { alone: "dynamic binarisation, Bernoulli likelihood", values: "values binarised dynamically" },
  threshold: { alone: "threshold at 0.5, Bernoulli likelihood", values: "values binarised at 0.5" },
};
