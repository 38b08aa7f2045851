import { GraphBuilder, type Node, type Program, type StateTensor } from "@isthmus/graph";
import { loadKernels } from "@isthmus/kernels";
import { createWasmEngine, planText, type WasmEngine } from "@isthmus/wasm";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePlan, prepare } from "../src/planner/make-plan.ts";
import { normalise } from "../src/planner/normalise.ts";
import { planPhases } from "../src/threads/phases.ts";
import { sharedScratch } from "../src/threads/shared-scratch.ts";
import { expectConforms } from "../../graph/test/conformance/conforms.ts";

const slot = (...shape: number[]): StateTensor => ({ shape, init: { kind: "zeros" } });
const ramp = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898));
const [WIDTH, UNITS] = [83, 37];

/** A layer over what `prepare` makes of the input "x", its output and the slope of its kernel. */
function layer(prepare: (build: GraphBuilder, x: Node) => Node, units = UNITS): Program {
  const build = new GraphBuilder();
  const x = prepare(build, build.input("x", ["batch", WIDTH]));
  const kernel = build.state("kernel", slot(WIDTH, units));
  const row = build.state("row", slot(1, units));
  const y = build.tanh(build.add(build.matmul(x, kernel), row));
  return build.program({ outputs: { y, slope: build.matmul(x, y, { transposeA: true }) } });
}

const asItIs = (_: GraphBuilder, x: Node): Node => x;
/** To the same numbers, which are no data, by a shift that stays zero: the engine looks for no zeros in them. */
const shifted = (build: GraphBuilder, x: Node): Node => build.add(x, build.state("shift", slot(WIDTH)));
const plain = layer(asItIs);
const trained = layer(shifted);

const batchOf = (rows: number, density: number, seed = 0, width = WIDTH) =>
  ramp(rows * width).map((x, i) => (((i + seed) * 0.6180339887) % 1 < density ? x : 0));

const engines: WasmEngine[] = [];
beforeAll(async () => {
  for (const threads of [1, 2, 3]) engines.push(await createWasmEngine({ build: "simd128", threads }));
});
afterAll(() => engines.forEach((engine) => engine.dispose()));

async function prepared(engine: WasmEngine, program: Program) {
  const state = engine.createState(program.state);
  for (const [name, { shape }] of Object.entries(program.state)) {
    if (name.startsWith("shift")) continue;
    await state.write(name, ramp(shape.reduce((size, dim) => size * dim, 1)));
  }
  return engine.compile(program, state);
}

async function bits(engine: WasmEngine, program: Program, x: Float32Array): Promise<string> {
  const executable = await prepared(engine, program);
  const { outputs } = await executable.run({ x });
  const read = await Promise.all(Object.values(outputs).map((handle) => handle.read()));
  executable.dispose();
  return Buffer.concat(read.map((values) => Buffer.from(values.buffer))).toString("base64");
}

