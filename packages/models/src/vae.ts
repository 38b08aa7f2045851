import type { GraphBuilder, Node } from "@isthmus/graph";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { fullCovariancePosterior } from "./full-covariance-posterior.ts";
import { mixturePosterior } from "./mixture-posterior.ts";
import * as parts from "./parts.ts";
import { diagonalPosterior, type Posterior } from "./posterior.ts";
import { standardPrior } from "./prior.ts";
import { encoderTrunk } from "./trunk.ts";
import { variationalModel } from "./variational.ts";

export interface VaeConfig extends BaseConfig {
  /** q(z | x): a Gaussian with diagonal or full covariance, or a mixture of diagonal ones. */
  readonly posterior: "diagonal" | "full" | "mixture";
  /** Of a mixture; others have none. */
  readonly components?: number;
}

export const vaeKind: ModelKind = {
  kind: "vae",
  summary: "variational autoencoder: prior N(0, I), maximises the ELBO",
  defaults: {},
  fields: {
    posterior: {
      kind: "choice",
      default: "diagonal",
      choices: ["diagonal", "full", "mixture"],
      what: "q(z|x): Gaussian with that covariance, or a mixture of diagonal ones",
    },
    // Every component costs a pass through the decoder in each step.
    components: {
      kind: "integer",
      default: 3,
      least: 2,
      most: 100,
      what: "Gaussians of a mixture, or pseudo-inputs",
      onlyWith: { field: "posterior", value: "mixture" },
    },
  },
};

/**
 * Variational autoencoder (Kingma, Welling 2014).
 *
 *     x -> encoder -> mu, logVar -> z = mu + exp(logVar / 2) eps -> decoder -> p(x | z)
 *
 * Posterior q(z | x) = N(mu, diag(exp(logVar))) or a richer one, prior p(z) = N(0, I). The loss is the negative ELBO in
 * nats, summed over features and averaged over the batch, with one drawn z per example.
 *
 * @throws TypeError or RangeError naming the field
 */
export function vae(given: Given<VaeConfig> = {}): ModelDefinition<VaeConfig> {
  const config = checkedConfig(vaeKind, given);
  if (config.posterior === "full" && config.latent < 2) {
    throw new RangeError(`"latent" expected at least 2 for a full covariance, got ${config.latent}`);
  }
  return variationalModel({
    kind: vaeKind.kind,
    config,
    codeSize: config.latent,
    posterior: (build, x) => posterior(build, encoderTrunk(build, x, config), config),
    prior: (build) => standardPrior(build, config.latent),
    decode: (build, z) => parts.decoded(build, z, config),
  });
}

function posterior(build: GraphBuilder, h: Node, { posterior: kind, latent, components }: VaeConfig): Posterior {
  if (kind === "full") return fullCovariancePosterior(build, h, latent);
  return kind === "mixture" ? mixturePosterior(build, h, latent, components!) : diagonalPosterior(build, h, latent);
}
