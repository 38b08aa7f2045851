/** What goes into files and comes out of them when the user says how: bytes, units, fixed batches, chosen outputs. */
import { describeTable, featureUnits, tableDataset, tableOf, type Table } from "@isthmus/data";
import { GraphBuilder, interpret, type Program } from "@isthmus/graph";
import { autoencoder, vae } from "@isthmus/models";
import { describe, expect, test } from "vitest";
import { checkOnnx, describeOnnx, exportModelPart, exportOnnx } from "../src/index.ts";
import { runtimes } from "./support/runtimes.ts";
import { exportable, imageModels } from "./support/zoo.ts";

const options = { graphName: "g" };
const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);

function pointwise(
  make: (build: GraphBuilder, x: ReturnType<GraphBuilder["input"]>) => ReturnType<GraphBuilder["neg"]>,
) {
  const build = new GraphBuilder();
  return build.program({ outputs: { y: make(build, build.input("x", ["batch", 256])) } });
}

/** The output `y` of one item of a file, in every runtime and optimisation. */
async function outputsOf(bytes: Uint8Array, x: Uint8Array | Float32Array): Promise<ArrayLike<number>[]> {
  checkOnnx(bytes);
  const results = [];
  for (const runtime of runtimes) {
    for (const optimisation of ["disabled", "all"] as const) {
      const session = await runtime.open(bytes, optimisation);
      results.push((await session.runFed({ x }, 1))["y"]!);
      await session.release();
    }
  }
  return results;
}

describe("bytes", () => {
  test("come in as the float32 nearest to k / 255", async () => {
    const program = pointwise((build, x) => build.neg(x));
    const bytes = exportOnnx(program, {}, { ...options, uint8: ["x"] });
    expect(describeOnnx(bytes).inputs).toEqual([{ name: "x", dtype: "uint8", shape: ["batch", 256] }]);
    for (const y of await outputsOf(bytes, everyByte)) {
      everyByte.forEach((k, i) => expect(y[i]).toBe(Math.fround(-Math.fround(k / 255))));
    }
  });

  test("go out as the nearest, and at the ends where there is none", async () => {
    const doubled = pointwise((build, x) => build.sub(build.mul(x, build.scalar(2)), build.scalar(0.5)));
    const bytes = exportOnnx(doubled, {}, { ...options, uint8: ["y"] });
    expect(describeOnnx(bytes).outputs).toEqual([{ name: "y", dtype: "uint8", shape: ["batch", 256] }]);
    const x = Float32Array.from(everyByte, (k) => (k + 0.3) / 256);
    for (const y of await outputsOf(bytes, x)) {
      expect(y).toBeInstanceOf(Uint8Array);
      x.forEach((value, i) => expect(y[i]).toBe(Math.min(255, Math.max(0, Math.round(255 * (2 * value - 0.5))))));
    }
  });

  test("that pass through are the same", async () => {
    const bytes = exportOnnx(
      pointwise((_, x) => x),
      {},
      { ...options, uint8: ["x", "y"] },
    );
    for (const y of await outputsOf(bytes, everyByte)) expect([...(y as Uint8Array)]).toEqual([...everyByte]);
  });

  test("are the pictures of a model's part", async () => {
    const model = exportable(imageModels[0]![1]);
    const exported = exportModelPart(model, "autoencoder", {
      uint8: true,
      layout: "nchw",
      outputs: ["reconstruction"],
    });
    expect(describeOnnx(exported)).toMatchObject({
      inputs: [{ name: "x", dtype: "uint8", shape: ["batch", 3, 7, 6] }],
      outputs: [{ name: "reconstruction", dtype: "uint8", shape: ["batch", 3, 7, 6] }],
    });
    expect(describeOnnx(exported).nodes).not.toHaveProperty("Transpose");
    const floats = exportModelPart(model, "autoencoder", { layout: "nchw", outputs: ["reconstruction"] });
    const x = everyByte.subarray(0, 126);
    for (const runtime of runtimes) {
      const [inBytes, inFloats] = [await runtime.open(exported, "all"), await runtime.open(floats, "all")];
      const { reconstruction: got } = await inBytes.runFed({ x }, 1);
      const { reconstruction } = await inFloats.runFed({ x: Float32Array.from(x, (k) => k / 255) }, 1);
      reconstruction!.forEach((value, i) => expect(Math.abs(got![i]! - 255 * value)).toBeLessThan(0.5001));
    }
  });

  test("are refused beside other units", () => {
    const model = exportable(autoencoder());
    const units = { offsets: [0], scales: [255] };
    expect(() => exportModelPart(model, "encoder", { uint8: true, units })).toThrow(/uint8.*units/);
  });
});

