/** The fused optimiser beside tfjs's own. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { type AcceleratedWasm, type FusedAdam, installAcceleratedWasm } from "@isthmus/tfjs/accelerated-wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random, tensorOf } from "./random.ts";

let accelerated: AcceleratedWasm;
beforeAll(async () => {
  tf.env().set("PROD", true); // tfjs advertises its native backend on the console otherwise
  accelerated = await installAcceleratedWasm();
});
afterAll(() => accelerated.uninstall());

const numbers = (x: tf.Tensor): number[] => [...x.dataSync()];

/** A small regression with a matrix and a bias, its steps, and what it has learned. */
function regression(optimizer: tf.Optimizer) {
  const r = new Random(3);
  const [x, y] = [tensorOf(r.normal([16, 5])), tensorOf(r.normal([16, 3]))];
  const variables = [tf.variable(tensorOf(r.normal([5, 3]))), tf.variable(tf.zeros([3]))] as const;
  const loss = (): tf.Scalar => tf.mean(tf.squaredDifference(tf.add(tf.matMul(x, variables[0]), variables[1]), y));
  const step = (): number => tf.tidy(() => optimizer.minimize(() => loss(), true, [...variables])!.dataSync()[0]!);
  return { step, values: () => variables.map(numbers), variables, dispose: () => tf.dispose([x, y, ...variables]) };
}

/**
 * tfjs keeps beta2^t in float32, so that its 1 - beta2^t is right to 2^-24 / 1e-3 = 6e-5 and a step to half of that; a hundred steps of at most
 * 1e-2 are off by 3e-5 together, and by 100 x 1e-2 x 10 eps < 1e-6 for other roundings.
 */
const APART = 4e-5;

function expectNear(actual: readonly number[][], expected: readonly number[][]): void {
  actual.flat().forEach((x, i) => expect(Math.abs(x - expected.flat()[i]!)).toBeLessThan(APART));
}

