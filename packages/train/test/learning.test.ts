import type { Dataset } from "@isthmus/data";
import { autoencoder, vae } from "@isthmus/models";
import { describe, expect, it } from "vitest";
import { fit } from "../src/index.ts";
import { engines, rowsDataset } from "./support.ts";

/** Two patterns of six pixels, each other's negative, equally often: `p p p q q q` and `q q q p p p` with q = 1 - p. */
function twoPatterns(p: number, items: number): Dataset {
  return rowsDataset(
    Array.from({ length: items }, (_, i) => (i % 2 ? [p, p, p, 1 - p, 1 - p, 1 - p] : [1 - p, 1 - p, 1 - p, p, p, p])),
  );
}

const softplus = (a: number): number => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));

/**
 * The least negative ELBO of two such patterns of zeros and ones with one latent and posteriors N(+-m, s^2). The best
 * decoder knows a pixel with log odds 2 m z / s^2, so
 *
 *     -ELBO = 6 E[softplus(-2 m z / s^2)] + (m^2 + s^2 - 1 - ln s^2) / 2,   z ~ N(m, s^2).
 */
function leastNegativeElbo(): number {
  const at = (m: number, s: number): number => {
    let sum = 0;
    let weight = 0;
    for (let e = -8; e <= 8; e += 1 / 16) {
      const density = Math.exp((-e * e) / 2);
      sum += density * softplus((-2 * m * (m + s * e)) / (s * s));
      weight += density;
    }
    return (6 * sum) / weight + (m * m + s * s - 1 - Math.log(s * s)) / 2;
  };
  const grid = Array.from({ length: 60 }, (_, i) => (i + 1) / 50);
  return Math.min(...grid.flatMap((m) => grid.map((s) => at(m, s))));
}

describe.each(engines)("training on the %s engine", (name, makeEngine) => {
  it("brings an autoencoder down to the entropy of the pixels", async () => {
    const engine = await makeEngine();
    const definition = autoencoder({ inputShape: [6], trunk: { kind: "dense", hidden: [8] }, latent: 1 });
    const options = { engine, epochs: 400, batchSize: 16, learningRate: 0.01 };
    const { history } = await fit(definition, { train: twoPatterns(0.2, 16) }, options);
    engine.dispose();
    // Cross-entropy of a probability 0.2 is least, H(0.2), when it is told exactly; both patterns can be.
    const entropy = -6 * (0.2 * Math.log(0.2) + 0.8 * Math.log(0.8));
    expect(history[0]!.train["loss"]).toBeGreaterThan(entropy + 1);
    // At the minimum the loss is flat: what is left is its own float32 rounding, a few 2^-24 of 3 nats.
    expect(Math.abs(history.at(-1)!.train["loss"]! - entropy)).toBeLessThan(1e-5);
  });

  const slow = name === "reference";
  it.skipIf(slow)(
    `brings a VAE to its posterior's best ELBO, above the data's entropy${slow ? " (skipped: the interpreter is too slow)" : ""}`,
    async () => {
      const engine = await makeEngine();
      const definition = vae({ inputShape: [6], trunk: { kind: "dense", hidden: [8] }, latent: 1 });
      const data = { train: twoPatterns(0, 256), test: twoPatterns(0, 8192) };
      const options = { engine, epochs: 200, batchSize: 64, learningRate: 0.01, evaluateEachEpoch: false };
      const { history, test } = await fit(definition, data, options);
      engine.dispose();
      expect(history[0]!.train["loss"]).toBeGreaterThan(6 * Math.LN2 - 0.5);
      // -ELBO >= entropy = ln 2 for any model. Near the optimum its deviation is below 1 nat per item, so over 8192 items
      // the mean is within 4 / sqrt(8192) = 0.044.
      expect(test!["negElbo"]).toBeGreaterThan(Math.LN2);
      expect(Math.abs(test!["negElbo"]! - leastNegativeElbo())).toBeLessThan(0.044);
      expect(test!["negElbo"]).toBeCloseTo(test!["reconstruction"]! + test!["kl"]!, 5);
    },
  );
});
