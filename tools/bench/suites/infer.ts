import { BUILDS } from "../contestants.ts";
import { isthmus, limits, onnxRuntime, tfjs, torch } from "../entries.ts";
import { MILLISECONDS, type Suite } from "../suite.ts";
import { bothBuilds } from "../targets.ts";

const WORK = "encoder 784-400-20";
const ORT = ["ort-1"];

export const infer: Suite = {
  name: "infer",
  title: "Inference of an encoder beside peers",
  intro:
    "The encoder of the 784-400-20 VAE from digits to the means and log-variances of 20 latents, float32, everyone with the same weights; " +
    "onnxruntime runs the ONNX file that we export. Input goes in and both outputs come out as arrays of the language. Most " +
    "pixels of digits are 0, which our first layer may leave out and the peers do not.",
  unit: MILLISECONDS,
  cases: [1, 128].map((batch) => ({ work: WORK, batch, check: { kind: "same", apart: 1e-4 } })),
  ours: [...BUILDS.map((build) => isthmus("isthmus-infer", build)), ...limits],
  peers: { ort: [onnxRuntime("ort-infer")], tfjs: [tfjs("tfjs-infer")], torch: torch("infer") },
  usual: ["ort", "tfjs", "torch"],
  targets: [
    ...bothBuilds({ work: WORK, batch: 1, peers: ORT }, [1.5, 1.5]),
    ...bothBuilds({ work: WORK, batch: 128, peers: ORT }, [0.5, 0.7]),
  ],
  measurement: 100,
};
