import { GraphBuilder, type Node, type Program } from "@isthmus/graph";
import * as native from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { FLOAT16, halfBits, halfFloat, nearestHalf } from "../src/data-types.ts";
import { decodeModel } from "../src/decode.ts";
import { int } from "../src/graph-writer.ts";
import {
  calibrate,
  checkOnnx,
  describeOnnx,
  exportModelPart,
  exportOnnx,
  fidelity,
  type PrecisionOptions,
  reducePrecision,
} from "../src/index.ts";
import { denseModel, parametersOf, pseudoRandom, sizes } from "./support/models.ts";
import { file, floats, node, value } from "./support/onnx-models.ts";
import { interpreted, isStorage, LEAST_SNR, named, reductions } from "./support/precision.ts";
import { runtimes } from "./support/runtimes.ts";

const largestHalf = 0x7bff;

describe("halves", () => {
  test("every half is its own nearest", () => {
    const all = Array.from({ length: 0x7c01 }, (_, bits) => bits);
    expect(all.map((bits) => halfBits(halfFloat(bits)))).toEqual(all);
    expect(all.map((bits) => halfBits(-halfFloat(bits)))).toEqual(all.map((bits) => 0x8000 | bits));
    expect(halfBits(NaN)).toBe(0x7e00);
  });

  test("between two, the nearer; in the middle, the one whose last bit is 0", () => {
    const all = Array.from({ length: largestHalf }, (_, bits) => bits);
    const between = (bits: number, share: number) => halfFloat(bits) + (halfFloat(bits + 1) - halfFloat(bits)) * share;
    expect(all.map((bits) => halfBits(between(bits, 0.5)))).toEqual(all.map((bits) => bits + (bits % 2)));
    expect(all.map((bits) => halfBits(between(bits, 0.498)))).toEqual(all);
    expect(all.map((bits) => halfBits(-between(bits, 0.502)))).toEqual(all.map((bits) => 0x8000 | (bits + 1)));
  });

  test("as numbers they are those of the bits", () => {
    const numbers = [...pseudoRandom(500), 1e-8, 3e-6, 1 / 3, 2047.5, 65504, 65519, 70000].map(Math.fround);
    for (const value of [...numbers, ...numbers.map((x) => -x)]) {
      expect(nearestHalf(value)).toBe(halfFloat(halfBits(value)));
    }
  });

  test("65520, halfway to what would come after the largest, is infinite", () => {
    expect(halfBits(65519.996)).toBe(largestHalf);
    expect(halfBits(65520)).toBe(0x7c00);
    expect(halfBits(-Infinity)).toBe(0xfc00);
  });

  test("onnxruntime rounds the same numbers to the same bits", async () => {
    // Every exponent with 257 significands, of both signs; a NaN has many bits.
    const bits = Uint32Array.from({ length: 512 * 257 }, (_, i) => (i % 512) * 2 ** 23 + Math.floor(i / 512) * 32_749);
    const numbers = new Float32Array(bits.buffer).filter((value) => !Number.isNaN(value));
    const cast = node("Cast", ["x"], ["y"], { to: int(FLOAT16) });
    const bytes = file([cast], { inputs: [value("x", ["n"])], outputs: [value("y", ["n"], FLOAT16)] });
    const session = await native.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const { y } = await session.run({ x: new native.Tensor("float32", numbers, [numbers.length]) });
    await session.release();
    expect([...numbers.filter((number, i) => halfBits(number) !== y!.data[i])]).toEqual([]);
  });
});