describe("a product of data", () => {
  it("is planned with the operand and the threshold, in the text too", async () => {
    const plan = (await prepared(engines[0]!, plain)).plan(64);
    const choice = { operand: "x", sparseUpTo: 0.5 };
    expect(plan.calls.map((call) => [call.kernel, call.choices])).toEqual([
      ["countNonZero", []],
      ["sparseGemm", [choice]],
      ["sparseGemm", [choice]],
    ]);
    expect(
      planText(plan).match(/sparseGemm .*; sparse when at most 50 % of x is not zero, else dense$/gm),
    ).toHaveLength(2);
  });

  it.each([
    [trained, 64, "it has state in it"],
    [plain, 15, "it is small"],
  ])("is an ordinary one when %# %#", async (program, batch, _) => {
    const executable = await prepared(engines[0]!, program);
    const { calls } = executable.plan(batch);
    expect(calls.map(({ kernel }) => kernel).filter((kernel) => /emm|count/.test(kernel))).toEqual(["gemm", "gemm"]);
    expect((await executable.run({ x: batchOf(batch, 0.1) })).choices).toEqual([]);
  });

  it("is chosen by what is in the batch, and every run says what it found", async () => {
    const executable = await prepared(engines[0]!, plain);
    const [rows, size] = [32, 32 * WIDTH];
    const most = size / 2;
    for (const count of [0, 1, most - 1, most, most + 1, size, 3]) {
      const x = Float32Array.from({ length: size }, (_, i) => (i < count ? i + 1 : 0));
      const result = await executable.run({ x }, { batch: rows });
      const path = count <= most ? "sparse" : "dense";
      expect(result.choices).toEqual([{ operand: "x", density: count / size, path }]);
    }
  });

  it("says nothing of a run that another one followed", async () => {
    const executable = await prepared(engines[0]!, plain);
    const result = await executable.run({ x: batchOf(32, 0.2) });
    await executable.run({ x: batchOf(32, 0.9) });
    expect(() => result.choices).toThrow(expect.objectContaining({ code: "ENGINE_STALE_HANDLE" }));
  });

  describe("of few rows", () => {
    const [few, many] = [batchOf(1, 0.2), batchOf(1, 0.9)];

    it("is planned with the weights that must be finite, in the text too", async () => {
      const plan = (await prepared(engines[0]!, plain)).plan(1);
      const choice = { operand: "x", sparseUpTo: 0.5, weights: "kernel" };
      expect(plan.calls.map((call) => [call.kernel, call.choices])).toContainEqual(["sparseRows", [choice]]);
      expect(planText(plan)).toMatch(
        /sparseRows .*; sparse when at most 50 % of x is not zero and kernel is finite, else dense$/m,
      );
    });

    it("is chosen by what is in the batch, to the same bits", async () => {
      const executable = await prepared(engines[0]!, plain);
      for (const [x, path] of [
        [few, "sparse"],
        [many, "dense"],
      ] as const) {
        expect((await executable.run({ x })).choices).toMatchObject([{ operand: "x", path }]);
        for (const engine of engines) expect(await bits(engine, plain, x)).toBe(await bits(engine, trained, x));
      }
    });

    it("is dense while its weights are not known to be finite, so that 0 times NaN is seen", async () => {
      const state = engines[0]!.createState(plain.state);
      const executable = await engines[0]!.compile(plain, state);
      const run = async () => {
        const { choices, outputs } = await executable.run({ x: few });
        return { path: choices[0]!.path, sum: (await outputs["y"]!.read()).reduce((total, y) => total + y, 0) };
      };
      expect(await run()).toEqual({ path: "sparse", sum: 0 });
      await state.write("kernel", ramp(WIDTH * UNITS).fill(NaN, 0, UNITS * WIDTH - 1));
      expect(await run()).toEqual({ path: "dense", sum: NaN });
      await state.write("kernel", new Float32Array(WIDTH * UNITS));
      expect(await run()).toEqual({ path: "sparse", sum: 0 });
    });

    it("is dense once a program has replaced its weights", async () => {
      const build = new GraphBuilder();
      const kernel = build.state("kernel", slot(WIDTH, UNITS));
      const grown = build.program({ outputs: {}, updates: { kernel: build.div(build.scalar(1), kernel) } });
      const state = engines[0]!.createState(plain.state);
      const [executable, update] = [await engines[0]!.compile(plain, state), await engines[0]!.compile(grown, state)];
      expect((await executable.run({ x: few })).choices).toMatchObject([{ path: "sparse" }]);
      await update.run({});
      const { choices, outputs } = await executable.run({ x: few });
      expect(choices).toMatchObject([{ path: "dense" }]);
      expect((await outputs["y"]!.read()).every(Number.isNaN)).toBe(true);
    });
  });

  it("has the same bits on either path, with any number of threads, and again", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 16, max: 90 }), fc.constantFrom(0, 0.1, 0.45, 0.9), async (rows, density) => {
        const x = batchOf(rows, density);
        const wanted = await bits(engines[0]!, trained, x);
        for (const engine of [...engines, engines[0]!]) expect(await bits(engine, plain, x)).toBe(wanted);
      }),
      { numRuns: 12 },
    );
  });

  it.each([
    { of: "rows", rows: 301, units: 101 },
    { of: "columns", rows: 45, units: 403 },
  ])("is shared among threads by $of, to the same numbers, with infinite weights, too", async ({ rows, units }) => {
    const [sparse, dense] = [layer(asItIs, units), layer(shifted, units)];
    const { exports } = await loadKernels({ build: "simd128" });
    const plan = makePlan(prepare(normalise(sparse)), rows, sharedScratch(exports, 3), 3);
    const shared = planPhases(plan.calls, plan, 3).flat();
    expect(shared.filter(({ call, divisible }) => call.kernel === "sparseGemm" && divisible)).toHaveLength(2);
    const x = batchOf(rows, 0.2);
    for (const special of [[], [Infinity], [-Infinity, NaN]]) {
      const kernel = ramp(WIDTH * units);
      kernel.set(special, 40 * units + 30);
      const numbers = async (engine: WasmEngine, program: Program) => {
        const state = engine.createState(program.state);
        await state.write("kernel", kernel);
        const { outputs } = await (await engine.compile(program, state)).run({ x });
        return [await outputs["y"]!.read(), await outputs["slope"]!.read()];
      };
      const wanted = await numbers(engines[0]!, dense);
      expect(wanted[0]!.some(Number.isNaN)).toBe(special.length > 0);
      for (const engine of engines) expect(await numbers(engine, sparse)).toEqual(wanted);
    }
  });

  it("conforms to the interpreter", async () => {
    for (const density of [0.1, 0.8]) {
      const state = { kernel: ramp(WIDTH * UNITS), row: ramp(UNITS) };
      await expectConforms(engines[1]!, plain, { inputs: { x: batchOf(50, density) }, state, batch: 50 });
    }
  });

  it("looks at data that was prepared: bytes, masks, noise", async () => {
    const build = new GraphBuilder();
    const image = build.cast(build.input("image", ["batch", WIDTH], "u8"));
    const [seed, step] = [build.input("seed", [2], "i32"), build.input("step", [2], "i32")];
    const dots = build.randomUniform(["batch", WIDTH], { seed, step, stream: "dots" });
    const x = build.greater(build.div(image, build.scalar(255)), dots);
    const program = build.program({ outputs: { y: build.matmul(x, build.state("kernel", slot(WIDTH, UNITS))) } });
    const executable = await engines[0]!.compile(program, engines[0]!.createState(program.state));
    const inputs = { seed: Int32Array.of(1, 0), step: Int32Array.of(0, 0) };
    const { choices } = await executable.run({ image: new Uint8Array(40 * WIDTH).fill(51), ...inputs });
    expect(choices).toMatchObject([{ path: "sparse" }]);
    // A fifth of 3320 dots, with a standard deviation of 0.7 %.
    expect(Math.abs(choices[0]!.density - 0.2)).toBeLessThan(0.04);
  });
});

