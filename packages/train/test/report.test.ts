import { readModelFile, referenceEngine, writeModelFile } from "@isthmus/graph";
import { conditionalVae, type Given, vae } from "@isthmus/models";
import { describe, expect, it } from "vitest";
import { dataConvention, fit, toModel } from "../src/index.ts";
import { bits, byteDataset, tinyVae } from "./support.ts";

describe("dataConvention", () => {
  it("says in one line what the likelihood takes the data to be", () => {
    const of = (given: Given) => dataConvention(vae(given).config);
    expect(of({})).toBe("real-valued pixels as Bernoulli probabilities");
    expect(of({ binarize: "dynamic" })).toBe("dynamic binarisation, Bernoulli likelihood");
    expect(of({ binarize: "threshold" })).toBe("threshold at 0.5, Bernoulli likelihood");
    expect(of({ likelihood: { kind: "gaussian" } })).toBe("Gaussian likelihood, variance 0.01, values in [0, 1]");
    expect(of({ likelihood: { kind: "gaussian", value: 1 }, binarize: "threshold" })).toBe(
      "Gaussian likelihood, variance 1, values binarised at 0.5",
    );
    expect(of({ likelihood: { kind: "gaussian", variance: "shared" } })).toBe(
      "Gaussian likelihood, one learned variance, values in [0, 1]",
    );
    expect(of({ likelihood: { kind: "gaussian", variance: "perFeature" } })).toBe(
      "Gaussian likelihood, a learned variance for each feature, values in [0, 1]",
    );
    expect(of({ likelihood: { kind: "gaussian", variance: "predicted" } })).toBe(
      "Gaussian likelihood, a variance predicted for each feature of each item, values in [0, 1]",
    );
    expect(of({ likelihood: { kind: "discretisedLogistic" } })).toBe(
      "discretised logistic likelihood, 256 levels on [0, 1], one learned scale, values in [0, 1]",
    );
    expect(of({ likelihood: { kind: "logisticMixture" } })).toBe(
      "likelihood a mixture of 3 discretised logistics, 256 levels on [0, 1], predicted for each feature of each item, values in [0, 1]",
    );
  });

  it("does not say that a user's numbers are in [0, 1]", () => {
    const { config } = vae({ likelihood: { kind: "gaussian" } });
    const values = (kind: string, offset = 0, scale = 255) => dataConvention(config, { item: { kind, offset, scale } });
    expect(values("table")).toBe("Gaussian likelihood, variance 0.01, columns as they are standardised");
    expect(values("array", 3, 2)).toBe("Gaussian likelihood, variance 0.01, values as they are standardised");
    expect(values("array")).toBe("Gaussian likelihood, variance 0.01, values in [0, 1]");
    expect(values("images")).toBe("Gaussian likelihood, variance 0.01, values in [0, 1]");
  });
});

describe("dataConvention of a conditional model", () => {
  it("says which part of an image the likelihood is of, and nothing more of one that is told labels", () => {
    const pixels = "real-valued pixels as Bernoulli probabilities";
    const of = (given: Parameters<typeof conditionalVae>[0]) => dataConvention(conditionalVae(given).config);
    expect(of({})).toBe(pixels);
    expect(of({ condition: "left" })).toBe(`${pixels}; the right half given the left one`);
    expect(of({ condition: "bottom" })).toBe(`${pixels}; the top half given the bottom one`);
    expect(of({ condition: "downscaled", downscaling: 4 })).toBe(`${pixels}; all pixels given their means over 4x4`);
  });
});

describe("toModel", () => {
  it("makes what a model file stores: parameters without the optimiser's, figures and provenance", async () => {
    const result = await fit(tinyVae, { train: byteDataset() }, { engine: referenceEngine(), epochs: 1 });
    const model = readModelFile(
      writeModelFile(toModel(tinyVae, result, { provenance: { seed: 1 }, metrics: { test: { kl: 2 } } })),
    );
    expect(Object.keys(model.parameters).sort()).toEqual(Object.keys(tinyVae.parameters).sort());
    expect(bits(model.parameters)).toEqual(bits(result.parameters));
    expect(model).toMatchObject({
      kind: "vae",
      config: { latent: 2 },
      provenance: { seed: 1 },
      metrics: { test: { kl: 2 } },
    });
    expect(model.coding).toBeUndefined();
  });
});