/** Each kind of product once, every one with enough weights to be worth storing otherwise. */
function products(): Program {
  const build = new GraphBuilder();
  const state = (name: string, shape: readonly number[]) =>
    build.state(name, { shape, init: { kind: "uniform", limit: 1 } });
  const image = build.input("image", ["batch", 6, 6, 5]);
  const row = build.input("row", ["batch", 19]);
  const conv = build.conv2d(image, state("conv", [3, 3, 5, 7]), { padding: "same" });
  const up = build.conv2dTranspose(image, state("up", [4, 4, 6, 5]), { strides: 2, padding: "same" });
  const dense = build.add(build.matmul(row, state("dense", [19, 17])), state("bias", [17]));
  const product = build.matmul(row, state("product", [19, 23]));
  const depth = build.depthwiseConv2d(image, state("depth", [5, 5, 5, 3]));
  return build.program({ outputs: { a: conv, b: up, c: dense, d: product, e: depth } });
}

const program = products();
const batch = 3;
const feeds = { image: pseudoRandom(batch * 180, 1), row: pseudoRandom(batch * 19, 2) };

/** Weights whose channels differ widely in size, so that one scale for all, or the wrong axis, would show. */
const outputAxis = { conv: 3, up: 2, dense: 1, product: 1, depth: 1 } as const;
/** A depthwise filter has an output for each channel and multiple. */
const viewed = (name: string, shape: readonly number[]) => (name === "depth" ? [25, 15] : shape);
const parameters = Object.fromEntries(
  Object.entries(parametersOf(program)).map(([name, { shape, data }]) => {
    const channel = channelOf(viewed(name, shape), outputAxis[name as keyof typeof outputAxis] ?? 0);
    return [name, { shape, data: (data as Float32Array).map((x, i) => x * 4 ** -channel(i)) }];
  }),
);
const plain = exportOnnx(program, parameters, { graphName: "products" });

function channelOf(shape: readonly number[], axis: number): (i: number) => number {
  const inner = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
  return (i) => Math.floor(i / inner) % shape[axis]!;
}

/** The weights as bytes hold them, each output with its own scale. */
function roundedTo(largest: number): typeof parameters {
  const rounded = Object.entries(parameters).map(([name, { shape, data }]) => {
    if (name === "bias") return [name, { shape, data }] as const;
    const axis = outputAxis[name as keyof typeof outputAxis];
    const channel = channelOf(viewed(name, shape), axis);
    const most = Array.from({ length: viewed(name, shape)[axis]! }, () => 0);
    data.forEach((x, i) => (most[channel(i)] = Math.max(most[channel(i)]!, Math.abs(x))));
    const steps = most.map((x) => Math.fround(x / largest));
    return [
      name,
      { shape, data: data.map((x, i) => Math.fround(steps[channel(i)]! * Math.round(x / steps[channel(i)]!))) },
    ] as const;
  });
  return Object.fromEntries(rounded) as typeof parameters;
}

/** The largest difference over what is allowed, |a - b| / (1e-5 + 1e-4 |b|): sums of tens of products in float32. */
function share(actual: Record<string, ArrayLike<number>>, expected: Record<string, ArrayLike<number>>): number {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  const each = Object.entries(expected).flatMap(([name, values]) =>
    Array.from(values, (b, i) => Math.abs(actual[name]![i]! - b) / (1e-5 + 1e-4 * Math.abs(b))),
  );
  return Math.max(...each);
}

const decoded = (bytes: Uint8Array) => decodeModel(bytes).graph;

