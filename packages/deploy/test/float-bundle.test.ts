// Encoders in float32 on devices: the symbols of the float64 interpreter but at the border of two, on any kernels.
import { decodeLatents, encodeLatents } from "@isthmus/codec";
import {
  type Encoder,
  type FloatPlan,
  javascriptEncoder,
  javascriptExecutor,
  loadEncoder,
  readBundle,
} from "@isthmus/edge";
import {
  conv2d,
  dense,
  elementCount,
  gdn,
  type GraphBuilder,
  initialise,
  layerNorm,
  type Node,
  type Program,
} from "@isthmus/graph";
import { conditionalVae, defineModel, learnedCodec, modelKinds } from "@isthmus/models";
import { describe, expect, test } from "vitest";
import { bundleEncoder, bundleFloatEncoder, cHeader, lowerFloatNetwork, type Network } from "../src/index.ts";
import { DIMS, modelOf, SIZE } from "./models.ts";
import { interpreted, items, manyKinds, networkOf } from "./networks.ts";

const both = async (bundle: Uint8Array): Promise<Encoder[]> => [
  await loadEncoder(bundle, { kernels: "wasm" }),
  await loadEncoder(bundle, { kernels: "javascript" }),
  javascriptEncoder(bundle),
];

/** How far the plan's symbols are from where the interpreter puts them, in steps, at most; 0.5 where none is another. */
function farthest(network: Network, name: string, x: Float32Array, count: number, steps: readonly number[]): number {
  const plan = lowerFloatNetwork(network, { [name]: { steps } });
  const { run } = javascriptExecutor(plan);
  const length = x.length / count;
  const exact = interpreted(network, x, count)[name]!;
  const dims = exact.length / count;
  let most = 0;
  for (let i = 0; i < count; i++) {
    const symbols = run(x.subarray(i * length, (i + 1) * length));
    symbols.forEach((symbol, d) => {
      const wanted = exact[i * dims + d]! / steps[d % steps.length]!;
      most = Math.max(most, Math.abs(symbol - wanted));
    });
  }
  return most;
}

/** 0.5, and float32's error: some hundred roundings of 2^-24 each of values near 1, over the step. */
const borderOf = (step: number): number => 0.5 + (400 * 2 ** -24) / step;

test.each(["relu", "sigmoid", "tanh", "softplus"] as const)(
  "symbols are those of the float64 interpreter but at the border of two, with %s",
  (activation) => {
    expect(farthest(manyKinds(activation), "mu", items(20, SIZE, 3), 20, [0.01])).toBeLessThan(borderOf(0.01));
  },
);

const activations: Readonly<Record<string, (build: GraphBuilder, x: Node) => Node>> = {
  "leaky relu": (b, x) => b.maximum(x, b.mul(x, b.scalar(0.2))),
  relu6: (b, x) => b.minimum(b.relu(x), b.scalar(6)),
  elu: (b, x) => b.add(b.relu(x), b.mul(b.scalar(1.5), b.expm1(b.minimum(x, b.scalar(0))))),
  gelu: (b, x) => b.mul(b.mul(x, b.scalar(0.5)), b.add(b.emit("erf", [b.mul(x, b.scalar(Math.SQRT1_2))]), b.scalar(1))),
  silu: (b, x) => b.mul(x, b.sigmoid(x)),
  "hard swish": (b, x) => b.mul(x, b.div(b.minimum(b.relu(b.add(x, b.scalar(3))), b.scalar(6)), b.scalar(6))),
  "one less": (b, x) => b.sub(b.scalar(1), b.neg(b.square(x))),
  roots: (b, x) => b.sqrt(b.add(b.abs(x), b.exp(b.neg(x)))),
  "gdn of its channels": (b, x) => gdn(b, x, { name: "norm" }),
  "the inverse of gdn": (b, x) => gdn(b, x, { name: "norm", inverse: true }),
  "a factor for each channel": (b, x) => b.mul(b.state("factors", { shape: [5], init: { kind: "zeros" } }), x),
};

test.each(Object.entries(activations))("%s, behind a convolution and behind a dense layer", (_, activation) => {
  const network = networkOf([6, 5, 2], (build, x) => {
    const image = activation(
      build,
      conv2d(build, x, { name: "conv", filters: 5, window: 3, strides: 2, padding: "same" }),
    );
    const flat = build.reshape(image, ["batch", elementCount(image.shape.slice(1))]);
    return { z: dense(build, flat, { name: "z", units: 7 }) };
  });
  for (const [name, { data }] of Object.entries(network.parameters)) {
    // Roots of what GDN adds up: not below 0, and small enough that nothing vanishes.
    if (name.startsWith("norm")) (data as Float32Array).forEach((value, i, all) => (all[i] = 0.2 + Math.abs(value)));
  }
  expect(farthest(network, "z", items(10, 60, 3), 10, [0.01, 0.02, 0.01, 0.01, 0.03, 0.01, 0.01])).toBeLessThan(
    borderOf(0.01),
  );
});

