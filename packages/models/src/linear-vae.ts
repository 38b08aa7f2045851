import { dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { elbo, gaussianLogProb } from "@isthmus/math";
import { type BaseConfig, checkedConfig, featureCount, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { observation } from "./likelihood.ts";
import { gaussianPosterior } from "./posterior.ts";
import { standardPrior } from "./prior.ts";
import { hasNoLayers } from "./trunk.ts";
import { meanParts, type Seen, variationalModel } from "./variational.ts";

export const linearVaeKind: ModelKind = {
  kind: "linear-vae",
  summary: "VAE without hidden layers: probabilistic PCA, or factor analysis",
  defaults: {
    trunk: { kind: "dense", hidden: [] },
    latent: 10,
    likelihood: { kind: "gaussian", variance: "shared" },
  },
  fields: {},
};

/**
 * VAE with one linear map each way and a posterior variance that does not depend on x:
 *
 *     q(z | x) = N(V x + c, diag(D)),   p(x | z) = N(W z + b, Psi)
 *
 * Its best ELBO is the largest log-likelihood of probabilistic PCA where Psi is one `shared` variance (Tipping, Bishop
 * 1999; Lucas et al. 2019), of factor analysis where it is one `perFeature`: the posterior of both is of this form, once W
 * is turned so that W^T Psi^-1 W is diagonal, and nothing but the ELBO asks for that. Training takes the expectation over
 * z in closed form:
 *
 *     E log p(x | z) = log N(x; W mu + b, Psi) - sum_f sum_j D_j W_jf^2 / (2 Psi_f)
 *
 * Metrics are of a drawn z as everywhere.
 *
 * @throws TypeError or RangeError naming the field
 */
export function linearVae(given: Given = {}): ModelDefinition {
  const config = checkedConfig(linearVaeKind, given);
  const { trunk, decoder = trunk, likelihood, latent } = config;
  for (const [field, given] of Object.entries({ trunk, decoder })) {
    if (hasNoLayers(given)) continue;
    const got = `${given.kind} [${given.hidden.join(", ")}]`;
    throw new RangeError(`"${field}" expected dense without hidden layers, as a linear map is, got ${got}`);
  }
  if (likelihood.kind !== "gaussian") {
    throw new RangeError(`"likelihood.kind" expected gaussian for a linear model, got ${likelihood.kind}`);
  }
  return variationalModel({
    kind: linearVaeKind.kind,
    config,
    codeSize: latent,
    posterior: (build, x) => {
      const mu = dense(build, x, { name: "encoder.mu", units: latent });
      const logVar = build.state("encoder.logVar", { shape: [latent], init: { kind: "zeros" } });
      return gaussianPosterior(build, { mu, logVar: build.broadcastTo(logVar, mu.shape) });
    },
    prior: (build) => standardPrior(build, latent),
    decode: (build, z) => observation(build, mean(build, z, config), config),
    objective: (build, seen) => objective(build, seen, config),
  });
}

/** W z + b, [batch, features]. */
function mean(build: GraphBuilder, z: Node, config: BaseConfig): Node {
  return dense(build, z, { name: "decoder.output", units: featureCount(config) });
}

function objective(build: GraphBuilder, { x, q, prior }: Seen, config: BaseConfig): Record<string, Node> {
  const { mu, logVar } = q.diagonal!;
  const p = observation(build, mean(build, mu, config), config);
  if (p.kind !== "gaussian") throw new TypeError(`linear-vae: expected a Gaussian, got ${p.kind}`);
  const logPsi = "logVar" in p.scale ? p.scale.logVar : build.log(build.scalar(p.scale.variance));
  const W = build.state("decoder.output.kernel", build.stateSpec["decoder.output.kernel"]!);
  const spread = build.matmul(build.exp(logVar), build.square(W));
  const lost = build.sum(build.mul(spread, build.exp(build.neg(logPsi))), { axes: [-1] });
  const atMean = gaussianLogProb(build, x, { mu: p.mu, logVar: logPsi });
  const logLikelihood = build.sub(atMean, build.mul(build.scalar(0.5), lost));
  const kl = prior.kl(q)!.total;
  const loss = build.neg(build.mean(elbo(build, { logLikelihood, kl })));
  return { loss, ...meanParts(build, { reconstruction: build.neg(logLikelihood), kl }) };
}
