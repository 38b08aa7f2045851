/** What is wrong in tfjs 4.22.0 and right here: beside definitions and differences, since no backend of tfjs can be the judge. */
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { type AcceleratedWasm, installAcceleratedWasm } from "@isthmus/tfjs/accelerated-wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Call, differentiable } from "./cases.ts";
import { Random, type Spec, tensorOf } from "./random.ts";

let accelerated: AcceleratedWasm;
beforeAll(async () => {
  tf.env().set("PROD", true); // tfjs advertises its native backend on the console otherwise
  accelerated = await installAcceleratedWasm();
});
afterAll(() => accelerated.uninstall());

const floats = (values: number[], shape: number[] = [values.length]): Spec => ({
  values: Float32Array.from(values),
  shape,
  dtype: "float32",
});
const numbers = (x: tf.Tensor): number[] => [...x.dataSync()];

describe("gradients that tfjs has wrong or not at all, beside central differences", () => {
  const dilated: Readonly<Record<string, (r: Random) => Call>> = {
    "Conv2D with dilations": (r) => ({
      inputs: [r.normal([2, 7, 6, 2]), r.normal([3, 2, 2, 3])],
      f: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same", "NHWC", [2, 3]),
    }),
    "DepthwiseConv2dNative with dilations": (r) => ({
      inputs: [r.normal([2, 7, 6, 2]), r.normal([3, 2, 2, 2])],
      f: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "valid", "NHWC", [2, 3]),
    }),
    "a mask": (r) => ({ inputs: [r.normal([5, 3])], f: (x) => tf.where(tf.greater(x, 0), tf.mul(x, 3), tf.square(x)) }),
    "GatherV2 in batches": (r) => ({
      inputs: [r.normal([2, 4, 3])],
      f: (x) =>
        tf.gather(
          x,
          tf.tensor2d(
            [
              [1, 3, 1],
              [0, 0, 2],
            ],
            [2, 3],
            "int32",
          ),
          1,
          1,
        ),
    }),
  };
  const names = [
    "Cumsum",
    "GatherV2",
    "Maximum",
    "Minimum",
    "MirrorPad",
    "Prod",
    "ResizeBilinear",
    "ResizeNearestNeighbor",
  ];
  const cases = [...names, "SquaredDifference"].map((name) => [name, differentiable[name]!] as const);

  it.each([...cases, ...Object.entries(dilated)])("%s", (_, one) => {
    for (const seed of [1, 2, 3]) {
      const { inputs: drawn, f } = one(new Random(seed));
      const inputs = drawn.map(apart);
      tf.tidy(() => {
        const dy = new Random(seed + 50).normal(f(...inputs.map(tensorOf)).shape);
        const found = tf.grads((...x: tf.Tensor[]) => f(...x))(inputs.map(tensorOf), tensorOf(dy));
        found.forEach((gradient, i) => expectDifferences(inputs, i, f, dy, gradient));
      });
    }
  });

  const H = 2 ** -8;

  /** On a grid of its own, so that no step of H makes the smaller of two operands the greater. */
  function apart(spec: Spec, i: number): Spec {
    return { ...spec, values: Float32Array.from(spec.values, (x) => Math.round(8 * x) / 8 + (i + 1) / 32) };
  }

  /** Everything here is linear or of low degree in each element; rounding the values to float32 is off by 1e-7 / H = 3e-5 of each. */
  const APART = 2e-3;

  function expectDifferences(inputs: readonly Spec[], i: number, f: Call["f"], dy: Spec, gradient: tf.Tensor): void {
    const value = (element: number, step: number): number => {
      const moved = inputs.map((spec, j) => (i === j ? { ...spec, values: spec.values.slice() } : spec));
      moved[i]!.values[element]! += step;
      return numbers(f(...moved.map(tensorOf))).reduce((sum, y, k) => sum + y * dy.values[k]!, 0);
    };
    const found = numbers(gradient);
    const scale = found.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
    found.forEach((x, element) => {
      const difference = (value(element, H) - value(element, -H)) / (2 * H);
      expect(Math.abs(x - difference), `element ${element}: ${x} for ${difference}`).toBeLessThan(APART * scale);
    });
  }

  it("refuses dilations where the kernels forget them", async () => {
    await tf.setBackend("cpu");
    try {
      const x = tf.ones([1, 5, 5, 1]) as tf.Tensor4D;
      const w = tf.ones([2, 2, 1, 1]) as tf.Tensor4D;
      const f = (filter: tf.Tensor): tf.Tensor => tf.conv2d(x, filter as tf.Tensor4D, 1, "same", "NHWC", 2);
      expect(() => tf.grad(f)(w)).toThrow(/dilations of 1, got 2/);
    } finally {
      await tf.setBackend("wasm");
    }
  });
});