describe("a product of what relu made", () => {
  const HIDDEN = 130;

  /** Two products of a hidden layer's result, or of what `move` makes of it, with as many columns as it has; the second's may be `turned` by an operation. */
  function network(move: (build: GraphBuilder, hidden: Node) => Node, turned = false): Program {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", WIDTH]);
    const bias = build.state("bias", slot(1, HIDDEN));
    const hidden = build.relu(build.add(build.matmul(x, build.state("first", slot(WIDTH, HIDDEN))), bias), "hidden");
    const moved = move(build, hidden);
    const y = build.tanh(build.matmul(moved, build.state("second", slot(HIDDEN, HIDDEN))));
    const slope = turned
      ? build.matmul(build.transpose(moved, [1, 0]), y)
      : build.matmul(moved, y, { transposeA: true });
    return build.program({ outputs: { y, slope } });
  }

  const straight = network((_, hidden) => hidden);
  const turned = network((_, hidden) => hidden, true);
  /** The same, of values in which the engine looks for no zeros. */
  const uncounted = network((build, hidden) => build.abs(hidden));
  const kernelsOf = async (program: Program, batch: number) =>
    (await prepared(engines[0]!, program)).plan(batch).calls.map(({ kernel }) => kernel);

  it("is planned like one of data, moved about or not, but for a few rows", async () => {
    const split = network((build, x) => build.reshape(build.reshape(x, ["batch", 1, HIDDEN]), ["batch", HIDDEN]));
    for (const program of [straight, turned, split]) {
      const { calls } = (await prepared(engines[0]!, program)).plan(64);
      const chosen = calls.filter(({ choices }) => choices.some(({ operand }) => operand !== "x"));
      expect(chosen.map(({ kernel }) => kernel)).toEqual(["sparseGemm", "sparseGemm"]);
      expect(new Set(chosen.flatMap(({ choices }) => choices.map(({ operand }) => operand))).size).toBe(1);
    }
    expect(await kernelsOf(uncounted, 64)).toEqual(["countNonZero", "sparseGemm", "abs", "gemm", "gemm"]);
    expect((await kernelsOf(straight, 2)).filter((kernel) => kernel.startsWith("sparse"))).toEqual(["sparseRows"]);
  });

  it("is chosen by how much relu left", async () => {
    const state = engines[0]!.createState(straight.state);
    const first = ramp(WIDTH * HIDDEN);
    await state.write("first", first);
    const executable = await engines[0]!.compile(straight, state);
    const rows = 40;
    const x = batchOf(rows, 0.9);
    const sums = Array.from({ length: rows * HIDDEN }, (_, at) => {
      const [row, unit] = [Math.floor(at / HIDDEN), at % HIDDEN];
      const terms = Array.from({ length: WIDTH }, (_unused, k) => x[row * WIDTH + k]! * first[k * HIDDEN + unit]!);
      const sum = terms.reduce((total, term) => total + term, 0);
      // In float32 it is off by at most so much, and no sum is so near 0 that its sign could change.
      const bound = (WIDTH + 2) * 2 ** -24 * terms.reduce((total, term) => total + Math.abs(term), 0);
      expect(Math.abs(sum)).toBeGreaterThan(bound);
      return sum;
    });
    for (const { bias, path } of [
      { bias: 0, path: "sparse" },
      { bias: 100, path: "dense" },
      { bias: -100, path: "sparse" },
    ]) {
      await state.write("bias", new Float32Array(HIDDEN).fill(bias));
      const { choices } = await executable.run({ x });
      const density = sums.filter((sum) => sum + bias > 0).length / sums.length;
      expect(choices).toContainEqual({ operand: "hidden", density, path });
    }
  });

  it("has the same bits on either path, with any number of threads", async () => {
    for (const rows of [16, 33, 90]) {
      const x = batchOf(rows, 0.9);
      const { choices } = await (await prepared(engines[0]!, straight)).run({ x });
      expect(choices).toContainEqual(expect.objectContaining({ operand: "hidden", path: "sparse" }));
      const wanted = await bits(engines[0]!, uncounted, x);
      for (const engine of engines) {
        for (const program of [straight, turned]) expect(await bits(engine, program, x)).toBe(wanted);
      }
    }
  });
});

