import { acceleratedTfjs, tfjs as stock } from "../entries.ts";
import { MILLISECONDS, type Suite } from "../suite.ts";
import { WORKLOADS } from "../workloads.ts";

const { noZeros, images } = WORKLOADS;
/** Of images: a step of tfjs-cpu takes seconds even so. */
const FEW = 32;

const ours = ["tfjs-accelerated", "tfjs-accelerated-adam"];

export const tfjs: Suite = {
  name: "tfjs",
  title: "TensorFlow.js with our kernels beside stock TensorFlow.js",
  intro:
    "One training step of a model written in TensorFlow.js 4.22.0 with tfjs-layers and Adam (learning rate 1e-3), float32: the same lines on the stock " +
    "wasm backend and on it with `installAcceleratedWasm` from `@isthmus/tfjs/accelerated-wasm`, whose `adam` the last takes as well. " +
    `${noZeros}: 784-400-20, Bernoulli likelihood, pixels moved to [0.02, 0.98]. ${images}: 28 x 28 x 1, two convolutions to 32 and 64 channels ` +
    "(windows of 4 x 4, stride 2), a dense layer of 256 units, 32 latents, and all of it mirrored; the stock wasm backend has no gradient of a " +
    "convolution by its filter and cannot train it, so tfjs-cpu is beside it, whose steps take seconds and are measured in three rounds.",
  unit: MILLISECONDS,
  cases: [
    { work: noZeros, batch: 128, check: { kind: "learns", steps: 40, fall: 0.8, apart: 0.1 } },
    // An untrained decoder's 543 nats fall by some per cent in the few steps that tfjs-cpu has time for.
    { work: images, batch: FEW, check: { kind: "learns", steps: 4, fall: 0.99, apart: 0.1 } },
  ],
  ours: [acceleratedTfjs("tfjs-train", "own"), acceleratedTfjs("tfjs-train", "fused")],
  peers: { tfjs: [stock("tfjs-train")], "tfjs-cpu": [stock("tfjs-train", "cpu", { onlyBatches: [FEW] })] },
  usual: ["tfjs", "tfjs-cpu"],
  targets: ours.flatMap((id) => [
    { work: noZeros, batch: 128, ours: id, peers: ["tfjs-wasm"], atLeast: 5 },
    { work: images, batch: FEW, ours: id, peers: ["tfjs-cpu"], atLeast: 50 },
  ]),
  measurement: 150,
};
