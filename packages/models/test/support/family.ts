import {
  contractiveAutoencoder,
  convolutionalAutoencoder,
  deepAutoencoder,
  denoisingAutoencoder,
  type DenseTrunk,
  linearAutoencoder,
  type ModelDefinition,
  sparseAutoencoder,
} from "@isthmus/models";

interface Sizes {
  readonly inputShape: readonly [number];
  readonly trunk: Pick<DenseTrunk, "kind" | "hidden">;
  readonly latent: number;
}

/** Every autoencoder beside the plain one, with each way it can be told to work. */
export function family(sizes: Sizes): readonly (readonly [string, ModelDefinition])[] {
  const { trunk, ...flat } = sizes;
  const image = { inputShape: [sizes.inputShape[0], 1, 1], latent: sizes.latent };
  return [
    ["linear ae", linearAutoencoder(flat)],
    ["linear ae without bias, overcomplete", linearAutoencoder({ ...flat, bias: false, latent: 9 })],
    ["deep ae", deepAutoencoder({ ...flat, trunk: { kind: "dense", hidden: [6, 5] } })],
    [
      "convolutional ae",
      convolutionalAutoencoder({ ...image, trunk: { kind: "conv", channels: [2, 3], hidden: [4] } }),
    ],
    ["sparse ae, l1", sparseAutoencoder({ ...flat, sparsityWeight: 0.3 })],
    ["sparse ae, kl, hidden layer", sparseAutoencoder({ ...sizes, sparsity: "kl", sparsityWeight: 3 })],
    ["denoising ae, gaussian", denoisingAutoencoder({ ...flat, noise: "gaussian" })],
    ["denoising ae, masking", denoisingAutoencoder({ ...flat, noise: "masking" })],
    [
      "denoising ae, salt and pepper",
      denoisingAutoencoder({ ...sizes, noise: "saltAndPepper", codeActivation: "tanh" }),
    ],
    ["contractive ae, analytic", contractiveAutoencoder({ ...flat, contraction: 2 })],
    ["contractive ae, exact", contractiveAutoencoder({ ...flat, contraction: 2, jacobian: "exact" })],
    [
      "contractive ae, sampled, hidden layer",
      contractiveAutoencoder({
        ...flat,
        trunk: { ...trunk, activation: "tanh" },
        contraction: 2,
        jacobian: "sampled",
        tied: false,
        codeActivation: "softplus",
      }),
    ],
  ];
}