describe("a table in the user's units", () => {
  const table: Table = {
    name: "x.csv",
    rows: 4,
    columns: [
      { name: "temperature", kind: "number", values: Float64Array.of(20.5, 23, -4, 11.25) },
      { name: "state", kind: "category", categories: ["on", "off"], values: Int32Array.of(0, 1, 1, 0) },
      { name: "constant", kind: "number", values: Float64Array.of(7, 7, 7, 7) },
    ],
  };
  const description = describeTable(table, { missing: "mean" });
  const units = featureUnits(description);
  const trunk = { kind: "dense", hidden: [5] } as const;
  const model = exportable(vae({ inputShape: [4], latent: 2, trunk, likelihood: { kind: "gaussian" } }));
  const raw = Float32Array.of(20.5, 1, 0, 7, 23, 0, 1, 7, -4, 0, 1, 7, 11.25, 1, 0, 7);
  const run = (program: Program, inputs: Record<string, Float32Array>) =>
    interpret(program, {
      inputs,
      state: Object.fromEntries(
        Object.entries(model.parameters).map(([name, { data }]) => [name, data as Float32Array]),
      ),
      batch: 4,
    }).outputs;

  test("is what the encoder reads", async () => {
    const { values } = tableDataset(description, table);
    const expected = run(model.encoder, { x: values as Float32Array })["mu"]!.data;
    const bytes = exportModelPart(model, "encoder", { units });
    checkOnnx(bytes);
    for (const runtime of runtimes) {
      const { mu } = await (await runtime.open(bytes, "all")).runFed({ x: raw }, 4);
      // A subtraction and a division more than the network itself, of numbers of the size of the scale.
      expected.forEach((value, i) => expect(Math.abs(mu![i]! - value)).toBeLessThan(1e-5));
    }
  });

  test("has its gaps filled as the description says", async () => {
    const bytes = exportModelPart(model, "encoder", { units });
    const gap = {
      ...table,
      rows: 1,
      columns: [
        { ...table.columns[0]!, values: Float64Array.of(Number.NaN) },
        { ...table.columns[1]!, values: Int32Array.of(0) },
        { ...table.columns[2]!, values: Float64Array.of(7) },
      ],
    } as Table;
    const x = tableDataset(description, gap).values as Float32Array;
    const expected = run(model.encoder, { x: Float32Array.from([...x, ...x, ...x, ...x]) })["mu"]!.data;
    for (const runtime of runtimes) {
      const { mu } = await (await runtime.open(bytes, "all")).runFed({ x: Float32Array.of(Number.NaN, 1, 0, 7) }, 1);
      mu!.forEach((value, i) => expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-5));
    }
  });

  test("is what the decoder writes", async () => {
    const z = Float32Array.of(0.5, -1, 2, 0, -0.25, 1, 0, 0);
    const network = run(model.decoder, { z })["reconstruction"]!.data;
    const [temperature, state, constant] = tableOf(description, Float32Array.from(network)).columns;
    const bytes = exportModelPart(model, "decoder", { units });
    for (const runtime of runtimes) {
      const { reconstruction } = await (await runtime.open(bytes, "all")).runFed({ z }, 4);
      for (let row = 0; row < 4; row++) {
        const [t, on, off, c] = reconstruction!.subarray(4 * row, 4 * row + 4) as unknown as number[];
        // Degrees between -4 and 23, whose scale is 10: float32 is good to 2e-6, the table to 1e-5.
        expect(Math.abs(t! - (temperature!.values[row] as number))).toBeLessThan(2e-5);
        expect(off! > on! ? 1 : 0).toBe(state!.values[row]);
        expect(c).toBe(constant!.values[row]);
      }
    }
  });

  test("is refused where the units are not those of the model's features", () => {
    const withUnits = (change: object) => () => exportModelPart(model, "encoder", { units: { ...units, ...change } });
    expect(withUnits({ offsets: [1, 2] })).toThrow(/units\.offsets.*1 or 4.*2/);
    expect(withUnits({ scales: [Number.NaN] })).toThrow(/units\.scales/);
  });
});

describe("a part", () => {
  const model = exportable(vae({ inputShape: [4], latent: 2, trunk: { kind: "dense", hidden: [5] } }));

  test("with a fixed batch has it everywhere", () => {
    const { inputs, outputs } = describeOnnx(exportModelPart(model, "autoencoder", { batch: 2 }));
    for (const { shape } of [...inputs, ...outputs]) expect(shape[0]).toBe(2);
  });

  test("has the outputs that are asked for, and no more than they need", () => {
    const bytes = exportModelPart(model, "autoencoder", { outputs: ["mu"] });
    expect(describeOnnx(bytes)).toMatchObject({ outputs: [{ name: "mu" }], nodes: { Gemm: 2, Relu: 1 } });
  });

  test("says what it is", () => {
    expect(describeOnnx(exportModelPart(model, "encoder", { sample: true })).docString).toBe(
      "encoder: x [batch, 4], eps [batch, 2] -> mu [batch, 2], logVar [batch, 2], z [batch, 2]",
    );
  });

  test("with zeros for noise gives the mean", async () => {
    const bytes = exportModelPart(model, "encoder", { sample: true });
    const session = await runtimes[0]!.open(bytes, "all");
    const { z, mu } = await session.runFed({ x: Float32Array.of(0.1, 0.5, 0.9, 0), eps: new Float32Array(2) }, 1);
    expect(z).toEqual(mu);
  });

  test("that a model lacks is refused, and items that are no images", () => {
    const { encoder, decoder, parameters } = model;
    const bare = { encoder, decoder, parameters };
    expect(() => exportModelPart(bare, "prior")).toThrow(/a model with a prior/);
    expect(() => exportModelPart(bare, "encoder", { sample: true })).toThrow(/posterior/);
    expect(() => exportModelPart(model, "middle" as "encoder")).toThrow(/encoder, decoder, autoencoder, prior.*middle/);
    expect(() => exportModelPart(model, "encoder", { layout: "nhwc" })).toThrow(/layout.*images/);
  });

  test("whose noise is called like an input is refused", () => {
    const build = new GraphBuilder();
    const words = (name: string) => build.input(name, [2], "i32");
    const noise = build.randomNormal(["batch", 2], { seed: words("seed"), step: words("step"), stream: "x" });
    const program = build.program({ outputs: { y: build.add(noise, build.input("x", ["batch", 2])) } });
    expect(() => exportOnnx(program, {}, { ...options, noise: "inputs" })).toThrow(/"x" twice/);
  });
});
