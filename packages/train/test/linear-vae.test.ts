import type { Dataset } from "@isthmus/data";
import { dataMoments, fitFactorAnalysis, fitProbabilisticPca, ndArray, randomNormal } from "@isthmus/math";
import { linearVae, type ModelDefinition } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { afterAll, describe, expect, it } from "vitest";
import { evaluateLikelihood, fit } from "../src/index.ts";

const [ITEMS, FEATURES, LATENT] = [256, 8, 3];

/** Draws of a linear-Gaussian model with three latents, each feature with a noise of its own, in float32. */
function drawn(): Dataset {
  const noise = (count: number, stream: string): Float32Array => {
    const values = new Float32Array(count);
    randomNormal(values, { seed: 1, stream });
    return values;
  };
  const [z, weights] = [noise(ITEMS * LATENT, "z"), noise(LATENT * FEATURES, "weights")];
  const values = noise(ITEMS * FEATURES, "noise").map((eps, at) => {
    const [item, feature] = [Math.floor(at / FEATURES), at % FEATURES];
    const signal = [0, 1, 2].reduce((sum, j) => sum + z[item * LATENT + j]! * weights[j * FEATURES + feature]!, 0);
    return 0.5 + signal + eps * (0.2 + 0.1 * feature);
  });
  return { name: "linear", items: ITEMS, shape: [FEATURES], values, scale: 1, provenance: { source: "drawn" } };
}

const train = drawn();
const moments = dataMoments(ndArray([ITEMS, FEATURES], Float64Array.from(train.values)));
const engine = await createWasmEngine({ build: "simd128" });
afterAll(() => engine.dispose());

/** All items in each step, so that what is left at the end is the optimisation's own. */
async function trainedToTheEnd(definition: ModelDefinition) {
  const learningRate = { kind: "cosine", rate: 0.1, epochs: 12_000 } as const;
  return fit(definition, { train }, { engine, epochs: 12_000, batchSize: ITEMS, learningRate });
}

describe.each([
  ["probabilistic PCA", "shared", fitProbabilisticPca(moments, LATENT).logLikelihood],
  ["factor analysis", "perFeature", fitFactorAnalysis(moments, LATENT).logLikelihood],
] as const)("the linear VAE is %s", (_, variance, largest) => {
  const definition = linearVae({ inputShape: [FEATURES], latent: LATENT, likelihood: { kind: "gaussian", variance } });

  it("its ELBO comes to the largest log-likelihood, and every weight is p(x)", async () => {
    const { parameters, history } = await trainedToTheEnd(definition);
    const elbo = -history.at(-1)!.train["loss"]!;
    // Never above it: float32 sums of 8 features, some 10 nats, carry 1e-6 of them.
    expect(elbo).toBeLessThan(largest + 1e-5);
    // The last digits come slowly: turning W to where its columns are orthogonal gains little (Bao et al. 2020). Measured: 0.003.
    expect(elbo).toBeGreaterThan(largest - 0.006);
    const { logLikelihood, effectiveSampleSize } = await evaluateLikelihood(definition, parameters, train, {
      engine,
      samples: 10,
    });
    // What is left of the gap is mostly the KL to the true posterior: weights differ by some sqrt(2 x 0.006) of themselves.
    expect(effectiveSampleSize).toBeGreaterThan(9.8);
    expect(Math.abs(logLikelihood - largest)).toBeLessThan(0.006);
  });
});

it("the largest likelihoods are two: noises of their own explain more", () => {
  const [shared, own] = [fitProbabilisticPca(moments, LATENT), fitFactorAnalysis(moments, LATENT)];
  expect(own.logLikelihood - shared.logLikelihood).toBeGreaterThan(0.1);
});
