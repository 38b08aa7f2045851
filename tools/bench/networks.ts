import type { PeerName } from "./contestants.ts";
import type { Target } from "./train-suite.ts";

/** What everyone trains. */
export interface Network {
  /** What contestants are told to train. */
  readonly name: NetworkName;
  /** Stands above the chart. */
  readonly title: string;
  /** What one step is. */
  readonly work: string;
  readonly command: string;
  /** The results' files, without their ending. */
  readonly file: string;
  readonly batches: string;
  readonly peers: string;
  /** Peers that cannot train it, and why. */
  readonly unable: Readonly<Partial<Record<PeerName, string>>>;
  readonly targets: readonly Target[];
}

export const NETWORK_NAMES = ["dense", "conv"] as const;
export type NetworkName = (typeof NETWORK_NAMES)[number];

const LIKELIHOOD = "Bernoulli likelihood of real-valued pixels, one drawn z per example";

export const networks: Readonly<Record<NetworkName, Network>> = {
  dense: {
    name: "dense",
    title: "784-400-20 VAE",
    work:
      `One training step with Adam (learning rate 1e-3) of the 784-400-20 VAE: ${LIKELIHOOD}; ` +
      "652,824 parameters, float32.",
    command: "npm run bench",
    file: "bench-train",
    batches: "1,32,128,512",
    peers: "tfjs,torch",
    unable: {},
    targets: [
      { ours: "isthmus-simd128", peer: "tfjs-wasm", batch: 128, atLeast: 8 },
      { ours: "isthmus-simd128", peer: "torch-1", batch: 128, atLeast: 0.55 },
      { ours: "isthmus-relaxed", peer: "torch-1", batch: 128, atLeast: 0.8 },
    ],
  },
  conv: {
    name: "conv",
    title: "convolutional VAE",
    work:
      "One training step with Adam (learning rate 1e-3) of a convolutional VAE: 28 x 28 x 1 images, two convolutions to 32 and 64 " +
      "channels (windows of 4 x 4, stride 2), a dense layer of 256 units, 32 latents, and all of it mirrored; " +
      `${LIKELIHOOD}; 1,700,609 parameters, float32.`,
    command: "npm run bench -- --network conv",
    file: "bench-train-conv",
    batches: "128",
    peers: "torch",
    unable: {
      tfjs: "the wasm backend has no kernel for the gradient of a convolution's filter",
      "tfjs-cpu": "too slow to be worth the wait",
    },
    targets: [1, 2].flatMap((threads) => [
      { ours: "isthmus-simd128", peer: `torch-${threads}`, batch: 128, atLeast: 0.5 },
      { ours: "isthmus-relaxed", peer: `torch-${threads}`, batch: 128, atLeast: 0.7 },
    ]),
  },
};
