import { createHash } from "node:crypto";
import { GraphBuilder, modelHashes, parseProgram, type Program, serialiseProgram } from "@isthmus/graph";
import { describe, expect, test } from "vitest";
import { checkOnnx, describeOnnx, exportModelPart, exportOnnx, modelMetadata } from "../src/index.ts";
import { denseModel, pseudoRandom, sizes } from "./support/models.ts";
import { runtimes } from "./support/runtimes.ts";
import { exportable, imageModels, partsOf } from "./support/zoo.ts";

const model = denseModel(sizes["odd"]!);
const options = { graphName: "graph" };
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the same model gives the same bytes", () => {
  test("twice", () => {
    expect(exportModelPart(model, "encoder")).toEqual(exportModelPart(model, "encoder"));
  });

  test("after its graphs were stored and read, and whatever the order of its parameters and metadata", () => {
    const stored = (program: Program) => parseProgram(serialiseProgram(program));
    const parameters = Object.fromEntries(Object.entries(model.parameters).reverse());
    const again = { encoder: stored(model.encoder), decoder: stored(model.decoder), parameters };
    for (const part of ["encoder", "decoder"] as const) {
      expect(exportModelPart(again, part)).toEqual(exportModelPart(model, part));
    }
    const [, definition] = imageModels.find(([name]) => name === "vae, colours")!;
    const whole = exportable(definition);
    const isProgram = (value: object | string) => typeof value === "object" && "nodes" in value;
    const programs = Object.entries(whole).filter(([, value]) => isProgram(value)) as [string, Program][];
    const restored = { ...whole, ...Object.fromEntries(programs.map(([name, program]) => [name, stored(program)])) };
    for (const { part, sample } of partsOf(definition)) {
      for (const changes of [{}, { layout: "nchw", units: { offsets: [1], scales: [2] } }] as const) {
        const exported = (of: typeof whole) => exportModelPart(of, part, { sample, ...changes });
        expect(exported(restored)).toEqual(exported(whole));
      }
    }
    const ab = exportOnnx(model.encoder, model.parameters, { ...options, metadata: { a: "1", b: "2" } });
    const ba = exportOnnx(model.encoder, model.parameters, { ...options, metadata: { b: "2", a: "1" } });
    expect(ab).toEqual(ba);
  });

  test("as before: a change of these hashes is a change of the files people have", () => {
    expect(sha256(exportOnnx(model.encoder, model.parameters, options))).toBe(
      "190e32216b3bbf5a4509141b593f856acbf222a747eb0e0d6255c58d04f50627",
    );
    expect(sha256(exportOnnx(model.decoder, model.parameters, options))).toBe(
      "4a9df7861f752422996e8c9bbf78995cd3c4f8e23cf9d642c4468c94ac731ab8",
    );
  });
});

describe("names", () => {
  test("an output that is an input, a parameter, a constant or another output as well gets a copy", async () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 2]);
    const w = build.state("w", { shape: [2], init: { kind: "zeros" } });
    const y = build.neg(x);
    const program = build.program({ outputs: { x2: x, w2: w, c: build.constant([1], [7]), y, again: y } });
    const bytes = exportOnnx(program, { w: { shape: [2], data: Float32Array.from([5, 6]) } }, options);
    checkOnnx(bytes);
    for (const runtime of runtimes) {
      const outputs = await (await runtime.open(bytes, "all")).run(program, { x: Float32Array.from([1, 2]) }, 1);
      expect(Object.fromEntries(Object.entries(outputs).map(([name, data]) => [name, [...data]]))).toEqual({
        x2: [1, 2],
        w2: [5, 6],
        c: [7],
        y: [-1, -2],
        again: [-1, -2],
      });
    }
  });

  test("that nodes share, or that inputs and outputs hold, are told apart", () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 2]);
    const twice = build.relu(build.tanh(build.sigmoid(x, "layer"), "layer"), "x");
    const bytes = exportOnnx(build.program({ outputs: { y: build.neg(twice) } }), {}, options);
    checkOnnx(bytes);
    expect(describeOnnx(bytes).nodes).toEqual({ Neg: 1, Relu: 1, Sigmoid: 1, Tanh: 1 });
  });

  test("of an input and an output that are equal are refused", () => {
    const build = new GraphBuilder();
    const program = build.program({ outputs: { x: build.neg(build.input("x", ["batch"])) } });
    expect(() => exportOnnx(program, {}, options)).toThrow(RangeError);
  });
});

