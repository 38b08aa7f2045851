import { UsageError } from "@isthmus/command-line/node";
import type { Dataset } from "@isthmus/data";
import type { Engine, Model } from "@isthmus/graph";
import {
  dci,
  type DiagonalGaussian,
  mutualInformationGap,
  type NdArray,
  ndArray,
  ndArrayOps,
  randomNormal,
  reparameterise,
} from "@isthmus/math";
import { checkedByUser } from "./errors.ts";
import { definitionOf } from "./model-files.ts";
import { encodeItems } from "./trained.ts";

/** Of a factor that takes two values or more. */
type FactorScores = {
  readonly name: string;
  readonly gap?: number;
  readonly completeness: number;
  /** Share of held-out items whose value is told rightly. */
  readonly told: number;
};

/** A type and not an interface, so that it is JSON to the compiler. */
export type Disentanglement = {
  /** Only of posteriors that are Gaussians with diagonal covariance: a code without noise has no information to compare. */
  readonly mutualInformationGap?: number;
  readonly disentanglement: number;
  readonly completeness: number;
  readonly informativeness: number;
  readonly factors: readonly FactorScores[];
};

/** @throws UsageError for data whose factors are not known or do not vary, or a model whose code cannot be measured */
export async function disentanglementOf(
  engine: Engine,
  model: Model,
  dataset: Dataset,
  seed: number,
): Promise<Disentanglement> {
  const { factors, name } = dataset;
  if (!factors) throw new UsageError(`--disentanglement goes with data whose factors are known, sprites; got ${name}`);
  const { items, dims, mean, logVar } = await encodeItems(engine, model, dataset);
  if (definitionOf(model).posterior && !logVar) {
    throw new UsageError(
      `--disentanglement goes with codes and with Gaussians of diagonal covariance; this has neither`,
    );
  }
  const array = (values: Float32Array): NdArray => ndArray([items, dims], Float64Array.from(values));
  const q = logVar && { mu: array(mean), logVar: array(logVar) };
  const gap = q && checkedByUser(() => mutualInformationGap(q, factors));
  const codes = q ? draws(q, seed) : array(mean);
  const scores = checkedByUser(() => dci(codes, factors, { key: { seed, stream: "dci" } }));
  return {
    ...(gap && { mutualInformationGap: gap.value }),
    disentanglement: scores.disentanglement,
    completeness: scores.completeness,
    informativeness: scores.informativeness,
    factors: scores.varying.map((factor, at) => ({
      name: factors.names[factor]!,
      ...(gap && { gap: gap.gaps[at]! }),
      completeness: scores.perFactorCompleteness[at]!,
      told: scores.perFactorInformativeness[at]!,
    })),
  };
}

/** One of each posterior: what the decoder was trained on, and where a latent given up tells nothing. */
function draws(q: DiagonalGaussian<NdArray>, seed: number): NdArray {
  const eps = new Float32Array(q.mu.data.length);
  randomNormal(eps, { seed, stream: "eps" });
  return reparameterise(ndArrayOps, q, ndArray(q.mu.shape, Float64Array.from(eps)));
}

export function disentanglementLines(scores: Disentanglement): string[] {
  const { mutualInformationGap: gap, disentanglement, completeness, informativeness, factors } = scores;
  const three = (value: number): string => value.toFixed(3);
  return [
    ...(gap === undefined
      ? []
      : [`mutual information gap (MIG) ${three(gap)}, exact under q(z|x) but for 100 intervals`]),
    `DCI: disentanglement ${three(disentanglement)}, completeness ${three(completeness)}, informativeness ${three(informativeness)}, by forests on ${gap === undefined ? "codes" : "draws of q(z|x)"}`,
    ...factors.map(
      (one) =>
        `  ${one.name}: ${one.gap === undefined ? "" : `gap ${three(one.gap)}, `}completeness ${three(one.completeness)}, told rightly ${(100 * one.told).toFixed(1)} %`,
    ),
  ];
}