describe("a gradient through relu", () => {
  const [HIDDEN, OUT] = [70, 260];

  /** The gradient at the hidden layer of a network; `hide` keeps the engine from seeing that relu made the layer. */
  function gradient(hide = false): Program {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", WIDTH]);
    const shifted = build.add(
      build.matmul(x, build.state("first", slot(WIDTH, HIDDEN))),
      build.state("bias", slot(1, HIDDEN)),
    );
    const hidden = build.relu(shifted, "hidden");
    const seen = hide ? build.abs(hidden) : hidden;
    const second = build.state("second", slot(HIDDEN, OUT));
    const y = build.tanh(build.matmul(hidden, second));
    const through = build.emit("reluGrad", [build.matmul(y, second, { transposeB: true }), seen]);
    return build.program({ outputs: { through } });
  }

  const [known, hidden] = [gradient(), gradient(true)];
  const kernelsOf = async (program: Program, batch: number) =>
    (await prepared(engines[0]!, program)).plan(batch).calls.map(({ kernel }) => kernel);

  it("is planned with the operand and the threshold, and counts it once", async () => {
    const plan = (await prepared(engines[0]!, known)).plan(64);
    const [call] = plan.calls.filter(({ kernel }) => kernel === "gatedGemm");
    expect(call!.choices).toEqual([{ operand: "hidden", sparseUpTo: 0.6 }]);
    expect(await kernelsOf(known, 64)).toContain("gatedGemm");
    expect((await kernelsOf(known, 64)).filter((kernel) => kernel === "countNonZero")).toHaveLength(2);
    for (const [program, batch] of [
      [hidden, 64],
      [known, 15],
    ] as const) {
      expect(await kernelsOf(program, batch)).not.toContain("gatedGemm");
    }
  });

  it("is what the interpreter makes of it, on either path, with the same bits for any number of threads", async () => {
    for (const [bias, path] of [
      [0, "sparse"],
      [100, "dense"],
    ] as const) {
      const state = {
        first: ramp(WIDTH * HIDDEN),
        bias: new Float32Array(HIDDEN).fill(bias),
        second: ramp(HIDDEN * OUT).map((w) => w / 100),
      };
      const inputs = { x: batchOf(40, 0.9, 3) };
      const made: Float32Array[] = [];
      for (const engine of engines) {
        await expectConforms(engine, known, { inputs, state, batch: 40 });
        const own = engine.createState(known.state);
        for (const [name, values] of Object.entries(state)) await own.write(name, values);
        const { choices, outputs } = await (await engine.compile(known, own)).run(inputs);
        expect(choices).toContainEqual(expect.objectContaining({ operand: "hidden", path }));
        made.push(await outputs["through"]!.read());
      }
      expect(made[0]!.some((g) => g !== 0)).toBe(true);
      for (const other of made) expect(other).toEqual(made[0]);
    }
  });
});

