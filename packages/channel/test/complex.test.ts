import { describe, expect, it } from "vitest";
import { checkFirst } from "../../graph/test/support/gradients.ts";
import {
  complexConvolve,
  complexDense,
  complexDivide,
  complexMultiply,
  complexOf,
  complexParts,
  complexPhase,
  squaredMagnitude,
  toComplex,
  toReal,
} from "../src/layers/complex.ts";
import { GraphBuilder, interpret } from "@isthmus/graph";
import { valuesOf } from "./support/layer-run.ts";

const a = [1.5, -0.5, 0.25, 2, -1, 0.75];
const b = [0.5, 1, -2, 0.5, 1.25, -0.25];
const pairs = (values: readonly number[]) => ({ shape: ["batch", values.length / 2, 2] as const, values });

/** (p + iq)(r + is), number by number. */
function times([p, q]: readonly number[], [r, s]: readonly number[]): readonly [number, number] {
  return [p! * r! - q! * s!, p! * s! + q! * r!];
}
const at = (values: readonly number[], i: number): readonly number[] =>
  i < 0 ? [0, 0] : values.slice(2 * i, 2 * i + 2);

// A few roundings of float64 on values near 1.
const DIGITS = 13;

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, DIGITS));
}

describe("complex numbers as pairs", () => {
  it("lie in memory as flat ones do, and come back", () => {
    const made = valuesOf(
      (build, [x]) => {
        const z = toComplex(build, x!);
        return { z, back: toReal(build, z), again: complexOf(build, complexParts(build, z)) };
      },
      [{ shape: ["batch", 6], values: a }],
    );
    expectClose(made["z"]!, a);
    expectClose(made["back"]!, a);
    expectClose(made["again"]!, a);
  });

  it("multiply and divide", () => {
    const made = valuesOf(
      (build, [x, y]) => ({
        product: complexMultiply(build, x!, y!),
        quotient: complexDivide(build, complexMultiply(build, x!, y!), y!),
        size: squaredMagnitude(build, x!),
      }),
      [pairs(a), pairs(b)],
    );
    expectClose(
      made["product"]!,
      [0, 1, 2].flatMap((i) => times(at(a, i), at(b, i))),
    );
    expectClose(made["quotient"]!, a);
    expectClose(
      made["size"]!,
      [0, 1, 2].map((i) => at(a, i)[0]! ** 2 + at(a, i)[1]! ** 2),
    );
  });

  it.each([false, true])("convolve as the sum says, tail: %s", (tail) => {
    const made = valuesOf(
      (build, [x, h]) => ({ y: complexConvolve(build, x!, h!, { tail }) }),
      [pairs(a), pairs(b.slice(0, 4))],
    );
    const expected = Array.from({ length: tail ? 4 : 3 }, (_, i) =>
      [0, 1]
        .map((l) => times(at(b, l), i - l < 3 ? at(a, i - l) : [0, 0]))
        .reduce((sum, term) => [sum[0] + term[0], sum[1] + term[1]], [0, 0] as readonly [number, number]),
    ).flat();
    expectClose(made["y"]!, expected);
  });

  it("convolve with more taps than numbers", () => {
    const made = valuesOf((build, [x, h]) => ({ y: complexConvolve(build, x!, h!) }), [pairs(a.slice(0, 2)), pairs(b)]);
    expectClose(made["y"]!, [...times(at(a, 0), at(b, 0))]);
  });

  it("turn by the angle that sine and cosine have", () => {
    const angles = Array.from({ length: 401 }, (_, i) => ((i - 200) / 200) * 8 * Math.PI);
    const { z } = valuesOf(
      (build, [x]) => ({ z: complexPhase(build, x!) }),
      [{ shape: ["batch", 401], values: angles }],
    );
    // The series' last term left out is (pi / 4)^12 / 12! = 1.1e-10, times 32.
    angles.forEach((angle, i) => {
      expect(Math.hypot(z![2 * i]! - Math.cos(angle), z![2 * i + 1]! - Math.sin(angle))).toBeLessThan(1e-8);
    });
  });

  it("go through a dense layer as x W + b", () => {
    const build = new GraphBuilder();
    const y = complexDense(build, build.input("x", ["batch", 2, 2]), { name: "layer", units: 1 });
    const program = build.program({ outputs: { y } });
    const state = {
      "layer.real": Float64Array.of(0.5, -1),
      "layer.imaginary": Float64Array.of(2, 0.25),
      "layer.bias": Float64Array.of(0.125, -3),
    };
    const { outputs } = interpret(program, { inputs: { x: Float64Array.from(a.slice(0, 4)) }, state, batch: 1 });
    const [p, q] = [times(at(a, 0), [0.5, 2]), times(at(a, 1), [-1, 0.25])];
    expectClose(outputs["y"]!.data, [p[0] + q[0] + 0.125, p[1] + q[1] - 3]);
  });

  it("refuse what is no pair", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 3]);
    expect(() => toComplex(build, x)).toThrow(/even last size/);
    expect(() => toReal(build, x)).toThrow(/expected pairs/);
    expect(() => complexMultiply(build, x, x)).toThrow(/expected pairs/);
    const deep = build.input("deep", ["batch", 1, 3, 2]);
    expect(() => complexConvolve(build, deep, deep)).toThrow(/\[rows, n, 2\]/);
    expect(() => complexDense(build, deep, { name: "d", units: 1 })).toThrow(/\[batch, n, 2\]/);
  });
});

describe("derivatives equal central differences", () => {
  const z = ["batch", 3, 2] as const;
  it.each([
    { name: "product", shapes: [z, z], f: (build, [x, y]) => complexMultiply(build, x!, y!) },
    { name: "quotient", shapes: [z, z], f: (build, [x, y]) => complexDivide(build, x!, y!, 0.1) },
    { name: "convolution", shapes: [z, ["batch", 2, 2]], f: (build, [x, y]) => complexConvolve(build, x!, y!) },
    {
      name: "tail",
      shapes: [z, ["batch", 2, 2]],
      f: (build, [x, y]) => complexConvolve(build, x!, y!, { tail: true }),
    },
    { name: "phase", shapes: [["batch", 3]], f: (build, [x]) => complexPhase(build, x!) },
  ] as Parameters<typeof checkFirst>[0][])("$name", (test) => checkFirst(test));
});
