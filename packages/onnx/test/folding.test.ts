/** What is computed once and for all when a program is exported, and what several nodes become one. */
import {
  batchNorm,
  conv2d,
  conv2dTranspose,
  dense,
  elementCount,
  GraphBuilder,
  initialise,
  interpret,
  layerNorm,
  type Node,
  type Program,
} from "@isthmus/graph";
import { describe, expect, test } from "vitest";
import { decodeModel } from "../src/decode.ts";
import { checkOnnx, type ExportOptions, exportOnnx } from "../src/index.ts";
import { pseudoRandom } from "./support/models.ts";
import { runtimes } from "./support/runtimes.ts";

const options = { graphName: "g" };

/** Parameters away from where they start, so that nothing is 0 or 1 by chance; variances are positive. */
function parametersOf({ state }: Program) {
  const first = Object.entries(initialise(state, 1));
  return Object.fromEntries(
    first.map(([name, data], salt) => {
      const noise = pseudoRandom(data.length, salt + 1);
      return [name, { shape: state[name]!.shape, data: data.map((value, i) => value + 0.5 * noise[i]!) }];
    }),
  );
}

/** The operators that are written, and that both runtimes compute what the interpreter does. */
async function exported(make: (build: GraphBuilder) => Node, more: Partial<ExportOptions> = {}): Promise<string[]> {
  const build = new GraphBuilder();
  const program = build.program({ outputs: { y: make(build) } });
  const parameters = parametersOf(program);
  const bytes = exportOnnx(program, parameters, { ...options, ...more });
  checkOnnx(bytes);
  const [[name, id] = []] = Object.entries(program.inputs) as [string, number][];
  const inputs = { [name!]: pseudoRandom(elementCount(program.nodes[id!]!.shape, 3), 9) };
  const state = Object.fromEntries(Object.entries(parameters).map(([key, { data }]) => [key, data]));
  const { data } = interpret(program, { inputs, state, batch: 3 }).outputs["y"]!;
  for (const runtime of runtimes) {
    for (const optimisation of ["disabled", "all"] as const) {
      const session = await runtime.open(bytes, optimisation);
      const { y } = await session.run(program, inputs, 3);
      // Tens of products of numbers near 1, scaled by at most 1 / sqrt(0.5) in each of two layers.
      data.forEach((value, i) => expect(Math.abs(y![i]! - value)).toBeLessThan(1e-5 + 1e-4 * Math.abs(value)));
      await session.release();
    }
  }
  return decodeModel(bytes).graph.nodes.map(({ opType }) => opType);
}

const norm = (build: GraphBuilder, x: Node, name = "norm"): Node => batchNorm(build, x, { name, training: false }).y;
const rows = (build: GraphBuilder): Node => build.input("x", ["batch", 6]);
const image = (build: GraphBuilder): Node => build.input("x", ["batch", 5, 4, 3]);
const kernel = (build: GraphBuilder, ...shape: number[]): Node =>
  build.state("kernel", { shape, init: { kind: "uniform", limit: 0.5 } });

test("a product reads a matrix transposed as it is stored, with a bias or without", async () => {
  const turned = (build: GraphBuilder) => build.matmul(rows(build), kernel(build, 4, 6), { transposeB: true });
  expect(await exported(turned)).toEqual(["Gemm"]);
  const bias = (build: GraphBuilder) => build.state("bias", { shape: [4], init: { kind: "zeros" } });
  expect(await exported((build) => build.add(turned(build), bias(build)))).toEqual(["Gemm"]);
  const computed = (build: GraphBuilder) => {
    const x = rows(build);
    return build.matmul(x, build.tanh(x), { transposeB: true });
  };
  expect(await exported(computed)).toEqual(["Tanh", "Gemm"]);
});

test("rows of an image that are joined with others are the weight's business", async () => {
  const joined = (build: GraphBuilder) => {
    const x = image(build);
    const y = conv2d(build, x, { name: "layer", filters: 4, window: 2, activation: "relu" });
    const both = build.concat([build.mean(x, { axes: [1, 2] }), build.reshape(y, ["batch", 48])], 1);
    return build.matmul(both, kernel(build, 51, 5));
  };
  const nodes = await exported(joined);
  expect(nodes.filter((opType) => opType === "Transpose")).toHaveLength(1);
});

