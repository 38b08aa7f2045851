/** A model of tfjs-layers trained on the stock backend and on the accelerated one. */
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { initializers, layers, type Sequential, sequential } from "@tensorflow/tfjs-layers";
import { type AcceleratedWasm, installAcceleratedWasm } from "@isthmus/tfjs/accelerated-wasm";
import { afterEach, beforeAll, expect, it } from "vitest";
import { Random, tensorOf } from "./random.ts";

beforeAll(() => {
  tf.env().set("PROD", true); // tfjs advertises its native backend on the console otherwise
});

let accelerated: AcceleratedWasm | undefined;
afterEach(() => {
  accelerated?.uninstall();
  accelerated = undefined;
});

const from = (seed: number) => initializers.glorotUniform({ seed });

function denseModel(): Sequential {
  const dense = (units: number, seed: number, activation: "tanh" | "softplus" | "sigmoid") =>
    layers.dense({ units, activation, kernelInitializer: from(seed) });
  const model = sequential();
  model.add(layers.dense({ units: 12, inputShape: [20], activation: "tanh", kernelInitializer: from(1) }));
  [dense(4, 2, "softplus"), dense(12, 3, "tanh"), dense(20, 4, "sigmoid")].forEach((layer) => model.add(layer));
  return model;
}

/** With pools of numbers of both signs, which tfjs's wasm gets wrong, and convolutions, which it has no gradients for. */
function convolutionalModel(): Sequential {
  const model = sequential();
  const conv = { kernelSize: 3, padding: "same" } as const;
  model.add(
    layers.conv2d({ ...conv, filters: 3, inputShape: [6, 6, 1], activation: "tanh", kernelInitializer: from(1) }),
  );
  model.add(layers.maxPooling2d({ poolSize: 2 }));
  model.add(layers.depthwiseConv2d({ ...conv, depthwiseInitializer: from(2) }));
  model.add(layers.batchNormalization());
  model.add(layers.conv2dTranspose({ ...conv, filters: 3, strides: 2, activation: "elu", kernelInitializer: from(3) }));
  model.add(layers.conv2d({ ...conv, filters: 1, activation: "sigmoid", kernelInitializer: from(4) }));
  return model;
}

async function losses(model: Sequential, shape: number[], optimizer: tf.Optimizer): Promise<number[]> {
  model.compile({ optimizer, loss: "meanSquaredError" });
  const x = tensorOf(new Random(7).uniform(shape, 0, 1));
  const { history } = await model.fit(x, x, { epochs: 15, batchSize: 16, shuffle: false, verbose: 0 });
  tf.dispose(x);
  model.dispose();
  optimizer.dispose();
  return history["loss"] as number[];
}

/**
 * Thirty steps that differ by roundings (some hundred eps of the loss each, by sums in other orders), which Adam's quotients of small
 * gradients may take apart some more: measured below 2e-6 of the loss here.
 */
const APART = 1e-4;

function expectSame(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(15);
  expect(actual.at(-1)).toBeLessThan(0.9 * actual[0]!);
  actual.forEach((loss, i) => expect(Math.abs(loss / expected[i]! - 1)).toBeLessThan(APART));
}

/** With the tensors that tfjs-layers keeps, and those of a training that failed. */
function forgetStock(): void {
  const factory = tf.findBackendFactory("wasm");
  tf.disposeVariables();
  tf.removeBackend("wasm");
  tf.registerBackend("wasm", factory, 2);
}

it("trains a dense model to the losses of the stock backend", async () => {
  await tf.setBackend("wasm");
  const stock = await losses(denseModel(), [32, 20], tf.train.adam(1e-2));
  forgetStock();
  accelerated = await installAcceleratedWasm();
  expectSame(await losses(denseModel(), [32, 20], tf.train.adam(1e-2)), stock);
  expectSame(await losses(denseModel(), [32, 20], accelerated.adam({ learningRate: 1e-2 })), stock);
});

it("trains a convolutional model, which the stock backend cannot, to the losses of tfjs-cpu", async () => {
  const shape = [32, 6, 6, 1];
  await tf.setBackend("wasm");
  await expect(losses(convolutionalModel(), shape, tf.train.adam(1e-2))).rejects.toThrow(
    "Kernel 'Conv2DBackpropFilter' not registered for backend 'wasm'",
  );
  await tf.setBackend("cpu");
  const cpu = await losses(convolutionalModel(), shape, tf.train.adam(1e-2));
  forgetStock();
  accelerated = await installAcceleratedWasm();
  expectSame(await losses(convolutionalModel(), shape, accelerated.adam({ learningRate: 1e-2 })), cpu);
});
