import { type Activation, dense, type GraphBuilder, type Node, vjp } from "@isthmus/graph";
import { autoencoderDefinition, codeActivationField, type Pass, trunkCode } from "./autoencoder-family.ts";
import { type BaseConfig, checkedConfig, featureCount, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { type Observation, observation } from "./likelihood.ts";
import { decoded, noiseInputs } from "./parts.ts";
import { hasNoLayers } from "./trunk.ts";

export interface ContractiveAutoencoderConfig extends BaseConfig {
  readonly jacobian: "analytic" | "exact" | "sampled";
  /** Of the penalty, in nats. */
  readonly contraction: number;
  /** Whether the decoder's weights are the encoder's, transposed. */
  readonly tied: boolean;
  readonly codeActivation: Activation;
}

export const contractiveAutoencoderKind: ModelKind = {
  kind: "contractive-ae",
  summary: "contractive autoencoder: a code that small changes of the input hardly move",
  defaults: { trunk: { kind: "dense", hidden: [] }, latent: 100 },
  fields: {
    jacobian: {
      kind: "choice",
      default: "analytic",
      choices: ["analytic", "exact", "sampled"],
      what: "the penalty by the formula of one sigmoid layer, by differentiating each unit, or by one random direction",
    },
    // That of the Theano tutorial's cA, for the same loss.
    contraction: { kind: "number", default: 0.1, least: 0, most: 1e6, what: "weight of ||dz/dx||^2, in nats" },
    // Else the encoder could shrink and the decoder grow: a small Jacobian and nothing gained (Rifai et al. 2011).
    tied: { kind: "flag", default: true, what: "whether the decoder's weights are the encoder's" },
    codeActivation: codeActivationField,
  },
};

/**
 * Contractive autoencoder (Rifai, Vincent, Muller, Glorot, Bengio 2011): the loss has, beside -log p(x | z),
 *
 *     contraction mean_batch ||dz / dx||_F^2
 *
 * - `analytic`: for z = s(x W + b), sum_j (z_j (1 - z_j))^2 sum_i W_ij^2 (their equation 3)
 * - `exact`: for any encoder, a backward pass per unit of the code, differentiated again for the gradient
 * - `sampled`: for any encoder, ||v dz/dx||^2 with v ~ N(0, I), whose mean is the same; one backward pass
 *
 * @throws RangeError an analytic penalty or tied weights with hidden layers, an analytic one with another activation
 */
export function contractiveAutoencoder(
  given: Given<ContractiveAutoencoderConfig> = {},
): ModelDefinition<ContractiveAutoencoderConfig> {
  const config = checkedConfig(contractiveAutoencoderKind, given);
  requireOneLayer(config);
  const weight = config.contraction;
  const squaredNorm = (build: GraphBuilder, pass: Pass): Node => norms[config.jacobian](build, pass, config);
  return autoencoderDefinition({
    described: contractiveAutoencoderKind,
    config,
    code: (build, x) => trunkCode(build, x, config, config.codeActivation),
    decode: (build, z) => (config.tied ? tiedDecoder(build, z, config) : decoded(build, z, config)),
    penalties: (build, pass) => ({
      contraction: build.mul(build.scalar(weight), build.mean(squaredNorm(build, pass))),
    }),
    metrics: (build, pass) => ({ squaredJacobianNorm: squaredNorm(build, pass) }),
  });
}

function requireOneLayer({ trunk, decoder, jacobian, tied, codeActivation }: ContractiveAutoencoderConfig): void {
  if (jacobian === "analytic" && !(hasNoLayers(trunk) && codeActivation === "sigmoid")) {
    throw new RangeError(`"jacobian" expected exact or sampled unless the encoder is one sigmoid layer, got analytic`);
  }
  if (tied && !(hasNoLayers(trunk) && hasNoLayers(decoder ?? trunk))) {
    throw new RangeError(`"tied" expected false with hidden layers or convolutions, got true`);
  }
}

/** x = z W^T + b with the encoder's W; a variance that is predicted has weights of its own. */
function tiedDecoder(build: GraphBuilder, z: Node, config: ContractiveAutoencoderConfig): Observation {
  const features = featureCount(config);
  const init = { kind: "uniform", limit: 1 / Math.sqrt(config.latent) } as const;
  const bias = build.state("decoder.output.bias", { shape: [features], init });
  const product = build.matmul(z, encoderKernel(build, config), { transposeB: true }, "decoder/output");
  const untied = (name: string): Node => dense(build, z, { name, units: features });
  return observation(build, build.add(product, bias), config, untied);
}

/** The tensor of the layer `encoder.z`, [features, latent]. */
function encoderKernel(build: GraphBuilder, config: ContractiveAutoencoderConfig): Node {
  const features = featureCount(config);
  const init = { kind: "uniform", limit: 1 / Math.sqrt(features) } as const;
  return build.state("encoder.z.kernel", { shape: [features, config.latent], init });
}

type SquaredNorm = (build: GraphBuilder, pass: Pass, config: ContractiveAutoencoderConfig) => Node;

/** ||dz / dx||_F^2 per example, [batch]. */
const norms: Readonly<Record<ContractiveAutoencoderConfig["jacobian"], SquaredNorm>> = {
  analytic: (build, { z }, config) => {
    const slopes = build.square(build.mul(z, build.sub(build.scalar(1), z)));
    const columns = build.sum(build.square(encoderKernel(build, config)), { axes: [0] });
    return build.sum(build.mul(slopes, columns), { axes: [-1] });
  },
  exact: (build, { seen, z }, { latent }) =>
    Array.from({ length: latent }, (_, unit) => {
      const only = build.constant(
        [latent],
        Array.from({ length: latent }, (__, j) => Number(j === unit)),
      );
      return squaredRows(build, pulledBack(build, z, seen, build.broadcastTo(only, z.shape)));
    }).reduce((sum, row) => build.add(sum, row)),
  sampled: (build, { seen, z }) => {
    const v = build.randomNormal(z.shape, { ...noiseInputs(build), stream: "direction" });
    return squaredRows(build, pulledBack(build, z, seen, v));
  },
};

/** v dz/dx, [batch, features]. */
function pulledBack(build: GraphBuilder, z: Node, x: Node, v: Node): Node {
  return vjp(build, [z], [x], [v])[0] as Node;
}

function squaredRows(build: GraphBuilder, rows: Node): Node {
  return build.sum(build.square(rows), { axes: [-1] });
}