describe("batch normalisation", () => {
  test("behind a dense layer becomes part of its weights", async () => {
    const make = (build: GraphBuilder) =>
      build.relu(norm(build, dense(build, rows(build), { name: "layer", units: 4 })));
    expect(await exported(make)).toEqual(["Gemm", "Relu"]);
  });

  test("behind a product without a bias gives it one, also when the weight is read transposed", async () => {
    expect(await exported((build) => norm(build, build.matmul(rows(build), kernel(build, 6, 4))))).toEqual(["Gemm"]);
    const turned = (build: GraphBuilder) =>
      norm(build, build.matmul(rows(build), kernel(build, 4, 6), { transposeB: true }));
    expect(await exported(turned)).toEqual(["Gemm"]);
  });

  test("behind every convolution becomes part of its filter", async () => {
    const layer = { name: "layer", filters: 4, window: 2 } as const;
    const nchw = { layout: "nchw" } as const;
    const shapes = [
      (build: GraphBuilder) => norm(build, conv2d(build, image(build), layer)),
      (build: GraphBuilder) => norm(build, build.conv2d(image(build), kernel(build, 2, 2, 3, 4))),
      (build: GraphBuilder) => norm(build, build.depthwiseConv2d(image(build), kernel(build, 2, 2, 3, 2))),
    ];
    for (const make of shapes) expect(await exported(make)).toEqual(["Transpose", "Conv", "Transpose"]);
    const transposed = (build: GraphBuilder) =>
      norm(build, conv2dTranspose(build, image(build), { ...layer, strides: 2 }));
    expect(await exported(transposed)).toEqual(["Transpose", "ConvTranspose", "Transpose"]);
    const build = new GraphBuilder();
    const program = build.program({ outputs: { y: shapes[0]!(build) } });
    const { graph } = decodeModel(exportOnnx(program, parametersOf(program), { ...options, ...nchw }));
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(["Conv"]);
    expect(graph.initialisers.map(({ name }) => name)).toEqual(["layer.kernel", "layer.bias"]);
  });

  test("elsewhere stays, beside an image as columns of its channels", async () => {
    const first = (build: GraphBuilder) => dense(build, norm(build, rows(build)), { name: "layer", units: 4 });
    expect(await exported(first)).toEqual(["Sub", "Mul", "Add", "Gemm"]);
    const behind = (build: GraphBuilder) =>
      norm(build, conv2d(build, image(build), { name: "layer", filters: 4, window: 2, activation: "relu" }));
    expect(await exported(behind)).toEqual(["Transpose", "Conv", "Relu", "Sub", "Mul", "Add", "Transpose"]);
  });

  test("stays where others read the product or its weight", async () => {
    const make = (build: GraphBuilder) => {
      const product = build.matmul(rows(build), kernel(build, 6, 6));
      return build.add(norm(build, product), build.relu(product));
    };
    expect(await exported(make)).toEqual(["MatMul", "Sub", "Mul", "Add", "Relu", "Add"]);
    const shared = (build: GraphBuilder) => {
      const weight = kernel(build, 6, 6);
      return norm(build, build.matmul(build.matmul(rows(build), weight), weight));
    };
    expect(await exported(shared)).toEqual(["MatMul", "MatMul", "Sub", "Mul", "Add"]);
  });
});

describe("what depends on parameters alone", () => {
  test("is computed, under a name that nothing else has", async () => {
    const make = (build: GraphBuilder) => {
      const w = build.state("folded.g/exp_1", { shape: [6], init: { kind: "uniform", limit: 1 } });
      return build.mul(rows(build), build.log(build.add(build.exp(w), build.scalar(1))));
    };
    expect(await exported(make)).toEqual(["Mul"]);
  });

  test("is left to the runtime where it would only grow", async () => {
    const make = (build: GraphBuilder) => {
      const w = build.state("w", { shape: [1, 6], init: { kind: "uniform", limit: 1 } });
      return build.add(rows(build), build.sum(build.broadcastTo(build.exp(w), [50, 6]), { axes: [0] }));
    };
    expect(await exported(make)).toEqual(["Expand", "ReduceSum", "Add"]);
  });
});

describe("several nodes that ONNX has as one", () => {
  const normalised = (build: GraphBuilder) => layerNorm(build, rows(build), { name: "norm" });

  test("layer normalisation, in the compact profile from operator set 17 on", async () => {
    expect(await exported(normalised, { profile: "compact", opset: 17 })).toEqual(["LayerNormalization"]);
    const alone = (build: GraphBuilder) => build.neg(build.standardise(rows(build), 0.1));
    expect(await exported(alone, { profile: "compact", opset: 21 })).toEqual(["LayerNormalization", "Neg"]);
    for (const more of [{ profile: "compact", opset: 16 }, { opset: 21 }] as const) {
      expect(await exported(normalised, more)).not.toContain("LayerNormalization");
    }
  });

  test("a leaky relu, whichever way round it is written", async () => {
    const alpha = (build: GraphBuilder) => build.scalar(0.25);
    const one = (build: GraphBuilder) => build.maximum(rows(build), build.mul(alpha(build), rows(build)));
    const other = (build: GraphBuilder) => build.maximum(rows(build), build.mul(rows(build), alpha(build)));
    expect(await exported(one)).toEqual(["LeakyRelu"]);
    expect(await exported(other)).toEqual(["LeakyRelu"]);
    const build = new GraphBuilder();
    const { nodes } = decodeModel(exportOnnx(build.program({ outputs: { y: one(build) } }), {}, options)).graph;
    expect(nodes[0]!.attributes).toEqual({ alpha: { type: "float", value: 0.25 } });
  });

  test("none where the slope is above 1 or the scaled value has other readers", async () => {
    const steep = (build: GraphBuilder) => build.maximum(rows(build), build.mul(build.scalar(2), rows(build)));
    expect(await exported(steep)).toEqual(["Mul", "Max"]);
    const read = (build: GraphBuilder) => {
      const scaled = build.mul(build.scalar(0.5), rows(build));
      return build.add(build.maximum(rows(build), scaled), scaled);
    };
    expect(await exported(read)).toEqual(["Mul", "Max", "Add"]);
  });
});
