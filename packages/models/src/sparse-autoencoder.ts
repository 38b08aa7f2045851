import type { GraphBuilder, Node } from "@isthmus/graph";
import { autoencoderDefinition, trunkCode } from "./autoencoder-family.ts";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";

export interface SparseAutoencoderConfig extends BaseConfig {
  readonly sparsity: "l1" | "kl";
  /** Of the penalty, in nats. */
  readonly sparsityWeight: number;
  /** The mean activation that the KL penalty pulls each unit to, in (0, 1). */
  readonly rho: number;
}

export const sparseAutoencoderKind: ModelKind = {
  kind: "sparse-ae",
  summary: "sparse autoencoder: few units of the code are active at a time",
  defaults: { trunk: { kind: "dense", hidden: [] }, latent: 100 },
  fields: {
    sparsity: {
      kind: "choice",
      default: "l1",
      choices: ["l1", "kl"],
      what: "penalty on a relu code's size, or on a sigmoid code's mean activation",
    },
    // 784 times the 1e-4 of the Keras examples, whose loss is a mean over the 784 pixels.
    sparsityWeight: { kind: "number", default: 0.0784, least: 0, most: 1e6, what: "of the sparsity penalty, in nats" },
    // Ng's lecture notes (CS294A) take 0.05, with a weight of 3 beside half the squared error.
    rho: { kind: "number", default: 0.05, least: 1e-4, most: 0.9999, what: "kl: mean activation aimed at" },
  },
};

/**
 * Sparse autoencoder. The code is rectified under the L1 penalty,
 *
 *     weight mean_batch sum_j |z_j|
 *
 * and between 0 and 1 (sigmoid) under the KL one, which compares each unit's mean over the batch with rho (Ng, CS294A):
 *
 *     weight sum_j KL(rho || mean_batch z_j)
 *
 * so that a code may have more units than the data has features.
 */
export function sparseAutoencoder(
  given: Given<SparseAutoencoderConfig> = {},
): ModelDefinition<SparseAutoencoderConfig> {
  const config = checkedConfig(sparseAutoencoderKind, given);
  const { sparsity, sparsityWeight, rho } = config;
  const penalty = (build: GraphBuilder, z: Node): Node => (sparsity === "l1" ? l1(build, z) : klToRho(build, z, rho));
  return autoencoderDefinition({
    described: sparseAutoencoderKind,
    config,
    code: (build, x) => trunkCode(build, x, config, sparsity === "l1" ? "relu" : "sigmoid"),
    penalties: (build, { z }) => ({ sparsity: build.mul(build.scalar(sparsityWeight), penalty(build, z)) }),
    metrics: (build, { z }) => ({
      meanActivation: build.mean(z, { axes: [-1] }),
      hoyerSparsity: hoyerSparsity(build, z, config.latent),
    }),
  });
}

function l1(build: GraphBuilder, z: Node): Node {
  return build.mean(build.sum(build.abs(z), { axes: [-1] }));
}

/** A mean that rounds to 0 or 1 would have no finite KL. */
const EDGE = 1e-6;

function klToRho(build: GraphBuilder, z: Node, rho: number): Node {
  const mean = build.mean(z, { axes: [0] });
  const rhoHat = build.minimum(build.maximum(mean, build.scalar(EDGE)), build.scalar(1 - EDGE));
  const term = (p: number, q: Node): Node => build.mul(build.scalar(p), build.log(build.div(build.scalar(p), q)));
  return build.sum(build.add(term(rho, rhoHat), term(1 - rho, build.sub(build.scalar(1), rhoHat))));
}

/** (sqrt n - |z|_1 / |z|_2) / (sqrt n - 1) per example (Hoyer 2004): 0 for equal units, 1 for a single one. [batch] */
function hoyerSparsity(build: GraphBuilder, z: Node, n: number): Node {
  const norm = build.sqrt(build.sum(build.square(z), { axes: [-1] }));
  const ratio = build.div(build.sum(build.abs(z), { axes: [-1] }), build.maximum(norm, build.scalar(EDGE)));
  const root = Math.sqrt(n);
  return build.mul(build.sub(build.scalar(root), ratio), build.scalar(n > 1 ? 1 / (root - 1) : 0));
}