describe("what is stored", () => {
  test.each([
    [8, 127],
    [7, 63],
  ] as const)(
    "weights of %i bits have a scale for each output, whatever the operator's axis",
    async (weightBits, largest) => {
      const bytes = reducePrecision(plain, { precision: "int8-weights", weightBits });
      checkOnnx(bytes);
      const expected = interpreted(exportOnnx(program, roundedTo(largest), { graphName: "products" }), feeds);
      expect(share(interpreted(bytes, feeds), expected)).toBeLessThan(0.01);
      for (const runtime of runtimes) {
        const session = await runtime.open(bytes, "all");
        expect(share(await session.runFed(feeds, batch), expected)).toBeLessThanOrEqual(1);
        await session.release();
      }
      const { initialisers, nodes } = decoded(bytes);
      const stored = initialisers.filter(({ elementType, dims }) => elementType === 3 && dims.length > 1);
      expect(stored.map(({ name }) => name).sort()).toEqual([
        "conv/int8",
        "dense/int8",
        "depth/int8",
        "product/int8",
        "up/int8",
      ]);
      for (const { data } of stored) {
        expect(Math.max(...new Int8Array(data.slice().buffer).map(Math.abs))).toBe(largest);
      }
      const axes = nodes
        .filter(({ opType }) => opType === "DequantizeLinear")
        .map((n) => [n.outputs[0], n.attributes["axis"]?.value]);
      expect(Object.fromEntries(axes)).toEqual({ conv: 0, up: 1, dense: 0, product: 1, depth: 0 });
    },
  );

  test("onnxruntime rounds what a MatMul multiplies with, unless told not to", async () => {
    const bytes = reducePrecision(plain, { precision: "int8-weights" });
    const session = await native.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const { d } = await session.run({
      image: new native.Tensor("float32", feeds.image, [batch, 6, 6, 5]),
      row: new native.Tensor("float32", feeds.row, [batch, 19]),
    });
    // Bytes for each 32 numbers, as near as in "int8"; the README says so. Should this be exact one day, it can go there.
    const { snr } = fidelity({ d: d!.data as Float32Array }, { d: interpreted(bytes, feeds)["d"]! })["d"]!;
    expect(snr).toBeGreaterThan(LEAST_SNR.int8);
    expect(snr).toBeLessThan(100);
    await session.release();
  });

  test("halves are the nearest, of every tensor that they save something of", () => {
    const bytes = reducePrecision(plain, { precision: "float16" });
    checkOnnx(bytes);
    const before = new Map(decoded(plain).initialisers.map((tensor) => [tensor.name, tensor]));
    const { initialisers } = decoded(bytes);
    const halves = initialisers.filter(({ elementType }) => elementType === 10);
    expect(halves.map(({ name }) => name).sort()).toEqual([
      "conv/float16",
      "dense/float16",
      "depth/float16",
      "product/float16",
      "up/float16",
    ]);
    for (const { name, data } of halves) {
      const values = new Float32Array(before.get(name.replace("/float16", ""))!.data.slice().buffer);
      const bits = new Uint16Array(data.slice().buffer);
      expect([...bits]).toEqual([...values].map(halfBits));
    }
    expect(bytes.length).toBeLessThan(plain.length);
  });

  test("a tensor that halves do not hold stays float32: too large, or too small to matter alike", () => {
    const scaled = (factor: number) => ({
      ...parameters,
      dense: { ...parameters["dense"]!, data: parameters["dense"]!.data.map((x) => x * factor) },
    });
    for (const factor of [1e6, 1e-6]) {
      const bytes = exportOnnx(program, scaled(factor), { graphName: "products", precision: "float16" });
      const stored = decoded(bytes).initialisers.filter(({ elementType }) => elementType === 10);
      expect(stored.map(({ name }) => name).sort()).toEqual([
        "conv/float16",
        "depth/float16",
        "product/float16",
        "up/float16",
      ]);
      const compute = exportOnnx(program, scaled(factor), { graphName: "products", precision: "float16-compute" });
      checkOnnx(compute);
      const { dense } = Object.fromEntries(
        decoded(compute).initialisers.map(({ name, elementType }) => [name, elementType]),
      );
      expect(dense).toBe(1);
    }
  });

  test("a weight that is read in another way too, or is an output, stays as it is", () => {
    const build = new GraphBuilder();
    const w = build.state("w", { shape: [20, 20], init: { kind: "uniform", limit: 1 } });
    const x = build.input("x", ["batch", 20]);
    const twice = build.program({ outputs: { y: build.matmul(x, w), z: build.mul(w, w), v: w } });
    for (const precision of ["int8-weights", "float32"] as const) {
      const bytes = exportOnnx(twice, parametersOf(twice), { graphName: "g", precision });
      expect(describeOnnx(bytes).nodes["DequantizeLinear"]).toBeUndefined();
    }
  });

  test("constants in nodes are weights as well, and a channel of zeros stays zero", () => {
    const weight = floats("", [16, 16], [...pseudoRandom(240), ...new Array<number>(16).fill(0)]);
    const constant = node("Constant", [], ["w"], { value: { type: "tensor", value: weight } });
    const gemm = node("Gemm", ["x", "w"], ["y"], { transB: { type: "int", value: 1 } });
    const bytes = file([constant, gemm], { inputs: [value("x", ["batch", 16])], outputs: [value("y", ["batch", 16])] });
    const reduced = reducePrecision(bytes, { precision: "int8-weights" });
    checkOnnx(reduced);
    expect(describeOnnx(reduced).nodes).toEqual({ DequantizeLinear: 1, Gemm: 1 });
    const x = pseudoRandom(16, 5);
    const y = interpreted(reduced, { x })["y"]!;
    expect(y[15]).toBe(0);
    // Each weight is at most half a step off, 1/254 of the largest of its row, which is at most 1.
    const sum = x.reduce((total, value) => total + Math.abs(value), 0);
    interpreted(bytes, { x })["y"]!.forEach((value, i) =>
      expect(Math.abs(y[i]! - value)).toBeLessThanOrEqual(sum / 254 + 1e-6),
    );
  });
});