describe("what differentiation alone needs is left out", () => {
  const build = new GraphBuilder();
  const words = (name: string) => build.input(name, [2], "i32");
  const x = build.input("x", ["batch", 2]);
  const noise = build.randomNormal(["batch", 2], { seed: words("seed"), step: words("step"), stream: "noise" });
  const y = build.neg(build.straightThrough(build.sign(x), build.add(x, noise)));

  test("the path of a straight-through value, with the inputs only it reads", () => {
    const description = describeOnnx(exportOnnx(build.program({ outputs: { y } }), {}, options));
    expect(description.nodes).toEqual({ Neg: 1, Sign: 1 });
    expect(description.inputs.map(({ name }) => name)).toEqual(["x"]);
  });

  test("a constant that an operator has as an attribute", () => {
    const scaled = build.mul(x, build.scalar(0.25));
    const bytes = exportOnnx(build.program({ outputs: { y: build.maximum(x, scaled) } }), {}, options);
    const { nodes, initialisers } = describeOnnx(bytes);
    expect([nodes, initialisers.count]).toEqual([{ LeakyRelu: 1 }, 0]);
  });

  test("noise that an output does need is refused by name", () => {
    const program = build.program({ outputs: { y: build.add(x, noise) } });
    expect(() => exportOnnx(program, {}, options)).toThrow(
      expect.objectContaining({ code: "ONNX_OPERATION", details: { operation: "randomNormal", node: "noise" } }),
    );
  });
});

describe("refused", () => {
  const parameters = (change: object) => ({ ...model.parameters, ...change });
  const attempt = (given: object) => () => exportOnnx(model.encoder, parameters(given), options);

  test("a missing, misshapen or wrongly typed parameter", () => {
    expect(attempt({ "encoder.mu.bias": undefined })).toThrow(RangeError);
    expect(attempt({ "encoder.mu.bias": { shape: [4], data: new Float32Array(4) } })).toThrow(
      /encoder\.mu\.bias.*\[3\].*\[4\]/,
    );
    expect(attempt({ "encoder.mu.bias": { shape: [3], data: new Float32Array(4) } })).toThrow(RangeError);
    expect(attempt({ "encoder.mu.bias": { shape: [3], data: new Int32Array(3) } })).toThrow(TypeError);
  });

  test("options out of range", () => {
    const withOptions = (change: object) => () =>
      exportOnnx(model.encoder, model.parameters, { ...options, ...change });
    expect(withOptions({ opset: 12 })).toThrow(/opset.*13 to 21.*12/);
    expect(withOptions({ profile: "small" })).toThrow(/profile.*portable or compact.*small/);
    expect(withOptions({ layout: "chw" })).toThrow(/layout.*nhwc or nchw.*chw/);
    expect(withOptions({ noise: "drawn" })).toThrow(/noise/);
    expect(withOptions({ batch: 0 })).toThrow(/batch/);
    expect(withOptions({ outputs: ["z"] })).toThrow(/outputs.*mu, logVar.*"z"/);
    expect(withOptions({ outputs: [] })).toThrow(/outputs.*none/);
    expect(withOptions({ uint8: ["y"] })).toThrow(/uint8.*"y"/);
    expect(withOptions({ graphName: "" })).toThrow(/graphName/);
    expect(() => exportModelPart(model, "middle" as "encoder")).toThrow(RangeError);
  });

  test("a program that updates state", () => {
    const build = new GraphBuilder();
    const w = build.state("w", { shape: [2], init: { kind: "zeros" } });
    const program = build.program({ outputs: { w }, updates: { w: build.neg(w) } });
    expect(() => exportOnnx(program, { w: { shape: [2], data: new Float32Array(2) } }, options)).toThrow(
      /updates of w/,
    );
  });

  test("a batch size that no input tells", () => {
    const build = new GraphBuilder();
    const program = build.program({ outputs: { y: build.broadcastTo(build.scalar(1), ["batch"]) } });
    expect(() => exportOnnx(program, {}, options)).toThrow(expect.objectContaining({ code: "ONNX_OPERATION" }));
  });
});

describe("metadata ties a part to its model", () => {
  const coding = {
    offsets: pseudoRandom(3, 1),
    steps: Float32Array.from([0.1, 0.2, 0.3]),
    gains: Float32Array.from([1.5, 0.7, 1 / 3]),
    tables: Int32Array.from([1, -2, 2 ** 31 - 1]),
  };
  const coded = { ...model, coding };
  const hashes = modelHashes(coded);
  const identity = {
    "isthmus.model_id": Buffer.from(hashes.id).toString("hex"),
    "isthmus.encoder_hash": hashes.encoder,
    "isthmus.tables_hash": hashes.tables,
    "isthmus.decoder_hash": hashes.decoder,
  };

  test("the hashes and the id", () => {
    expect(modelMetadata(coded, "encoder")).toMatchObject({ ...identity, "isthmus.part": "encoder" });
    expect(modelMetadata(model, "decoder")).not.toHaveProperty("isthmus.coding");
  });

  test("the coding, to the bit, read back from the file", () => {
    const { metadata } = describeOnnx(exportModelPart(coded, "decoder"));
    const { "isthmus.coding": text, ...rest } = metadata;
    expect(rest).toMatchObject({ ...identity, "isthmus.part": "decoder" });
    const read = JSON.parse(text!) as Record<string, number[]>;
    expect(Float32Array.from(read["offsets"]!)).toEqual(coding.offsets);
    expect(Float32Array.from(read["steps"]!)).toEqual(coding.steps);
    expect(Float32Array.from(read["gains"]!)).toEqual(coding.gains);
    expect(Int32Array.from(read["tables"]!)).toEqual(coding.tables);
  });
});
