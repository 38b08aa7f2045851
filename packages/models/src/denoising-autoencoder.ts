import type { Activation, GraphBuilder, Node } from "@isthmus/graph";
import { autoencoderDefinition, codeActivationField, psnr, trunkCode } from "./autoencoder-family.ts";
import { type BaseConfig, checkedConfig, type Given, type ModelKind } from "./config.ts";
import type { ModelDefinition } from "./definition.ts";
import { noiseInputs, squaredError } from "./parts.ts";

export interface DenoisingAutoencoderConfig extends BaseConfig {
  readonly noise: "gaussian" | "masking" | "saltAndPepper";
  /** Standard deviation of the Gaussian noise; share of the values that masking or salt and pepper hit. */
  readonly noiseLevel: number;
  readonly codeActivation: Activation;
}

export const denoisingAutoencoderKind: ModelKind = {
  kind: "denoising-ae",
  summary: "denoising autoencoder: restores what noise has spoilt",
  // One layer of 500 sigmoid units: the first layer of Vincent et al.'s stacks, whose code is used as features.
  defaults: { trunk: { kind: "dense", hidden: [] }, latent: 500 },
  fields: {
    noise: {
      kind: "choice",
      default: "masking",
      choices: ["gaussian", "masking", "saltAndPepper"],
      what: "what spoils the encoder's input",
    },
    // The masking share that did best for one layer on MNIST in Vincent et al. (2010), between 0.1 and 0.4.
    noiseLevel: {
      kind: "number",
      default: 0.25,
      least: 0,
      most: 1e3,
      what: "gaussian: standard deviation; else the share of values that are hit",
    },
    codeActivation: codeActivationField,
  },
};

/**
 * Denoising autoencoder (Vincent, Larochelle, Bengio, Manzagol 2008): sees a spoilt x, is measured on the clean one.
 *
 * - `gaussian`: x + level eps
 * - `masking`: 0 with probability `level`
 * - `saltAndPepper`: 0 or 1, each with probability `level` / 2
 *
 * The noise is drawn in the graph from the stream `noise`, in evaluation too, whose `noisySquaredError` and `noisyPsnr` are
 * the input's and `squaredError` and `psnr` what was restored. The encoder program, for use, adds none.
 *
 * @throws RangeError a share above 1
 */
export function denoisingAutoencoder(
  given: Given<DenoisingAutoencoderConfig> = {},
): ModelDefinition<DenoisingAutoencoderConfig> {
  const config = checkedConfig(denoisingAutoencoderKind, given);
  const { noise, noiseLevel, codeActivation } = config;
  if (noise !== "gaussian" && noiseLevel > 1) {
    throw new RangeError(`"noiseLevel" expected a share from 0 to 1 with ${noise}, got ${noiseLevel}`);
  }
  return autoencoderDefinition({
    described: denoisingAutoencoderKind,
    config,
    code: (build, x) => trunkCode(build, x, config, codeActivation),
    corrupt: (build, x) => spoilt(build, x, config),
    metrics: (build, { x, seen, p }) => {
      const noisySquaredError = build.sum(build.square(build.sub(seen, x)), { axes: [-1] });
      return {
        psnr: psnr(build, squaredError(build, x, p), config),
        noisySquaredError,
        noisyPsnr: psnr(build, noisySquaredError, config),
      };
    },
  });
}

function spoilt(build: GraphBuilder, x: Node, { noise, noiseLevel }: DenoisingAutoencoderConfig): Node {
  const source = { ...noiseInputs(build), stream: "noise" };
  if (noise === "gaussian") {
    return build.add(x, build.mul(build.scalar(noiseLevel), build.randomNormal(x.shape, source)));
  }
  const u = build.randomUniform(x.shape, source);
  const kept = build.greater(u, build.scalar(noiseLevel));
  if (noise === "masking") return build.mul(x, kept);
  return build.select(kept, x, build.greater(u, build.scalar(noiseLevel / 2)));
}
