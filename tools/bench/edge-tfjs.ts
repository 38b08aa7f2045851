import * as tf from "@tensorflow/tfjs-core";
import { ANOMALY_FILES, ANOMALY_LAYERS } from "./anomaly-names.ts";
import type { EdgeContestant } from "./edge-contestant.ts";
import { readFloats } from "./floats.ts";
import { startBackend } from "./tfjs-backend.ts";

/** Stock TensorFlow.js on its wasm backend, layers as its users fuse them. */
export function edgeTfjs(folder: string): EdgeContestant {
  const weights = readFloats(folder, ANOMALY_FILES.weights);
  return {
    facts: { node: process.versions.node, tfjs: tf.version_core, backend: "wasm", threads: 1 },
    openNetwork: async () => {
      await startBackend("wasm");
      const layers = layersOf(weights);
      const run = (x: Float32Array): Float32Array => {
        const z = tf.tidy(() => layers.reduce((h, layer) => layer(h), tf.tensor2d(x, [1, x.length])));
        const values = z.dataSync<"float32">();
        z.dispose();
        return values;
      };
      return { run, codes: (outputs) => outputs };
    },
  };
}

type Layer = (a: tf.Tensor2D) => tf.Tensor2D;

function layersOf(weights: Float32Array): Layer[] {
  let taken = 0;
  const next = (count: number): Float32Array => weights.subarray(taken, (taken += count));
  return ANOMALY_LAYERS.map(([name, from, to]) => {
    const [b, bias] = [tf.tensor2d(next(from * to), [from, to]), tf.tensor1d(next(to))];
    const activation = name === "encoder.z" ? "linear" : "relu";
    return (a) => tf.fused.matMul({ a, b, bias, activation }) as tf.Tensor2D;
  });
}