describe("static int8", () => {
  const model = denseModel({ pixels: 23, hidden: 19, latent: 5 }, "ae");
  const items = pseudoRandom(40 * 23, 3);
  const batches = [{ x: items.slice(0, 20 * 23) }, { x: items.slice(20 * 23) }];

  test("ranges are the extremes of what products read, over all batches", async () => {
    const bytes = exportModelPart(model, "encoder");
    const ranges = await calibrate(bytes, { batches });
    const hidden = decoded(bytes).nodes.find(({ opType }) => opType === "Relu")!.outputs[0]!;
    expect(Object.keys(ranges).sort()).toEqual(["x", hidden].sort());
    expect(ranges["x"]).toEqual({ min: Math.min(...items), max: Math.max(...items) });
    expect(ranges[hidden]!.min).toBe(0);
  });

  test("a value is within half a step where its range holds it, and every step is where it should be", async () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 4]);
    const eye = build.state("eye", { shape: [4, 4], init: { kind: "zeros" } });
    const program = build.program({ outputs: { y: build.matmul(x, eye) } });
    const identity = Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0));
    const ranges = { x: { min: -1, max: 2 } };
    const trials = { int8: { scale: 2 / 127, low: -2, high: 2 }, uint8: { scale: 3 / 255, low: -1, high: 2 } } as const;
    for (const [activations, { scale, low, high }] of Object.entries(trials)) {
      const options = { graphName: "g", precision: "int8", ranges, activations: activations as "int8" } as const;
      const bytes = exportOnnx(program, { eye: { shape: [4, 4], data: identity } }, options);
      checkOnnx(bytes);
      const fed = Float32Array.from([-1, 0, 0.3, 1.2345, 2, -0.77, 5, -9]);
      const { y } = interpreted(bytes, { x: fed });
      // Half a step, and half of the zero point's: it is a whole number of steps. Float32 holds 1 and the scales to 1e-7.
      fed.slice(0, 6).forEach((value, i) => expect(Math.abs(y![i]! - value)).toBeLessThanOrEqual(scale + 1e-6));
      expect(y![1]).toBe(0);
      expect(Math.abs(y![6]! - high)).toBeLessThanOrEqual(scale);
      expect(Math.abs(y![7]! - low)).toBeLessThanOrEqual(scale + 2 / 127);
      for (const value of y!) expect(Math.abs(value / scale - Math.round(value / scale))).toBeLessThan(1e-4);
    }
  });

  test("biases are int32 in steps of both scales", async () => {
    const ranges = await calibrate(exportModelPart(model, "encoder"), { batches });
    const { nodes, initialisers } = decoded(exportModelPart(model, "encoder", { precision: "int8", ranges }));
    const tensors = new Map(initialisers.map((tensor) => [tensor.name, tensor]));
    const read = (name: string) => {
      const { data, elementType } = tensors.get(name)!;
      return elementType === 6 ? new Int32Array(data.slice().buffer) : new Float32Array(data.slice().buffer);
    };
    const makers = new Map(nodes.flatMap((made) => made.outputs.map((name) => [name, made] as const)));
    const gemms = nodes.filter(({ opType }) => opType === "Gemm");
    expect(gemms).toHaveLength(2);
    for (const { inputs } of gemms) {
      const [x, weight, bias] = inputs.map((name) => makers.get(name)!.inputs);
      const [s] = read(x![1]!);
      const scales = read(weight![1]!);
      expect([...read(bias![1]!)]).toEqual([...scales].map((w) => Math.fround(w * s!)));
      expect(tensors.get(bias![0]!)!.elementType).toBe(6);
      expect(tensors.get(x![2]!)!).toMatchObject({ elementType: 3, dims: [], data: Uint8Array.of(0) });
    }
    expect(initialisers.some(({ name }) => name.endsWith("bias"))).toBe(false);
  });

  test("weights of 7 bits leave 16-bit sums of two products whole, on x86 without VNNI and with no session option", async () => {
    const build = new GraphBuilder();
    const state = (name: string, shape: readonly number[]) => build.state(name, { shape, init: { kind: "zeros" } });
    const layer = (x: Node, name: string) =>
      build.relu(build.add(build.matmul(x, state(name, [32, 32])), state(`${name}.bias`, [32])));
    const program = build.program({ outputs: { y: layer(layer(build.input("x", ["batch", 32]), "a"), "b") } });
    const all = Object.entries(program.state).map(([name, { shape }]) => {
      const data = new Float32Array(shape.length === 2 ? 1024 : 32).fill(shape.length - 1);
      return [name, { shape, data }] as const;
    });
    const options = { graphName: "g", precision: "int8", activations: "uint8", weightBits: 7 } as const;
    const parameters = Object.fromEntries(all);
    const x = Float32Array.from({ length: 96 }, (_, i) => 1 - (i % 7) / 100);
    const ranges = await calibrate(exportOnnx(program, parameters, { graphName: "g" }), { batches: [{ x }] });
    const bytes = exportOnnx(program, parameters, { ...options, ranges });
    const session = await native.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const { y } = await session.run({ x: new native.Tensor("float32", x, [3, 32]) });
    await session.release();
    // 255 * 127 * 2, of the largest bytes, would be cut to 32767, half of it: 6 dB.
    const { snr } = fidelity({ y: y!.data as Float32Array }, { y: interpreted(bytes, { x })["y"]! })["y"]!;
    expect(snr).toBeGreaterThan(LEAST_SNR.int8);
  });

  test("needs ranges of every value that it rounds", async () => {
    const withRanges = (ranges: object | undefined) => () =>
      exportModelPart(model, "encoder", { precision: "int8", ...(ranges && { ranges: ranges as never }) });
    expect(withRanges(undefined)).toThrow(/"ranges".*calibrate/);
    expect(withRanges({})).toThrow(/"ranges".*"x".*nothing/);
    expect(withRanges({ x: { min: 1, max: 0 } })).toThrow(/\[1, 0\]/);
    expect(withRanges({ x: { min: NaN, max: 0 } })).toThrow(RangeError);
  });

  test("is not calibrated by nothing, or by what is not finite, but where there is nothing to calibrate", async () => {
    const bytes = exportModelPart(model, "encoder");
    const code = "ONNX_CALIBRATION";
    await expect(calibrate(bytes, { batches: [] })).rejects.toMatchObject({ code });
    await expect(calibrate(bytes, { batches: [{ x: new Float32Array(23).fill(Infinity) }] })).rejects.toMatchObject({
      code,
    });
    const without = file([node("Relu", ["x"], ["y"])]);
    const ranges = await calibrate(without, { batches: [] });
    expect(describeOnnx(reducePrecision(without, { precision: "int8", ranges })).nodes).toEqual({ Relu: 1 });
  });
});

