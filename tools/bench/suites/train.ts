import { BUILDS } from "../contestants.ts";
import { isthmus, limits, registers, tfjs, torch } from "../entries.ts";
import { type Case, MILLISECONDS, type Suite } from "../suite.ts";
import { bothBuilds, type Target, TORCH } from "../targets.ts";
import { WORKLOADS } from "../workloads.ts";

const BATCHES = [1, 32, 128, 512];
/** Where the losses are compared. */
const LOSS_BATCH = 128;

const learns = (steps: number, fall: number, apart: number) => ({ kind: "learns", steps, fall, apart }) as const;
const elsewhere = { kind: "elsewhere" } as const;

function vae(work: string): Case[] {
  // An untrained decoder gives each of 784 pixels about half a chance: 784 ln 2 = 543 nats.
  return BATCHES.map((batch) => ({ work, batch, check: batch === LOSS_BATCH ? learns(100, 0.6, 0.1) : elsewhere }));
}

const { digits, noZeros, channel, images } = WORKLOADS;

const cases: readonly Case[] = [
  ...vae(digits),
  ...vae(noZeros),
  // A guess among 16 messages costs ln 16 = 2.77 nats.
  { work: channel, batch: 256, check: learns(300, 0.8, 0.25) },
  { work: images, batch: 128, check: learns(100, 0.6, 0.15) },
];

const tfjsWasm = ["tfjs-wasm"];

const targets: readonly Target[] = [
  ...bothBuilds({ work: digits, batch: 128, peers: TORCH }, [0.9, 1.25]),
  ...bothBuilds({ work: noZeros, batch: 128, peers: tfjsWasm }, [10, 14]),
  ...bothBuilds({ work: noZeros, batch: 1, peers: TORCH }, [4, 4.5]),
  ...bothBuilds({ work: noZeros, batch: 32, peers: TORCH }, [1.2, 1.6]),
  ...bothBuilds({ work: noZeros, batch: 128, peers: TORCH }, [0.7, 0.95]),
  ...bothBuilds({ work: noZeros, batch: 512, peers: TORCH }, [0.4, 0.55]),
  ...bothBuilds({ work: noZeros, batch: 128, peers: TORCH }, [1.3, 1.8], "-2"),
  ...bothBuilds({ work: noZeros, batch: 512, peers: TORCH }, [0.75, 1], "-2"),
  { work: noZeros, batch: 128, ours: "isthmus-simd128-2", peers: ["isthmus-simd128"], atLeast: 1.7 },
  { work: noZeros, batch: 128, ours: "isthmus-relaxed-2", peers: ["isthmus-relaxed"], atLeast: 1.7 },
  ...bothBuilds({ work: channel, batch: 256, peers: TORCH }, [5, 6]),
  ...bothBuilds({ work: channel, batch: 256, peers: tfjsWasm }, [14, 17]),
  ...bothBuilds({ work: images, batch: 128, peers: TORCH }, [0.5, 0.7]),
];

export const train: Suite = {
  name: "train",
  title: "One training step beside peers",
  intro:
    `One training step with Adam (learning rate 1e-3), float32. ${digits}, ${noZeros}: 784-400-20, Bernoulli likelihood of real-valued ` +
    "pixels, one drawn z per example, 652,824 parameters; the same digits once as they are, mostly zeros, which our layers may " +
    `leave out and the peers do not, and once with each pixel moved to [0.02, 0.98]. ${channel}: 16 messages over 7 real uses at ` +
    "7 dB, dense layers of 16, 7, 16 and 16 units, energy normalisation, white noise, softmax cross-entropy. " +
    `${images}: 28 x 28 x 1, two convolutions to 32 and 64 channels (windows of 4 x 4, stride 2), a dense layer of 256 units, 32 ` +
    "latents, and all of it mirrored; 1,700,609 parameters.",
  unit: MILLISECONDS,
  cases,
  ours: [
    ...[1, 2].flatMap((threads) => BUILDS.map((build) => isthmus("isthmus-train", build, { threads }))),
    ...limits,
    ...BUILDS.map((build) => registers(build, 2)),
  ],
  peers: {
    tfjs: [tfjs("tfjs-train")],
    "tfjs-cpu": [tfjs("tfjs-train", "cpu", { onlyBatches: [128] })],
    torch: torch("train"),
  },
  usual: ["tfjs", "torch"],
  targets,
  measurement: 150,
};
