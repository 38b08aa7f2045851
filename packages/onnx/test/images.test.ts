/** Whole convolutional networks: how they look as ONNX, and what they compute. */
import {
  conv2d,
  conv2dTranspose,
  dense,
  elementCount,
  GraphBuilder,
  initialise,
  interpret,
  type Program,
} from "@isthmus/graph";
import { describe, expect, test } from "vitest";
import { decodeModel } from "../src/decode.ts";
import { checkOnnx, exportOnnx } from "../src/index.ts";
import { pseudoRandom } from "./support/models.ts";
import { runtimes } from "./support/runtimes.ts";

const up = { window: 4, strides: 2, padding: "same" } as const;

/** 8 x 8 images with two channels through convolutions, a pool and a dense layer, and back. */
function autoencoder(): Program {
  const build = new GraphBuilder();
  const x = build.input("image", ["batch", 8, 8, 2]);
  const first = conv2d(build, x, { name: "encoder.conv0", filters: 6, activation: "relu", ...up });
  const kernel = build.state("encoder.depth.kernel", { shape: [3, 3, 6, 2], init: { kind: "uniform", limit: 0.3 } });
  const second = build.tanh(build.depthwiseConv2d(first, kernel, { padding: "same" }, "depth"));
  const pooled = build.maxPool2d(second, 2);
  const code = dense(build, build.reshape(pooled, ["batch", 48]), { name: "encoder.code", units: 5 });
  const wide = dense(build, code, { name: "decoder.dense", units: 48, activation: "relu" });
  const third = conv2dTranspose(build, build.reshape(wide, ["batch", 2, 2, 12]), {
    name: "decoder.up0",
    filters: 6,
    activation: "relu",
    ...up,
  });
  const logits = conv2dTranspose(build, third, { name: "decoder.up1", filters: 2, ...up, window: 3 });
  return build.program({ outputs: { code, reconstruction: build.sigmoid(logits) } });
}

const program = autoencoder();
const state = initialise(program.state, 3);
const parameters = Object.fromEntries(
  Object.entries(program.state).map(([name, { shape }]) => [name, { shape, data: state[name]! }]),
);
const bytes = exportOnnx(program, parameters, { graphName: "autoencoder" });
const { graph } = decodeModel(bytes);

describe("a convolutional autoencoder", () => {
  test("turns images only where they come in and go out", () => {
    checkOnnx(bytes);
    const expected = [
      ...["Transpose", "Conv", "Relu", "Conv", "Tanh", "MaxPool", "Reshape", "Gemm"],
      ...["Gemm", "Relu", "Reshape", "ConvTranspose", "Relu", "ConvTranspose", "Slice", "Sigmoid", "Transpose"],
    ];
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(expected);
  });

  test("stores filters as ONNX wants them, under their own names", () => {
    const dims = Object.fromEntries(graph.initialisers.map((tensor) => [tensor.name, tensor.dims]));
    expect(dims).toMatchObject({
      "encoder.conv0.kernel": [6, 2, 4, 4],
      "encoder.conv0.bias": [6],
      "encoder.depth.kernel": [12, 1, 3, 3],
      "decoder.up0.kernel": [12, 6, 4, 4],
      "decoder.up1.kernel": [6, 2, 3, 3],
    });
  });

  test("never leaves padding to the runtime", () => {
    for (const { opType, attributes } of graph.nodes) {
      expect(Object.keys(attributes)).not.toContain("auto_pad");
      if (["Conv", "ConvTranspose", "MaxPool"].includes(opType)) expect(attributes["pads"]).toBeDefined();
    }
  });

  test.each(runtimes)("computes in $name what the float64 interpreter does", async (runtime) => {
    for (const optimisation of ["disabled", "all"] as const) {
      const session = await runtime.open(bytes, optimisation);
      for (const batch of [1, 3]) {
        const image = pseudoRandom(elementCount([batch, 8, 8, 2]), 7);
        const expected = interpret(program, { inputs: { image }, state, batch }).outputs;
        const got = await session.run(program, { image }, batch);
        for (const [name, { data }] of Object.entries(expected)) {
          // Sums of at most 96 products of numbers below 1, through six layers whose weights sum to less than 3 each.
          got[name]!.forEach((value, i) => expect(Math.abs(value - data[i]!)).toBeLessThan(1e-5));
          expect(got[name]).toHaveLength(data.length);
        }
      }
    }
  });
});

test("a gradient is refused by name", () => {
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", 4, 4, 1]);
  const y = build.emit("maxPool2dPick", [x, x], { window: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] });
  const act = () => exportOnnx(build.program({ outputs: { y } }), {}, { graphName: "g" });
  expect(act).toThrow(
    expect.objectContaining({
      code: "ONNX_OPERATION",
      details: expect.objectContaining({ operation: "maxPool2dPick" }),
    }),
  );
});
