// usage: contestant-tfjs.ts <backend> <network: dense> <items file>
// The VAE as a user of stock TensorFlow.js writes it: dense layers, tf.train.adam, optimizer.minimize.
import * as tf from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { batchStart, FEATURES, readItems, serve } from "./serve.ts";

const [backend, , itemsFile] = process.argv.slice(2) as ["wasm" | "cpu", "dense", string];
if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no ${backend} backend here`);
const values = readItems(itemsFile);
const items = tf.tensor2d(values, [values.length / FEATURES, FEATURES]);

const hidden = layers.dense({ units: 400, activation: "relu", inputShape: [FEATURES] });
const mean = layers.dense({ units: 20 });
const logVariance = layers.dense({ units: 20 });
const decoderHidden = layers.dense({ units: 400, activation: "relu" });
const output = layers.dense({ units: FEATURES });
const optimizer = tf.train.adam(1e-3);

function negElbo(x: tf.Tensor2D): tf.Scalar {
  const h = hidden.apply(x) as tf.Tensor2D;
  const mu = mean.apply(h) as tf.Tensor2D;
  const logVar = logVariance.apply(h) as tf.Tensor2D;
  const z = tf.add(mu, tf.mul(tf.randomNormal(mu.shape), tf.exp(tf.mul(logVar, 0.5))));
  const logits = output.apply(decoderHidden.apply(z)) as tf.Tensor2D;
  const reconstruction = tf.losses.sigmoidCrossEntropy(x, logits, undefined, undefined, tf.Reduction.SUM);
  const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(logVar, 1), tf.square(mu)), tf.exp(logVar))), -0.5);
  return tf.div(tf.add(reconstruction, kl), x.shape[0]);
}

// Layers make their variables when first applied, and the optimizer looks for variables before it applies them.
tf.tidy(() => negElbo(tf.slice(items, 0, 1)));

let done = 0;
function train(batch: number): tf.Scalar {
  return tf.tidy(() => {
    const x = tf.slice(items, [batchStart(done++, batch, items.shape[0]), 0], [batch, FEATURES]);
    return optimizer.minimize(() => negElbo(x), true)!;
  });
}

const simd = (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? "yes" : "no";
const facts = { node: process.versions.node, v8: process.versions.v8, tfjs: tf.version_core, backend: tf.getBackend() };
await serve(backend === "wasm" ? { ...facts, simd, threads: 1 } : facts, async ({ steps, batch }) => {
  for (let i = 1; i < steps; i++) train(batch).dispose();
  const loss = train(batch);
  const [value] = await loss.data();
  loss.dispose();
  return value!;
});