test("float16-compute has halves in products, and float32 where numbers come in, go out or add up", () => {
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", 12]);
  const w = build.state("w", { shape: [12, 12], init: { kind: "uniform", limit: 1 } });
  const h = build.relu(build.matmul(build.mul(x, build.scalar(2)), w), "relu");
  const program = build.program({ outputs: { y: build.softmax(h, "softmax"), h } });
  const { nodes, valueInfo } = decoded(
    exportOnnx(program, parametersOf(program), { graphName: "g", precision: "float16-compute" }),
  );
  const types = new Map(valueInfo.map(({ name, elementType }) => [name, elementType]));
  expect(nodes.map(({ opType }) => opType)).toEqual(["Mul", "Cast", "MatMul", "Relu", "Cast", "Softmax"]);
  expect(nodes.map(({ outputs }) => types.get(outputs[0]!))).toEqual([1, 10, 10, 10, undefined, undefined]);
});

describe("any file", () => {
  const encoder = exportModelPart(denseModel(sizes["odd"]!, "ae"), "encoder");

  test("gives the same bytes as the export, every time, and says what it is", async () => {
    const model = denseModel({ pixels: 60, hidden: 30, latent: 8 }, "ae");
    const whole = exportModelPart(model, "autoencoder");
    const ranges = await calibrate(whole, { batches: [{ x: pseudoRandom(60 * 5) }] });
    for (const options of reductions(ranges)) {
      const bytes = reducePrecision(whole, options);
      expect(bytes).toEqual(exportModelPart(model, "autoencoder", options));
      expect(bytes).toEqual(reducePrecision(whole, options));
      expect(describeOnnx(bytes).metadata).toEqual({
        ...describeOnnx(whole).metadata,
        "isthmus.precision": options.precision,
        "isthmus.golden": expect.any(String),
      });
    }
    expect(exportModelPart(model, "encoder", { precision: "float32" })).toEqual(exportModelPart(model, "encoder"));
  });

  test("runs in both runtimes in every precision, unoptimised and optimised", async () => {
    const ranges = await calibrate(plain, { batches: [feeds] });
    const exact = interpreted(plain, feeds);
    for (const options of reductions(ranges)) {
      const bytes = reducePrecision(plain, options);
      checkOnnx(bytes);
      const ours = interpreted(bytes, feeds);
      for (const runtime of runtimes) {
        for (const optimisation of ["disabled", "all"] as const) {
          const session = await runtime.open(bytes, optimisation);
          const got = await session.runFed(feeds, batch);
          await session.release();
          const where = `${named(options)}, ${runtime.name}, ${optimisation}`;
          if (isStorage(options)) expect(share(got, ours), where).toBeLessThanOrEqual(1);
          else {
            const least = LEAST_SNR[options.precision as keyof typeof LEAST_SNR];
            for (const { snr } of Object.values(fidelity(got, ours))) expect(snr, where).toBeGreaterThanOrEqual(least);
          }
          for (const { snr } of Object.values(fidelity(got, exact))) expect(snr, where).toBeGreaterThanOrEqual(30);
        }
      }
    }
  });

  test("may transpose a convolution in groups, whose biases then stay float32", async () => {
    const weight = floats("w", [4, 30, 3, 3], [...pseudoRandom(1080, 7)]);
    const bias = floats("b", [60], [...pseudoRandom(60, 8)]);
    const grouped = node("ConvTranspose", ["x", "w", "b"], ["y"], {
      group: { type: "int", value: 2 },
      pads: { type: "ints", value: [1, 1, 1, 1] },
    });
    const given = file([grouped], {
      initialisers: [weight, bias],
      inputs: [value("x", ["batch", 4, 5, 5])],
      outputs: [value("y", ["batch", 60, 5, 5])],
    });
    const x = pseudoRandom(200, 9);
    const ranges = await calibrate(given, { batches: [{ x }] });
    for (const options of reductions(ranges)) {
      const bytes = reducePrecision(given, options);
      checkOnnx(bytes);
      const expected = interpreted(bytes, { x });
      const least = isStorage(options) ? 100 : LEAST_SNR[options.precision as keyof typeof LEAST_SNR];
      for (const runtime of runtimes) {
        const session = await runtime.open(bytes, "all");
        const { snr } = fidelity(await session.runFed({ x }, 2), expected)["y"]!;
        expect(snr, named(options)).toBeGreaterThanOrEqual(least);
        await session.release();
      }
      const isFloat = decoded(bytes).initialisers.some(({ name, elementType }) => name === "b" && elementType === 1);
      expect(isFloat).toBe(options.precision !== "float16-compute");
    }
  });

  test("is read with the data that lie beside it", () => {
    const weight = floats("w", [16, 16], [...pseudoRandom(256, 4)]);
    const product = node("MatMul", ["x", "w"], ["y"]);
    const ports = { inputs: [value("x", ["batch", 16])], outputs: [value("y", ["batch", 16])] };
    const external = { location: "w.bin", offset: 0, length: 1024 };
    const apart = file([product], { ...ports, initialisers: [{ ...weight, external, data: new Uint8Array() }] });
    const options = { precision: "int8-weights" } as const;
    expect(() => reducePrecision(apart, options)).toThrow(/w\.bin/);
    const read = reducePrecision(apart, { ...options, external: () => weight.data });
    expect(read).toEqual(reducePrecision(file([product], { ...ports, initialisers: [weight] }), options));
  });

  test("is refused where it is no sound one", () => {
    const reduce = (bytes: Uint8Array) => () => reducePrecision(bytes, { precision: "float16" });
    expect(reduce(new Uint8Array(3))).toThrow(expect.objectContaining({ code: "ONNX_INVALID" }));
    expect(reduce(file([node("Relu", ["nothing"], ["y"])]))).toThrow(/nothing/);
    expect(reduce(file([node("If", ["x"], ["y"])]))).toThrow(/If/);
  });

  test("is refused options that are none, or belong to another precision", () => {
    const reduce = (options: object) => () => reducePrecision(encoder, options as PrecisionOptions);
    expect(reduce({ precision: "int4" })).toThrow(/"precision" expected float32, .*, got int4/);
    expect(reduce({ precision: "int8-weights", weightBits: 6 })).toThrow(/"weightBits" expected 7, 8, got 6/);
    expect(reduce({ precision: "int8", ranges: {}, activations: "int4" })).toThrow(/"activations"/);
    expect(reduce({ precision: "float16", weightBits: 7 })).toThrow(/"weightBits".*float16/);
    expect(reduce({ ranges: {} })).toThrow(/"ranges".*float32/);
  });
});

describe("fidelity", () => {
  test("is decibels and the largest difference", () => {
    const report = fidelity({ a: [1, 1.1], b: [2], more: [1] }, { a: Float32Array.of(1, 1), b: [2] });
    expect(report["a"]!.snr).toBeCloseTo(10 * Math.log10(2 / 0.01), 10);
    expect(report["a"]!.maxAbs).toBeCloseTo(0.1, 12);
    expect(report["b"]).toEqual({ snr: Infinity, maxAbs: 0 });
  });

  test("is nothing where a value is not finite, and an error where one is missing", () => {
    expect(fidelity({ a: [NaN] }, { a: [1] })["a"]).toEqual({ snr: -Infinity, maxAbs: Infinity });
    expect(() => fidelity({}, { a: [1] })).toThrow(expect.objectContaining({ code: "ONNX_PARITY" }));
    expect(() => fidelity({ a: [1, 2] }, { a: [1] })).toThrow(/expected 1 values, got 2/);
  });
});