test("a constant for each place, and values that several nodes read", () => {
  const network = networkOf([4, 3, 2], (build, x) => {
    const places = build.state("places", { shape: [4, 3, 1], init: { kind: "zeros" } });
    const moved = build.add(x, places);
    const twice = build.add(moved, build.mul(moved, moved));
    const flat = build.reshape(build.sub(twice, x), ["batch", 24]);
    return { z: build.add(dense(build, flat, { name: "z", units: 3 }), dense(build, flat, { name: "y", units: 3 })) };
  });
  expect(farthest(network, "z", items(10, 24, 3), 10, [0.01])).toBeLessThan(borderOf(0.01));
});

function zooNetwork({ encoder }: { readonly encoder: Program }): Network {
  const values = initialise(encoder.state, 1);
  const parameters = Object.fromEntries(
    Object.entries(encoder.state).map(([name, { shape }]) => [name, { shape, data: values[name]! }]),
  );
  return { program: encoder, parameters };
}

function itemLength({ nodes }: Program): number {
  return elementCount(nodes.find(({ op }) => op === "input")!.shape.slice(1));
}

const conv = { inputShape: [8, 8, 1], trunk: { kind: "conv", channels: [4, 6] } };
/** What takes a label, and what makes shares in place of a code. */
const without = new Set(["conditional-vae", "categorical-vae"]);
/** Of one layer by what they are. */
const dense1 = new Set(["linear-ae", "linear-vae", "contractive-ae"]);

test.each(modelKinds.map(({ kind }) => kind).filter((kind) => !without.has(kind)))("%s of the zoo", (kind) => {
  for (const config of [{}, ...(dense1.has(kind) ? [] : [conv])]) {
    const network = zooNetwork(defineModel(kind, config));
    const name = Object.hasOwn(network.program.outputs, "mu") ? "mu" : "z";
    const length = config === conv ? 64 : itemLength(network.program);
    expect(farthest(network, name, items(3, length, 3), 3, [0.01])).toBeLessThan(borderOf(0.01));
  }
});

test.each([
  { inputShape: [12], trunk: { kind: "dense", hidden: [9] } },
  { inputShape: [8, 8, 3], trunk: { kind: "conv", channels: [4, 6], hidden: [] } },
] as const)("a learned codec with GDN, %#", (config) => {
  const network = zooNetwork(learnedCodec({ ...config, gdn: true } as Parameters<typeof learnedCodec>[0]));
  const plan: FloatPlan = lowerFloatNetwork(network, { z: { steps: [0.1] } });
  expect(plan.calls.map(({ kernel }) => kernel)).toContain("div");
  expect(farthest(network, "z", items(5, elementCount(config.inputShape), 3), 5, [0.1])).toBeLessThan(borderOf(0.1));
});

