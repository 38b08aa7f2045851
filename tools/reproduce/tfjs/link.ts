// usage: link.ts <backend> <steps> <batch>
//
// The (7,4) link of the reproduction `channel-speed` as a user of stock TensorFlow.js writes it: the steps per second of
// processor time as JSON.
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import { startBackend } from "../../bench/tfjs-backend.ts";

const [MESSAGES, USES, HIDDEN] = [16, 7, 64] as const;
const NOISE = Math.sqrt(1 / (2 * (4 / USES) * 10 ** 0.3));
const WARM_UP = 100;

const [backend, steps, batch] = process.argv.slice(2) as [string, string, string];
const { tfjs } = await startBackend(backend);

const table = tf.variable(tf.randomNormal([MESSAGES, USES]));
const [hidden, hiddenBias] = dense(USES, HIDDEN);
const [logits, logitsBias] = dense(HIDDEN, MESSAGES);
const optimiser = tf.train.adam(1e-3);
// Messages in one-hot rows: a row's product with the table is its place in it, and what the loss wants.
const messages = Int32Array.from({ length: Number(batch) }, (_, i) => i % MESSAGES);
const label = tf.cast(tf.oneHot(tf.tensor1d(messages, "int32"), MESSAGES), "float32");

/** He's rule. */
function dense(inputs: number, outputs: number): [tf.Variable<tf.Rank.R2>, tf.Variable<tf.Rank.R1>] {
  const weights = tf.randomNormal([inputs, outputs], 0, Math.sqrt(2 / inputs)) as tf.Tensor2D;
  return [tf.variable(weights), tf.variable(tf.zeros([outputs]) as tf.Tensor1D)];
}

function loss(): tf.Scalar {
  const energy = tf.mean(tf.square(table), 1, true);
  const codebook = tf.div(table, tf.sqrt(energy)) as tf.Tensor2D;
  const sent = tf.matMul(label as tf.Tensor2D, codebook);
  const received = tf.add(sent, tf.mul(tf.randomNormal(sent.shape), NOISE)) as tf.Tensor2D;
  const units = tf.relu(tf.add(tf.matMul(received, hidden), hiddenBias)) as tf.Tensor2D;
  return tf.losses.softmaxCrossEntropy(label, tf.add(tf.matMul(units, logits), logitsBias)) as tf.Scalar;
}

function step(): number {
  return tf.tidy(() => optimiser.minimize(loss, true)!.dataSync()[0]!);
}

for (let i = 0; i < WARM_UP; i++) step();
const before = process.cpuUsage();
let last = NaN;
for (let i = 0; i < Number(steps); i++) last = step();
const { user, system } = process.cpuUsage(before);
const stepsPerSecond = (1e6 * Number(steps)) / (user + system);
process.stdout.write(`${JSON.stringify({ stepsPerSecond, loss: last, tfjs })}\n`);
