import { hash32 } from "@isthmus/math";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dense, GraphBuilder, initialise, type StateSpec } from "../src/index.ts";

const uniform = (shape: readonly number[], limit: number) => ({ shape, init: { kind: "uniform", limit } as const });

it("stays strictly within the limits, whatever they are", () => {
  // 2u - 1 is at most 1 - 2^-23 in magnitude, at least one float32 step below the limit, so rounding cannot reach it.
  fc.assert(
    fc.property(fc.double({ min: 1e-30, max: 1e30, noNaN: true }), fc.nat(), (limit, seed) => {
      for (const value of initialise({ w: uniform([64], limit) }, seed)["w"]!)
        expect(Math.abs(value)).toBeLessThan(limit);
    }),
  );
});

it("is the same for the same seed, another for another", () => {
  const spec = { w: uniform([10], 1) };
  expect(initialise(spec, 3)).toEqual(initialise(spec, 3));
  expect(initialise(spec, 3)).not.toEqual(initialise(spec, 4));
});

it("depends on a tensor's name, not on the others or their order", () => {
  const spec: StateSpec = { a: uniform([5], 1), b: uniform([5], 1), c: { shape: [2], init: { kind: "zeros" } } };
  const reversed = Object.fromEntries(Object.entries(spec).reverse());
  expect(initialise(reversed, 1)).toEqual(initialise(spec, 1));
  expect(initialise({ b: spec["b"]! }, 1)["b"]).toEqual(initialise(spec, 1)["b"]);
  expect(initialise(spec, 1)["a"]).not.toEqual(initialise(spec, 1)["b"]);
  expect(initialise(spec, 1)["c"]).toEqual(new Float32Array(2));
});

it("refuses names whose noise would be the same", () => {
  const seen = new Map<number, string>();
  let pair: readonly [string, string] | undefined;
  // About 2^16 names collide in 32 bits with good chance; the sequence is fixed, so this ends where it ends.
  for (let i = 0; !pair; i++) {
    const hash = hash32(`init/layer${i}`);
    const other = seen.get(hash);
    if (other) pair = [other, `layer${i}`];
    seen.set(hash, `layer${i}`);
  }
  const [a, b] = pair;
  expect(() => initialise({ [a]: uniform([1], 1), [b]: uniform([1], 1) }, 1)).toThrow(
    new RangeError(`initialise: "${b}" collides with "${a}"; rename one`),
  );
});

it("has the moments of its uniform law", () => {
  const n = 200_000;
  const values = initialise({ w: uniform([n], 1) }, 1)["w"]!;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const square = values.reduce((sum, value) => sum + value * value, 0) / n;
  // Five standard errors: sd of x is 1/sqrt(3), of x^2 is sqrt(1/5 - 1/9).
  expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(3 * n));
  expect(Math.abs(square - 1 / 3)).toBeLessThan(5 * Math.sqrt((1 / 5 - 1 / 9) / n));
});

describe("dense", () => {
  it("starts kernel and bias within 1 / sqrt(inputs), as PyTorch's nn.Linear", () => {
    const build = new GraphBuilder();
    dense(build, build.input("x", ["batch", 16]), { name: "a.dense0", units: 3 });
    const init = { kind: "uniform", limit: 0.25 };
    expect(build.stateSpec).toEqual({
      "a.dense0.kernel": { shape: [16, 3], init },
      "a.dense0.bias": { shape: [3], init },
    });
  });

  it("refuses what is not [batch, features], and units that are none", () => {
    const build = new GraphBuilder();
    const layer =
      (shape: readonly (number | "batch")[], units = 2) =>
      () =>
        dense(build, build.input(`x${shape.join()}`, shape), { name: "d", units });
    expect(layer(["batch", 2, 2])).toThrow(
      new RangeError(`dense "d": "x" expected [batch, features], got [batch, 2, 2]`),
    );
    expect(layer([2, "batch"])).toThrow(RangeError);
    expect(layer(["batch", 2], 0)).toThrow(RangeError);
  });
});
