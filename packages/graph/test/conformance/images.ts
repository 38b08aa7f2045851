/** Convolutions of random shapes with their gradients. */
import { type Engine, GraphBuilder, type Program, vjp } from "../../src/index.ts";
import { randomUniform } from "@isthmus/math";
import fc from "fast-check";
import { expect, it } from "vitest";
import { expectConforms } from "./conforms.ts";

function values(n: number, stream: string): Float32Array {
  const out = new Float32Array(n);
  randomUniform(out, { seed: 5, stream });
  return out.map((x) => 2 * x - 1);
}

const pair = (max: number) => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }));
const pads = fc.tuple(fc.nat(2), fc.nat(2));
const shape = fc.record({
  size: pair(9),
  window: pair(4),
  strides: pair(3),
  dilations: pair(2),
  padding: fc.oneof(fc.constant("same" as const), fc.constant("valid" as const), fc.tuple(pads, pads)),
  inputs: fc.integer({ min: 1, max: 9 }),
  outputs: fc.integer({ min: 1, max: 12 }),
  batch: fc.integer({ min: 1, max: 3 }),
});

type Shapes = typeof shape extends fc.Arbitrary<infer T> ? T : never;
type Made = { readonly program: Program; readonly inputs: Readonly<Record<string, Float32Array>> };

/** An operation and its gradients by everything it takes, when its window fits. */
function withGradients(op: "conv2d" | "conv2dTranspose" | "depthwiseConv2d", of: Shapes): Made | undefined {
  const build = new GraphBuilder();
  const { size, window, inputs, outputs, batch } = of;
  const x = build.input("x", ["batch", ...size, inputs]);
  const last = op === "conv2dTranspose" ? [outputs, inputs] : [inputs, op === "conv2d" ? outputs : 1 + (outputs % 3)];
  const filter = build.input("filter", [...window, ...last]);
  try {
    const y = build[op](x, filter, of);
    const g = build.input("g", y.shape);
    const [dx, df] = vjp(build, [y], [x, filter], [g]);
    const program = build.program({ outputs: { y, dx: dx!, df: df! } });
    const count = (name: string) =>
      program.nodes[program.inputs[name]!]!.shape.reduce<number>((n, dim) => n * (dim === "batch" ? batch : dim), 1);
    return {
      program,
      inputs: Object.fromEntries(["x", "filter", "g"].map((name) => [name, values(count(name), name)])),
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Convolutions of any shape, and their gradients. */
export function imagesConform(current: () => Engine): void {
  it.each(["conv2d", "conv2dTranspose", "depthwiseConv2d"] as const)(
    "%s and its gradients agree with the interpreter",
    async (op) => {
      let fitted = 0;
      await fc.assert(
        fc.asyncProperty(shape, async (of) => {
          const made = withGradients(op, of);
          if (!made) return;
          fitted++;
          await expectConforms(current(), made.program, { inputs: made.inputs, batch: of.batch });
        }),
        { numRuns: 120, seed: 20261121 },
      );
      expect(fitted).toBeGreaterThan(60);
    },
  );
}