describe("kernels that tfjs has wrong", () => {
  it("gives a window of negative numbers its gradient", () => {
    const x = tf.tensor4d([-4, -3, -2, -1], [1, 2, 2, 1]);
    expect(numbers(tf.grad((y: tf.Tensor) => tf.maxPool(y as tf.Tensor4D, 2, 2, "valid"))(x))).toEqual([0, 0, 0, 1]);
  });

  it("gives the gradient of equals to the first, as tfjs-cpu", () => {
    const x = tf.ones([1, 2, 2, 1]);
    expect(numbers(tf.grad((y: tf.Tensor) => tf.maxPool(y as tf.Tensor4D, 2, 2, "valid"))(x))).toEqual([1, 0, 0, 0]);
  });

  it("adds a bias once, however long the sums", () => {
    const [a, b] = [tf.ones([2, 100]), tf.ones([3, 100])] as [tf.Tensor2D, tf.Tensor2D];
    const fused = { a, b, transposeB: true, bias: tf.tensor1d([10, 20, 30]) };
    expect(numbers(tf.fused.matMul(fused))).toEqual([110, 120, 130, 110, 120, 130]);
    const [half, negative] = [tf.ones([2, 52]), tf.neg(tf.ones([2, 48]))];
    const mixed = tf.concat([negative, half], 1) as tf.Tensor2D;
    expect(numbers(tf.fused.matMul({ a: mixed, b, transposeB: true, activation: "relu" }))).toEqual([4, 4, 4, 4, 4, 4]);
  });

  it("adds a bias of any shape that fits", () => {
    const [a, b] = [tf.ones([2, 3]), tf.ones([3, 2])] as [tf.Tensor2D, tf.Tensor2D];
    const bias = tf.tensor2d([
      [1, 2],
      [3, 4],
    ]);
    expect(numbers(tf.fused.matMul({ a, b, bias, activation: "relu" }))).toEqual([4, 5, 6, 7]);
  });

  it("sums a million terms to some ulp", () => {
    const x = tf.fill([1_000_000], 0.1);
    // 72 eps of the sum of magnitudes is what our kernel promises; float32(0.1) is 0.100000001490116.
    expect(Math.abs(numbers(tf.sum(x))[0]! - 100_000.00149)).toBeLessThan(72 * 2 ** -24 * 1e5);
    expect(Math.abs(numbers(tf.mean(x))[0]! - 0.1)).toBeLessThan(73 * 2 ** -24 * 0.1);
  });

  it("writes ones as numbers", () => {
    expect(numbers(tf.oneHot(tf.tensor1d([1, 0, 7], "int32"), 2, 1, 0, "float32"))).toEqual([0, 1, 1, 0, 0, 0]);
  });

  it("keeps a NaN in either operand of a maximum", () => {
    const [a, b] = [tf.tensor1d([NaN, 1, 2]), tf.tensor1d([1, NaN, 3])];
    expect(numbers(tf.maximum(a, b))).toEqual([NaN, NaN, 3]);
    expect(numbers(tf.minimum(a, b))).toEqual([NaN, NaN, 2]);
  });

  it("keeps the digits of log1p near 0", () => {
    const [y] = numbers(tf.log1p(tf.tensor1d([1e-8])));
    expect(Math.abs(y! / Math.fround(1e-8) - 1)).toBeLessThan(2 ** -23);
  });

  it("makes a window of a stride greater than the image", () => {
    const [x, w] = [tf.ones([1, 3, 3, 1]), tf.ones([2, 2, 1, 1])] as [tf.Tensor4D, tf.Tensor4D];
    expect(numbers(tf.conv2d(x, w, 5, "valid"))).toEqual([4]);
  });

  it("sums segments, of integers too, and leaves out ids that are none", () => {
    const ids = tf.tensor1d([1, -1, 1, 5], "int32");
    const sums = (x: tf.Tensor): number[] => numbers(tf.unsortedSegmentSum(x, ids, 2));
    expect(
      sums(
        tf.tensor2d([
          [1, 2],
          [3, 4],
          [5, 6],
          [7, 8],
        ]),
      ),
    ).toEqual([0, 0, 6, 8]);
    expect(sums(tf.tensor1d([1, 2, 2 ** 24 + 1, 4], "int32"))).toEqual([0, 2 ** 24 + 2]);
  });

  it("refuses channels before rows", () => {
    const [x, w] = [tf.ones([1, 1, 3, 3]), tf.ones([2, 2, 1, 1])] as [tf.Tensor4D, tf.Tensor4D];
    expect(() => tf.conv2d(x, w, 1, "valid", "NCHW")).toThrow(expect.objectContaining({ code: "TFJS_LAYOUT" }));
  });
});
