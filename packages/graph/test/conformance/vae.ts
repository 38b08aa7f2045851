import { type Engine, GraphBuilder, interpret, vjp } from "../../src/index.ts";
import { describe, expect, it } from "vitest";
import { expectConforms } from "./conforms.ts";
import { vaeData, vaeGradients, vaeTraining } from "./vae-programs.ts";

const SMALL = { pixels: 12, hidden: 9, latent: 3 };

/** A dense VAE: its loss, gradients and training step; second derivatives. */
export function vaeConforms(current: () => Engine): void {
  describe("the dense VAE", () => {
    it.each([1, 5])("has the interpreter's loss and gradients at batch %i", async (batch) => {
      const program = vaeGradients(SMALL);
      await expectConforms(current(), program, { ...vaeData(program, SMALL, batch), batch });
    });

    it("takes the interpreter's training step", async () => {
      const program = vaeTraining(SMALL);
      const { inputs, state } = vaeData(program, SMALL, 4);
      const schedule = { "adam.stepSize": Float32Array.of(0.01), "adam.secondScale": Float32Array.of(31.6) };
      await expectConforms(current(), program, { inputs: { ...inputs, ...schedule }, state, batch: 4 });
    });

    it("repeats itself bit for bit", async () => {
      const run = async () => {
        const program = vaeTraining(SMALL);
        const { inputs, state } = vaeData(program, SMALL, 4);
        const own = current().createState(program.state);
        for (const [name, values] of Object.entries(state)) await own.write(name, values);
        const executable = await current().compile(program, own);
        const schedule = { "adam.stepSize": Float32Array.of(0.01), "adam.secondScale": Float32Array.of(1) };
        for (let step = 0; step < 10; step++) {
          await executable.run({ ...inputs, step: Int32Array.of(step, 0), ...schedule });
        }
        return Promise.all(Object.keys(program.state).map((name) => own.read(name)));
      };
      expect(await run()).toEqual(await run());
    });
  });

  describe("derivatives of derivatives", () => {
    it("conform: a penalty on the slope of a network", async () => {
      const build = new GraphBuilder();
      const x = build.input("x", ["batch", 4]);
      const init = { kind: "zeros" } as const;
      const w1 = build.state("w1", { shape: [4, 6], init });
      const w2 = build.state("w2", { shape: [6, 3], init });
      const target = build.input("target", ["batch", 3]);
      const logits = build.matmul(build.tanh(build.matmul(x, w1)), w2);
      const loss = build.mean(build.sigmoidCrossEntropy(logits, target));
      const [slope] = vjp(build, [loss], [x], [build.scalar(1)]);
      const penalty = build.sum(build.square(slope!));
      const [g1, g2] = vjp(build, [penalty], [w1, w2], [build.scalar(1)]);
      const program = build.program({ outputs: { penalty, g1: g1!, g2: g2! } });
      const inputs = {
        x: Float32Array.from({ length: 20 }, (_, i) => Math.sin(i)),
        target: Float32Array.from({ length: 15 }, (_, i) => (i % 4) / 3),
      };
      const state = {
        w1: Float32Array.from({ length: 24 }, (_, i) => Math.cos(3 * i) / 2),
        w2: Float32Array.from({ length: 18 }, (_, i) => Math.sin(5 * i) / 2),
      };
      await expectConforms(current(), program, { inputs, state, batch: 5 });
      const at = (shift: number) => {
        const moved = Float64Array.from(state.w1, (w, i) => (i === 2 ? w + shift : w));
        return interpret(program, { inputs, state: { ...state, w1: moved }, batch: 5 }).outputs;
      };
      const difference = (at(1e-5)["penalty"]!.data[0]! - at(-1e-5)["penalty"]!.data[0]!) / 2e-5;
      expect(at(0)["g1"]!.data[2]).toBeCloseTo(difference, 8);
    });
  });
}
