import { dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { autoencoderDefinition } from "./autoencoder-family.ts";
import { type BaseConfig, checkedConfig, featureCount, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { observation } from "./likelihood.ts";
import { hasNoLayers, type Trunk } from "./trunk.ts";

export interface LinearAutoencoderConfig extends BaseConfig {
  /** Whether code and reconstruction are shifted. */
  readonly bias: boolean;
}

export const linearAutoencoderKind: ModelKind = {
  kind: "linear-ae",
  summary: "linear autoencoder: no hidden layer, no nonlinearity; its subspace is that of principal components",
  defaults: {
    trunk: { kind: "dense", hidden: [] },
    latent: 30,
    // With this variance -log p is the squared error and a constant.
    likelihood: { kind: "gaussian", variance: "fixed", value: 0.5 },
  },
  fields: {
    // Principal components are those of centred data; without a bias the network sees the data's moments about 0.
    bias: { kind: "flag", default: true, what: "whether code and reconstruction are shifted" },
  },
};

/**
 * Linear autoencoder, z = x W + b and back: with squared error its best subspace is that of the first principal components
 * (Baldi, Hornik 1989), its axes are any of that subspace. `latent` may be smaller than the features (undercomplete), as
 * many, or more: then it can learn the identity.
 *
 * @throws RangeError a trunk with hidden layers or convolutions
 */
export function linearAutoencoder(
  given: Given<LinearAutoencoderConfig> = {},
): ModelDefinition<LinearAutoencoderConfig> {
  const config = checkedConfig(linearAutoencoderKind, given);
  requireNoHiddenLayers("trunk", config.trunk);
  requireNoHiddenLayers("decoder", config.decoder ?? config.trunk);
  const features = featureCount(config);
  return autoencoderDefinition({
    described: linearAutoencoderKind,
    config,
    code: (build, x) => linear(build, x, "encoder.z", config.latent, config.bias),
    decode: (build, z) => {
      const layer = (name: string): Node => linear(build, z, name, features, config.bias);
      return observation(build, layer("decoder.output"), config, layer);
    },
  });
}

function requireNoHiddenLayers(field: string, trunk: Trunk): void {
  if (hasNoLayers(trunk)) return;
  throw new RangeError(`"${field}" expected no hidden layers and no convolutions in a linear autoencoder`);
}

function linear(build: GraphBuilder, x: Node, name: string, units: number, bias: boolean): Node {
  if (bias) return dense(build, x, { name, units });
  const features = x.shape[1] as number;
  const init = { kind: "uniform", limit: 1 / Math.sqrt(features) } as const;
  return build.matmul(x, build.state(`${name}.kernel`, { shape: [features, units], init }), {}, name);
}
