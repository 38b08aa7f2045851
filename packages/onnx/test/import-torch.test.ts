/** A convolutional autoencoder that PyTorch trained nothing of and exported (tools/fixtures/onnx_torch.py): read, run, written again. */
import { interpret, type Program, readModelFile, type StoredTensor, writeModelFile } from "@isthmus/graph";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { exportModelPart, exportOnnx, importModel, importOnnx, parity } from "../src/index.ts";
import { runtimes } from "./support/runtimes.ts";

const file = (name: string): Uint8Array => readFileSync(new URL(`fixtures/${name}`, import.meta.url));

interface Recorded {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
const recorded = JSON.parse(new TextDecoder().decode(file("torch-autoencoder.json"))) as Readonly<
  Record<"x" | "z" | "reconstruction", Recorded>
>;

const ITEMS = 3;
const opsets = [13, 17] as const;
const parts = { encoder: ["x", "z"], decoder: ["z", "reconstruction"] } as const;

function run(
  program: Program,
  parameters: Readonly<Record<string, StoredTensor>>,
  inputs: Readonly<Record<string, Float32Array>>,
) {
  const state = Object.entries(parameters).map(([name, { data }]) => [name, data as Float32Array] as const);
  return interpret(program, { inputs, state: Object.fromEntries(state), batch: ITEMS }).outputs;
}

/** PyTorch's values are float32, ours float64 on the same weights. */
function expectClose(got: ArrayLike<number>, { values }: Recorded): void {
  expect(got.length).toBe(values.length);
  const wrong = values.filter((value, i) => !(Math.abs(got[i]! - value) <= 1e-5 + 1e-4 * Math.abs(value)));
  expect(wrong).toEqual([]);
}

describe.each(opsets)("operator set %i", (opset) => {
  describe.each(["encoder", "decoder"] as const)("%s", (part) => {
    const [from, to] = parts[part];
    const { program, parameters } = importOnnx(file(`torch-${part}-${opset}.onnx`));
    const x = Float32Array.from(recorded[from].values);

    test("gives what PyTorch gave", () => {
      const { shape, data } = run(program, parameters, { [from]: x })[to]!;
      expect(shape).toEqual(recorded[to].shape);
      expectClose(data, recorded[to]);
    });

    test("keeps its interface, and its weights under their names", () => {
      expect(Object.keys(program.inputs)).toEqual([from]);
      expect(program.nodes[program.inputs[from]!]!.shape).toEqual(["batch", ...recorded[from].shape.slice(1)]);
      expect(Object.keys(parameters)).toEqual(Object.keys(program.state));
      expect(Object.keys(parameters)).toContain(part === "encoder" ? "code.weight" : "up1.weight");
    });

    test("has no transpose: channels are last from end to end, and weights are turned instead", () => {
      expect(program.nodes.filter(({ op }) => op === "transpose")).toEqual([]);
    });

    test.each(runtimes.map((runtime) => [runtime.name, runtime] as const))(
      "written again, runs on %s",
      async (_, runtime) => {
        const bytes = exportOnnx(program, parameters, { graphName: part });
        for (const optimisation of ["disabled", "all"] as const) {
          const session = await runtime.open(bytes, optimisation);
          const got = await session.run(program, { [from]: x }, ITEMS);
          expectClose(got[to]!, recorded[to]);
        }
      },
    );
  });

  test("makes a model whose items have their channels last", () => {
    const model = importModel({
      encoder: { bytes: file(`torch-encoder-${opset}.onnx`) },
      decoder: { bytes: file(`torch-decoder-${opset}.onnx`) },
    });
    const read = readModelFile(writeModelFile(model));
    expect(read.config).toEqual({ inputShape: [16, 16, 1], latent: 6, codes: false });
    const { z } = run(read.encoder, read.parameters, { x: Float32Array.from(recorded.x.values) });
    expectClose(z!.data, recorded.z);
    const { reconstruction } = run(read.decoder, read.parameters, { z: Float32Array.from(recorded.z.values) });
    expectClose(reconstruction!.data, recorded.reconstruction);
  });
});

test("a decoder alone is a model that is fed codes", async () => {
  const model = importModel({ decoder: { bytes: file("torch-decoder-17.onnx") } });
  expect(model.config).toEqual({ inputShape: [16, 16, 1], latent: 6, codes: true });
  const z = Float32Array.from(recorded.z.values);
  expect(run(model.encoder, {}, { x: z })["z"]!.data).toEqual(Float64Array.from(z));
  const bytes = exportModelPart(model, "decoder");
  const session = await runtimes[0]!.open(bytes, "all");
  const report = await parity({
    inputs: { z },
    reference: async (inputs) => {
      const { reconstruction } = run(model.decoder, model.parameters, inputs as Record<string, Float32Array>);
      return { reconstruction: Float32Array.from(reconstruction!.data) };
    },
    run: (inputs) => session.run(model.decoder, inputs as Record<string, Float32Array>, ITEMS),
  });
  expect(report.maxAbs).toBeLessThan(1e-5);
});
