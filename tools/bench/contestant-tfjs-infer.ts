// usage: contestant-tfjs-infer.ts <backend> <folder>
import * as tf from "@tensorflow/tfjs-core";
import { FEATURES, readFloats } from "./floats.ts";
import { inferring } from "./inferring.ts";
import { serve } from "./serve.ts";
import { startBackend } from "./tfjs-backend.ts";

const [backend, folder] = process.argv.slice(2) as [string, string];
const facts = await startBackend(backend);
const weights = readFloats(folder, "encoder.f32");
let taken = 0;

/** The next weights of a dense layer: kernel [from, to], then bias. */
function layer(from: number, to: number): [tf.Tensor2D, tf.Tensor1D] {
  const next = (count: number): Float32Array => weights.subarray(taken, (taken += count));
  return [tf.tensor2d(next(from * to), [from, to]), tf.tensor1d(next(to))];
}

const [hidden, mean, logVariance] = [layer(FEATURES, 400), layer(400, 20), layer(400, 20)];
const dense = (x: tf.Tensor2D, [kernel, bias]: typeof hidden, activation?: "relu"): tf.Tensor2D =>
  tf.fused.matMul({ a: x, b: kernel, bias, ...(activation && { activation }) }) as tf.Tensor2D;

await serve(facts, ({ batch }) =>
  inferring(folder, batch as number, async (values) => {
    const outputs = tf.tidy(() => {
      const h = dense(tf.tensor2d(values, [batch as number, FEATURES]), hidden, "relu");
      return [dense(h, mean), dense(h, logVariance)];
    });
    const arrays = await Promise.all(outputs.map((output) => output.data<"float32">()));
    tf.dispose(outputs);
    return arrays;
  }),
);
