/**
 * Every kernel and every gradient of the accelerated backend beside tfjs's CPU backend under tfjs's own gradients. The names come from
 * tfjs's registries, so that none is missed.
 */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers tfjs's own gradients
import { type AcceleratedWasm, installAcceleratedWasm } from "@isthmus/tfjs/accelerated-wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gradients } from "../../src/accelerated/gradients/index.ts";
import { type Call, type Case, differentiable, forwardOnly } from "./cases.ts";
import { Random, tensorOf } from "./random.ts";

const SEEDS = [1, 2, 3, 4];

/** Kernels that no case asks for, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  LogicalXor: "tfjs makes it of others",
  Multinomial: "random: no two backends draw the same",
  ResizeBilinearGrad: "tfjs-cpu's has a wrong shape; in repairs.test.ts",
  ResizeNearestNeighborGrad: "tfjs-cpu's is another function's; in repairs.test.ts",
  StringNGrams: "strings, on the host on both",
  StringSplit: "strings, on the host on both",
  StringToHashBucketFast: "strings, on the host on both",
};

/** Gradients of tfjs's own that are left out or wrong; `repairs.test.ts` has them beside differences. */
const REPAIRED = new Set([
  ...[
    "Cumsum",
    "GatherV2",
    "Maximum",
    "Minimum",
    "MirrorPad",
    "Prod",
    "ResizeBilinear",
    "ResizeNearestNeighbor",
    "SquaredDifference",
  ],
]);

/** Gradients that no case asks for: of masks and ids they are zero and `repairs.test.ts` has some; tfjs's functions go around the kernels of two. */
const UNASKED = [
  ...["ArgMax", "ArgMin", "Equal", "FloorDiv", "Greater", "GreaterEqual", "Less", "LessEqual", "NotEqual", "OneHot"],
  ...["IsFinite", "IsInf", "IsNan", "BroadcastTo", "LogSoftmax"],
];

interface Found {
  readonly value: Float32Array;
  readonly gradients: readonly Float32Array[];
}

function evaluate({ inputs, f }: Call, hasGradient: boolean, dySeed: number): Found {
  return tf.tidy(() => {
    const tensors = inputs.map(tensorOf);
    const y = f(...tensors);
    const value = Float32Array.from(y.dataSync());
    if (!hasGradient) return { value, gradients: [] };
    const dy = tensorOf(new Random(dySeed).normal(y.shape));
    const found = tf.grads((...x: tf.Tensor[]) => f(...x))(tensors, dy);
    return { value, gradients: found.map((gradient) => Float32Array.from(gradient.dataSync())) };
  });
}

const cases: readonly [string, Case, boolean][] = [
  ...Object.entries(differentiable).map(([name, one]): [string, Case, boolean] => [name, one, !REPAIRED.has(name)]),
  ...Object.entries(forwardOnly).map(([name, one]): [string, Case, boolean] => [name, one, false]),
];
const expected = new Map<string, Found[]>();
const [kernelsRun, gradientsRun] = [new Set<string>(), new Set<string>()];
let accelerated: AcceleratedWasm;

beforeAll(async () => {
  tf.env().set("PROD", true); // tfjs advertises its native backend on the console otherwise
  await tf.setBackend("cpu");
  for (const [name, one, hasGradient] of cases) {
    expected.set(
      name,
      SEEDS.map((seed) => evaluate(one(new Random(seed)), hasGradient, seed + 100)),
    );
  }
  for (const name of Object.keys(gradients)) if (tf.getGradient(name)) tf.unregisterGradient(name);
  accelerated = await installAcceleratedWasm();
  for (const kernel of tf.getKernelsForBackend("wasm")) {
    const { kernelFunc } = kernel;
    kernel.kernelFunc = (call) => (kernelsRun.add(kernel.kernelName), kernelFunc(call));
  }
  for (const name of accelerated.gradients) {
    const gradient = tf.getGradient(name);
    const { gradFunc } = gradient;
    gradient.gradFunc = (...call) => (gradientsRun.add(name), gradFunc(...call));
  }
});
afterAll(() => accelerated.uninstall());

/**
 * Both sum and multiply in float32 in orders of their own: at most some 300 terms (a convolution of 4 x 4 x 5 and its gradients over 9 images
 * of 9 x 9 have 729, of random signs), 729 eps = 4e-5 of the sum of magnitudes, of which the largest result is a fair part; tfjs-cpu's erf
 * is right to 1.5e-7.
 */
const APART = 1e-4;

function expectNear(actual: Float32Array, wanted: Float32Array): void {
  expect(actual.length).toBe(wanted.length);
  const scale = wanted.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 1);
  actual.forEach((x, i) => {
    if (!Number.isFinite(wanted[i]!)) expect(x).toBe(wanted[i]);
    else expect(Math.abs(x - wanted[i]!), `element ${i}: ${x} for ${wanted[i]}`).toBeLessThanOrEqual(APART * scale);
  });
}

describe("every kernel and gradient", () => {
  it.each(cases)("%s", (name, one, hasGradient) => {
    SEEDS.forEach((seed, i) => {
      const before = tf.memory().numTensors;
      const found = evaluate(one(new Random(seed)), hasGradient, seed + 100);
      const wanted = expected.get(name)![i]!;
      expectNear(found.value, wanted.value);
      found.gradients.forEach((gradient, input) => expectNear(gradient, wanted.gradients[input]!));
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  it("leaves no array behind", () => {
    expect(tf.engine().backend.numDataIds()).toBe(tf.memory().numDataBuffers);
  });

  it("reaches every kernel", () => {
    const names = tf.getKernelsForBackend("wasm").map(({ kernelName }) => kernelName);
    expect(names.filter((name) => !kernelsRun.has(name)).toSorted()).toEqual(Object.keys(ELSEWHERE));
    expect(names).toEqual(expect.arrayContaining([...accelerated.kernels]));
  });

  it("reaches every gradient", () => {
    const missed = accelerated.gradients.filter((name) => !gradientsRun.has(name) && !REPAIRED.has(name));
    expect(missed.toSorted()).toEqual(UNASKED.toSorted());
  });
});
