/** The autoencoder that PyTorch exported (tools/fixtures/onnx_torch.py) in less precision, as the file stands and imported and written again. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type ActivationRanges,
  calibrate,
  checkOnnx,
  exportOnnx,
  fidelity,
  importOnnx,
  type PrecisionOptions,
  reducePrecision,
} from "../src/index.ts";
import { interpreted, isStorage, LEAST_SNR, named, reductions } from "./support/precision.ts";
import { runtimes } from "./support/runtimes.ts";

const file = (name: string): Uint8Array => readFileSync(new URL(`fixtures/${name}`, import.meta.url));
const recorded = JSON.parse(new TextDecoder().decode(file("torch-autoencoder.json"))) as Readonly<
  Record<"x" | "z" | "reconstruction", { readonly values: readonly number[] }>
>;
const ITEMS = 3;
const parts = { encoder: ["x", "z"], decoder: ["z", "reconstruction"] } as const;

/**
 * The least SNR in dB against what PyTorch computed. Weights are uniform and there are four layers of them. A half is within
 * 2^-11: 66 dB; a byte of uniform numbers is off by step / sqrt(12), of 127 steps to the largest: 48 dB, and 42 in 7 bits.
 * Four such errors, all to one side, take 12 dB; as many of activations, 6 more. The largest activation is taken for four
 * times their root mean square, which takes from 127 steps sqrt(12) / 4: 41 dB.
 */
const least: Readonly<Record<string, number>> = {
  float16: 54,
  "float16-compute": 48,
  "int8-weights": 36,
  "int8-weights, 7 bits": 30,
  int8: 23,
  "int8, uint8 activations": 23,
  "int8, 7 bits, uint8 activations": 23,
};

describe.each([13, 17] as const)("operator set %i", (opset) => {
  describe.each(["encoder", "decoder"] as const)("%s", (part) => {
    const bytes = file(`torch-${part}-${opset}.onnx`);
    const [from, to] = parts[part];
    const feeds = { [from]: Float32Array.from(recorded[from].values) };
    const expected = { [to]: recorded[to].values };

    /** In both runtimes, unoptimised and optimised, and in our own engine's reading. */
    async function expectFaithful(reduced: Uint8Array, options: PrecisionOptions): Promise<void> {
      checkOnnx(reduced);
      const ours = interpreted(reduced, feeds);
      const near = (got: Parameters<typeof fidelity>[0], where: string) =>
        expect(fidelity(got, expected)[to]!.snr, `${named(options)}, ${where}`).toBeGreaterThanOrEqual(
          least[named(options)]!,
        );
      near(ours, "our reading");
      // What the runtime computes of the same stored numbers: in float32, or with roundings on the way.
      const storage = isStorage(options) ? 100 : LEAST_SNR[options.precision as keyof typeof LEAST_SNR];
      for (const runtime of runtimes) {
        for (const optimisation of ["disabled", "all"] as const) {
          const session = await runtime.open(reduced, optimisation);
          const got = await session.runFed(feeds, ITEMS);
          await session.release();
          const where = `${runtime.name}, ${optimisation}`;
          near(got, where);
          expect(fidelity(got, ours)[to]!.snr, `${named(options)}, ${where}`).toBeGreaterThanOrEqual(storage);
        }
      }
    }

    const inEach = async (ranges: ActivationRanges, reduce: (options: PrecisionOptions) => Uint8Array) => {
      for (const options of reductions(ranges)) await expectFaithful(reduce(options), options);
    };

    test("as it stands", async () => {
      const ranges = await calibrate(bytes, { batches: [feeds] });
      await inEach(ranges, (options) => reducePrecision(bytes, options));
    });

    test("imported and written again", async () => {
      const { program, parameters } = importOnnx(bytes);
      const written = (options: PrecisionOptions) => exportOnnx(program, parameters, { graphName: part, ...options });
      await inEach(await calibrate(written({}), { batches: [feeds] }), written);
    });

    test("keeps the names of its inputs, outputs and weights", async () => {
      const reduced = importOnnx(reducePrecision(bytes, { precision: "int8-weights" }));
      expect(Object.keys(reduced.program.inputs)).toEqual([from]);
      expect(Object.keys(reduced.program.outputs)).toEqual([to]);
      expect(Object.keys(reduced.parameters).sort()).toEqual(Object.keys(importOnnx(bytes).parameters).sort());
    });
  });
});