describe("a product with a gradient of relu", () => {
  const [INPUTS, HIDDEN, OUT] = [150, 72, 40];

  /** The slope of the first kernel of a network; `hide` keeps the engine from seeing that relu's gradient made its right operand. */
  function network({ trained = true, inputs = INPUTS, hidden = HIDDEN, hide = false, followed = false } = {}): Program {
    const build = new GraphBuilder();
    const given = build.input("x", ["batch", inputs]);
    const x = trained ? build.add(given, build.state("shift", slot(inputs))) : given;
    const sum = build.add(
      build.matmul(x, build.state("first", slot(inputs, hidden))),
      build.state("bias", slot(1, hidden)),
    );
    const y = build.tanh(build.matmul(build.relu(sum, "hidden"), build.state("second", slot(hidden, OUT))));
    const back = build.matmul(y, build.state("back", slot(OUT, hidden)));
    const through = build.emit("reluGrad", [back, build.relu(sum)]);
    const seen = hide ? build.add(through, build.state("shiftBack", slot(hidden))) : through;
    const slope = build.matmul(x, seen, { transposeA: true });
    return build.program({ outputs: { slope: followed ? build.relu(slope) : slope } });
  }

  const slopeOf = async (program: Program, batch: number) =>
    (await prepared(engines[0]!, program)).plan(batch).calls.findLast(({ kernel }) => /emm$/.test(kernel))!;

  it("is planned with the operand and the threshold, after those of data, in the text too", async () => {
    const ofGradient = { operand: expect.stringMatching(/^reluGrad#/), sparseUpTo: 0.6 };
    expect(await slopeOf(network(), 64)).toMatchObject({ kernel: "sparseGemm", choices: [ofGradient] });
    const ofBoth = network({ trained: false });
    expect((await slopeOf(ofBoth, 64)).choices).toEqual([{ operand: "x", sparseUpTo: 0.5 }, ofGradient]);
    expect(planText((await prepared(engines[0]!, ofBoth)).plan(64))).toMatch(
      /sparseGemm .*; sparse when at most 50 % of x is not zero, else sparse when at most 60 % of reluGrad#\d+ is not zero, else dense$/m,
    );
  });

  it.each([
    [network(), 15, "the batch is small"],
    [network({ inputs: 127 }), 64, "it has few rows"],
    [network({ hidden: HIDDEN - 4 }), 64, "its columns are no multiple of 8"],
    [network({ hide: true }), 64, "it is a sum"],
    [network({ followed: true }), 64, "an activation follows"],
  ])("is an ordinary one, %#", async (program, batch, _) => {
    expect(await slopeOf(program, batch)).toMatchObject({ kernel: "gemm", choices: [] });
  });

  it("is one choice where both operands are one", async () => {
    const build = new GraphBuilder();
    const hidden = build.relu(
      build.matmul(build.input("x", ["batch", WIDTH]), build.state("first", slot(WIDTH, 128))),
      "hidden",
    );
    const program = build.program({ outputs: { squares: build.matmul(hidden, hidden, { transposeA: true }) } });
    expect((await slopeOf(program, 64)).choices).toEqual([{ operand: "hidden", sparseUpTo: 0.6 }]);
  });

  it("of data is an ordinary one", async () => {
    const build = new GraphBuilder();
    const rows = build.state("rows", slot(64, 128));
    const program = build.program({
      outputs: { y: build.matmul(rows, build.input("x", [64, 64]), { transposeA: true }) },
    });
    expect(await slopeOf(program, 64)).toMatchObject({ kernel: "gemm", choices: [] });
  });

  it("has the same bits on either path, whether x is counted or not, with any number of threads", async () => {
    for (const trained of [true, false]) {
      const [seen, hidden] = [network({ trained }), network({ hide: true })];
      for (const [rows, density] of [
        [16, 0.9],
        [33, 0.9],
        [90, 0.2],
      ] as const) {
        const x = batchOf(rows, density, 0, INPUTS);
        const { choices } = await (await prepared(engines[0]!, seen)).run({ x });
        expect(choices).toContainEqual(
          expect.objectContaining({ operand: expect.stringMatching(/^reluGrad#/), path: "sparse" }),
        );
        const wanted = await bits(engines[0]!, hidden, x);
        for (const engine of engines) expect(await bits(engine, seen, x)).toBe(wanted);
      }
    }
  });

  it("is what the interpreter makes of it", async () => {
    const program = network();
    const state = Object.fromEntries(
      Object.entries(program.state).map(([name, { shape }]) => {
        const values = ramp(shape.reduce((size, dim) => size * dim, 1));
        return [name, name === "shift" ? values.fill(0) : values];
      }),
    );
    for (const engine of engines) {
      await expectConforms(engine, program, { inputs: { x: batchOf(40, 0.9, 11, INPUTS) }, state, batch: 40 });
    }
  });
});