describe("a bundle in float32", () => {
  const model = modelOf(manyKinds());
  const bundle = bundleFloatEncoder(model, { quality: 1 });

  test("makes the same bytes on any kernels, which the codec makes of its symbols and decodes", async () => {
    const { plan, tables, modelId, sections } = readBundle(bundle);
    expect([plan.version, sections.model]).toEqual([2, 104]);
    const { run } = javascriptExecutor(plan);
    const twice = { tables: [...tables, ...tables], qualities: 2, modelId };
    for (const count of [1, 2, 9]) {
      const x = items(count, SIZE, 7);
      const symbols = Int32Array.from(
        Array.from({ length: count }, (_, i) => [...run(x.subarray(i * SIZE, (i + 1) * SIZE))]).flat(),
      );
      const stream = encodeLatents(symbols, { ...twice, quality: 1 });
      for (const encoder of await both(bundle)) expect(encoder.encode(x)).toEqual(stream);
      expect(decodeLatents(stream, twice).symbols).toEqual(symbols);
    }
  });

  test("takes bytes for b / 255, and samples in the units of the model's data", async () => {
    const bytes = Uint8Array.from({ length: SIZE }, (_, i) => (i * 31) & 255);
    const [wasm, javascript] = await both(bundle);
    const stream = wasm!.encode(Float32Array.from(bytes, (byte) => byte / 255));
    for (const encoder of [wasm!, javascript!]) expect(encoder.encode(bytes)).toEqual(stream);
    const units = { stored: [9, 8, 3], shape: [9, 8, 3], offset: 20, scale: 4 };
    const data = {
      ...{ version: 1, item: { kind: "array", ...units }, reading: { missing: "mean", fills: [21] } },
      ...{ writing: { type: "f32" }, source: {} },
    };
    const described = javascriptEncoder(bundleFloatEncoder(modelOf(manyKinds(), data as never), { quality: 1 }));
    const x = Float32Array.from(items(2, SIZE, 7), (value) => Math.round(value * 1024) / 1024);
    const samples = Float64Array.from(x, (value) => 4 * value + 20);
    samples[5] = Number.NaN;
    x[5] = 0.25;
    expect(described.encode(samples).subarray(30)).toEqual(wasm!.encode(x).subarray(30));
  });

  test("is nearer to the network than int8, and needs no items to calibrate with", async () => {
    const x = items(50, SIZE, 9);
    const exact = interpreted(manyKinds(), x, 50)["mu"]!;
    const errors = (of: Uint8Array): number => {
      const { plan } = readBundle(of);
      const { run } = javascriptExecutor(plan);
      const { steps, offsets } = model.coding!;
      let sum = 0;
      for (let i = 0; i < 50; i++) {
        run(x.subarray(i * SIZE, (i + 1) * SIZE)).forEach((symbol, d) => {
          const value = symbol * steps[DIMS + d]! + offsets[DIMS + d]!;
          sum += ((value - exact[i * DIMS + d]!) / steps[DIMS + d]!) ** 2;
        });
      }
      return sum / (50 * DIMS);
    };
    const int8 = await bundleEncoder(model, { batches: [items(60, SIZE)], quality: 1 });
    // The grid alone leaves a twelfth of a step squared.
    expect(errors(bundle)).toBeLessThan(0.1);
    expect(errors(bundle)).toBeLessThan(errors(int8));
    expect(bundle.length).toBeGreaterThan(2 * int8.length);
  });

  test("is the same bytes each time, and no header for C is made of it", () => {
    expect(bundleFloatEncoder(model, { quality: 1 })).toEqual(bundle);
    expect(() => cHeader(readBundle(bundle))).toThrow(/"bundle" expected an encoder in int8, got one in float32/);
    expect(() => bundleFloatEncoder(model, { quality: 2 })).toThrow(/"quality" expected/);
    const { kind, config, encoder, decoder, parameters, provenance, metrics } = model;
    const bare = { kind, config, encoder, decoder, parameters, provenance, metrics };
    expect(() => bundleFloatEncoder(bare)).toThrow(expect.objectContaining({ code: "MODEL_NO_CODING" }));
  });
});

const of = (make: (build: GraphBuilder, x: Node) => Node): Network =>
  networkOf([4], (build, x) => ({ z: make(build, x) }));

test.each<[string, Network, RegExp]>([
  [
    "a normalisation over an item",
    of((b, x) => layerNorm(b, x, { name: "norm" })),
    /has no form in floats: the runtime of devices/,
  ],
  ["shares", of((b, x) => b.emit("softmax", [x])), /\(softmax\) has no form in floats/],
  [
    "a sum over items",
    of((b, x) => b.matmul(x, b.reshape(b.sum(x, { axes: [0] }), [4, 1]))),
    /\(sum\) has no form in floats/,
  ],
  [
    "a value that is repeated",
    of((b, x) => b.add(dense(b, x, { name: "one", units: 1 }), x)),
    /a value is repeated along an axis/,
  ],
])("%s is refused by name", (_, network, message) => {
  const lower = () => lowerFloatNetwork(network, { z: { steps: [1] } });
  expect(lower).toThrow(message);
  expect(lower).toThrow(expect.objectContaining({ code: "DEPLOY_OPERATION" }));
});

test("a conditional encoder, another output and a grid that does not fit are refused", () => {
  const lower = (network: Network, name: string, steps: readonly number[]) => () =>
    lowerFloatNetwork(network, { [name]: { steps } });
  expect(lower(zooNetwork(conditionalVae()), "mu", [1])).toThrow(/"network" expected one input, got x, label/);
  expect(lower(manyKinds(), "z", [1])).toThrow(/"outputs" expected some of mu, logVar, got "z"/);
  expect(lower(manyKinds(), "mu", [1, 1, 1, 1])).toThrow(/"steps" expected a divisor of 6 numbers, got 4/);
});