describe("FusedAdam", () => {
  it("makes tfjs's steps", () => {
    const [ours, theirs] = [regression(accelerated.adam({ learningRate: 1e-2 })), regression(tf.train.adam(1e-2))];
    const losses = Array.from({ length: 100 }, () => [ours.step(), theirs.step()] as const);
    for (const [a, b] of losses) expect(Math.abs(a - b)).toBeLessThan(APART);
    expect(losses[99]![0]).toBeLessThan(0.8 * losses[0]![0]);
    expectNear(ours.values(), theirs.values());
    [ours, theirs].forEach((one) => one.dispose());
  });

  it("is not read from what tfjs has packed: a product after a step sees the new weights", () => {
    const w = tf.variable(tf.ones([8, 8]));
    const filter = tf.variable(tf.ones([2, 2, 4, 4])) as tf.Variable<tf.Rank.R4>;
    const image = tf.ones([1, 4, 4, 4]) as tf.Tensor4D;
    const y = (): number[] =>
      tf.tidy(() => [...numbers(tf.matMul(tf.ones([8, 8]), w)), ...numbers(tf.conv2d(image, filter, 1, "valid"))]);
    const depthwise = tf.variable(tf.ones([2, 2, 4, 1])) as tf.Variable<tf.Rank.R4>;
    const packed = (): number[] => tf.tidy(() => numbers(tf.depthwiseConv2d(image, depthwise, 1, "valid")));
    expect([y()[0], y().at(-1), packed()[0]]).toEqual([8, 16, 4]);
    const optimizer = accelerated.adam({ learningRate: 0.5 });
    const ones = (of: tf.Variable): tf.Tensor => tf.ones(of.shape);
    const named = [w, filter, depthwise].map((of) => ({ name: of.name, tensor: ones(of) }));
    optimizer.applyGradients(named);
    // The first step of Adam is the learning rate, but for epsilon beside the gradient.
    const expected = [4, 8, 2];
    [y()[0]!, y().at(-1)!, packed()[0]!].forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 4));
    optimizer.dispose();
    tf.dispose([w, filter, depthwise, image, ...named.map(({ tensor }) => tensor)]);
  });

  it("leaves alone what a clone holds", () => {
    const initial = tf.ones([4]);
    const w = tf.variable(initial);
    const optimizer = accelerated.adam();
    optimizer.minimize(() => tf.sum(w), false, [w]);
    const snapshot = tf.clone(w);
    const held = numbers(snapshot);
    optimizer.minimize(() => tf.sum(w), false, [w]);
    expect(numbers(initial)).toEqual([1, 1, 1, 1]);
    expect(numbers(snapshot)).toEqual(held);
    expect(numbers(w)[0]).toBeLessThan(held[0]!);
    optimizer.dispose();
    tf.dispose([initial, w, snapshot]);
  });

  it.each([
    ["its own", () => accelerated.adam({ learningRate: 1e-2 })],
    ["tfjs's", () => tf.train.adam(1e-2)],
  ])("goes on from %s weights", async (_, before) => {
    const whole = regression(accelerated.adam({ learningRate: 1e-2 }));
    for (let i = 0; i < 20; i++) whole.step();

    const first = before();
    const half = regression(first);
    for (let i = 0; i < 10; i++) half.step();
    const second = accelerated.adam({ learningRate: 1e-2 });
    // Moments are known by the names of variables, and those of the other run have others.
    const weights = await first.getWeights();
    const rest = regression(second);
    const names = [half, rest].map(({ variables }) => variables.map(({ name }) => name));
    const renamed = weights.map((weight) => {
      const at = names[0]!.findIndex((name) => weight.name.startsWith(`${name}/`));
      return at < 0 ? weight : { ...weight, name: weight.name.replace(names[0]![at]!, names[1]![at]!) };
    });
    await second.setWeights(renamed);
    rest.variables.forEach((variable, i) => variable.assign(tf.clone(half.variables[i]!) as never));
    for (let i = 0; i < 10; i++) rest.step();
    expect(second.iterations).toBe(20);
    expectNear(rest.values(), whole.values());
    expect(weights.map(({ tensor }) => tensor.shape)).toEqual([[], [5, 3], [3], [5, 3], [3]]);
    tf.dispose(weights.map(({ tensor }) => tensor));
    [whole, half, rest].forEach((one) => one.dispose());
    [first, second].forEach((one) => one.dispose());
  });

  it("keeps its moments by name where tfjs takes the place", async () => {
    const [a, b, alone] = [0, 1, 2].map(() => tf.variable(tf.ones([2])));
    const [optimizer, other] = [0, 1].map(() => accelerated.adam({ learningRate: 0.1 }));
    optimizer!.minimize(() => tf.sum(tf.mul(a!, 100)), false, [a!]);
    optimizer!.minimize(() => tf.sum(b!), false, [b!]);
    // One that has taken a step with nothing.
    await other!.setWeights([{ name: "iter", tensor: tf.scalar(1, "int32") }]);
    other!.minimize(() => tf.sum(alone!), false, [alone!]);
    expect(numbers(b!)).toEqual(numbers(alone!));
    [optimizer, other].forEach((one) => one!.dispose());
    tf.dispose([a!, b!, alone!]);
  });

  it("says what it is, as tfjs's", () => {
    const [ours, theirs] = [accelerated.adam({ learningRate: 2e-3 }), tf.train.adam(2e-3)];
    expect(ours.getConfig()).toEqual(theirs.getConfig());
    expect(ours.getClassName()).toBe(theirs.getClassName());
    expect(ours).toBeInstanceOf(tf.Optimizer);
    expect(ours.iterations).toBe(0);
    theirs.dispose();
  });

  it("refuses what it cannot do", async () => {
    expect(() => accelerated.adam({ beta1: 1 })).toThrow('"beta1" expected a number in [0, 1), got 1');
    expect(() => accelerated.adam({ learningRate: NaN })).toThrow(RangeError);
    expect(() => accelerated.adam({ epsilon: "1" as never })).toThrow(TypeError);
    const optimizer = accelerated.adam();
    expect(() => optimizer.applyGradients({ nobody: tf.scalar(1) })).toThrow('names of variables, got "nobody"');
    const w = tf.variable(tf.ones([2]));
    expect(() => optimizer.applyGradients({ [w.name]: tf.ones([3]) })).toThrow(
      /expected float32 of shape \[2\], got float32 of shape \[3\]/,
    );
    await expect(
      optimizer.setWeights([
        { name: "iter", tensor: tf.scalar(1) },
        { name: "a/m", tensor: w },
      ]),
    ).rejects.toThrow(RangeError);
    await tf.setBackend("cpu");
    expect(() => optimizer.minimize(() => tf.sum(w), false, [w])).toThrow(
      expect.objectContaining({ code: "TFJS_BACKEND_LOST" }),
    );
    await tf.setBackend("wasm");
  });

  it("leaks nothing in 1,000 steps", () => {
    const optimizer: FusedAdam = accelerated.adam();
    const one = regression(optimizer);
    one.step();
    const { backend } = tf.engine() as unknown as { backend: tf.KernelBackend & { wasm: { HEAPU8: Uint8Array } } };
    const [tensors, arrays, bytes] = [tf.memory().numTensors, backend.numDataIds(), backend.wasm.HEAPU8.length];
    for (let i = 0; i < 1000; i++) one.step();
    expect([tf.memory().numTensors, backend.numDataIds(), backend.wasm.HEAPU8.length]).toEqual([
      tensors,
      arrays,
      bytes,
    ]);
    one.dispose();
    optimizer.dispose();
  });
});
