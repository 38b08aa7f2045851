import { spawnSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { GraphBuilder, type Node, type Program, type StateTensor } from "@isthmus/graph";
import { kernelBytes, loadKernels, probe } from "@isthmus/kernels";
import { createWasmEngine, type WasmEngine, type WasmEngineOptions, workerSource } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makePlan, prepare } from "../src/planner/make-plan.ts";
import { normalise } from "../src/planner/normalise.ts";
import { planPhases } from "../src/threads/phases.ts";
import { Pool } from "../src/threads/pool.ts";
import { sharedScratch } from "../src/threads/shared-scratch.ts";
import { expectConforms } from "../../graph/test/conformance/conforms.ts";
import { trainedBits } from "./threaded-vae.ts";
import { MNIST, vaeTraining } from "../../graph/test/conformance/vae-programs.ts";

const slot = (...shape: number[]): StateTensor => ({ shape, init: { kind: "zeros" } });
const ramp = (length: number, scale = 1) => Float32Array.from({ length }, (_, i) => scale * Math.sin(i));

/** Enough elements that every call on them is divided. */
const ROWS = 501;
const COLUMNS = 403;

/** One of each kind of call, on large operands, several of them one after the other on the same memory. */
function everyKind(): Program {
  const build = new GraphBuilder();
  const x = build.input("x", ["batch", COLUMNS]);
  const image = build.input("image", ["batch", COLUMNS], "u8");
  const seed = build.input("seed", [2], "i32");
  const step = build.input("step", [2], "i32");
  const p = build.state("p", slot(COLUMNS, COLUMNS));
  const gated = build.select(build.greater(x, build.scalar(0)), build.exp(x), build.sigmoid(x));
  const noise = build.randomNormal(["batch", COLUMNS], { seed, step, stream: "noise" });
  const noisy = build.add(gated, build.mul(noise, build.cast(image)));
  const product = build.matmul(noisy, p);
  const spots = build.input("spots", ["batch", COLUMNS]);
  const gram = build.matmul(x, x, { transposeA: true });
  const outputs: Record<string, Node> = {
    product,
    spotted: build.sigmoid(build.matmul(spots, p)),
    slope: build.matmul(spots, gated, { transposeA: true }),
    rows: build.sum(product, { axes: [1] }),
    columns: build.sum(build.square(noisy), { axes: [0] }),
    greatest: build.max(noisy, { axes: [0] }),
    turned: build.add(build.transpose(gated, [1, 0]), build.scalar(1)),
    centred: build.sub(product, build.mean(product, { axes: [0], keepDims: true })),
  };
  return build.program({ outputs, updates: { p: build.add(p, gram) } });
}

const given = {
  inputs: {
    x: ramp(ROWS * COLUMNS),
    spots: ramp(ROWS * COLUMNS).map((x) => (x > 0.8 ? x : 0)),
    image: Uint8Array.from({ length: ROWS * COLUMNS }, (_, i) => i % 7),
    seed: Int32Array.of(3, 0),
    step: Int32Array.of(4, 0),
  },
  state: { p: ramp(COLUMNS * COLUMNS, 0.1) },
  batch: ROWS,
};

async function results(engine: WasmEngine, program: Program): Promise<Buffer> {
  const state = engine.createState(program.state);
  await state.write("p", given.state.p);
  const executable = await engine.compile(program, state);
  const { outputs } = await executable.run(given.inputs, { batch: given.batch });
  const read = await Promise.all(Object.values(outputs).map((handle) => handle.read()));
  const after = await state.read("p");
  state.dispose();
  executable.dispose();
  return Buffer.concat([...read, after].map((values) => Buffer.from(values.buffer)));
}

/** No worker looks for work any more, soon after the last. */
async function expectIdle(): Promise<void> {
  await sleep(50);
  const before = process.cpuUsage();
  await sleep(300);
  const { user, system } = process.cpuUsage(before);
  // Microseconds. A worker that kept looking would take 300,000 on an idle core; timers and the test runner take a few thousand.
  expect(user + system).toBeLessThan(100_000);
}

/** A pool of two over a memory of one page. */
async function openPool(url?: string) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const { module, exports } = await loadKernels({ build: "simd128", memory });
  const pool = new Pool(2);
  await pool.start({ module, memory }, url);
  /** Calls of one kernel, which are in the table from its beginning. */
  const listed = (kernel: "add" | "fill", lists: readonly (readonly number[])[]) => {
    const number = Object.keys(exports).indexOf(kernel);
    lists.forEach((args, i) => new Float64Array(memory.buffer).set([number, ...args], 14 * i));
    const call: (...args: number[]) => void = exports[kernel];
    return lists.map((args) => ({ run: () => call(...args) }));
  };
  return { pool, listed, floats: new Float32Array(memory.buffer) };
}

/** A page of text as the address of a worker's code. */
const codeUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const port = `const port = process.getBuiltinModule("node:worker_threads").parentPort;`;

const builds = [
  { build: "simd128" as const, missing: false },
  { build: "relaxed" as const, missing: !probe().relaxedSimd },
];

describe.each(builds)("any number of threads, $build", ({ build, missing }) => {
  const engines: WasmEngine[] = [];
  beforeAll(async () => {
    if (missing) return;
    for (const threads of [1, 2, 3]) engines.push(await createWasmEngine({ build, threads }));
  });
  afterAll(() => engines.forEach((engine) => engine.dispose()));

  it.skipIf(missing)("says how many there are, and the build by its name", () => {
    expect(engines.map((engine) => engine.threads)).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }]);
    expect(engines.map((engine) => engine.build)).toEqual([build, build, build]);
  });

  it.skipIf(missing)("leaves the same bits after 20 steps of training a VAE", async () => {
    const [one, ...others] = await Promise.all(engines.map((engine) => trainedBits(engine, 20)));
    for (const other of others) expect(Buffer.compare(other, one!)).toBe(0);
  });

  it.skipIf(missing)("leaves the same bits of every kind of call", async () => {
    const [one, ...others] = await Promise.all(engines.map((engine) => results(engine, everyKind())));
    for (const other of others) expect(Buffer.compare(other, one!)).toBe(0);
  });

  it.skipIf(missing)("works after the memory has grown under the workers", async () => {
    const own = await createWasmEngine({ build, threads: 2 });
    const [one] = engines;
    const before = own.memoryBytes;
    for (const scale of [1, 8]) {
      const double = new GraphBuilder();
      const program = double.program({ outputs: { y: double.exp(double.input("x", ["batch", 1])) } });
      const x = ramp(200_000 * scale);
      const values = await Promise.all(
        [one!, own].map(async (engine) => {
          const executable = await engine.compile(program, engine.createState({}));
          return (await executable.run({ x })).outputs["y"]!.read();
        }),
      );
      expect(Buffer.compare(Buffer.from(values[0]!.buffer), Buffer.from(values[1]!.buffer))).toBe(0);
    }
    expect(own.memoryBytes).toBeGreaterThan(before + 2 ** 22);
    own.dispose();
  });
});

describe("a threaded engine", () => {
  let engine: WasmEngine;
  beforeAll(async () => {
    engine = await createWasmEngine({ build: "simd128", threads: 3 });
  });
  afterAll(() => engine.dispose());

  it("conforms to the interpreter", async () => {
    const build = new GraphBuilder();
    const x = build.input("x", ["batch", 403]);
    const h = build.tanh(build.matmul(x, build.state("w", slot(403, 301))));
    const slope = build.matmul(x, build.mul(h, build.exp(h)), { transposeA: true });
    const program = build.program({ outputs: { slope, columns: build.sum(h, { axes: [0] }) }, updates: { w: slope } });
    await expectConforms(engine, program, {
      inputs: { x: ramp(33 * 403) },
      state: { w: ramp(403 * 301, 0.1) },
      batch: 33,
    });
  });

  it("takes its module from elsewhere", async () => {
    const module = await WebAssembly.compile(await kernelBytes("simd128", true));
    const own = await createWasmEngine({ build: "simd128", threads: 2, module });
    expect(await results(own, everyKind())).toHaveLength((await results(engine, everyKind())).length);
    own.dispose();
  });

  it("costs nothing while it is idle", async () => {
    await results(engine, everyKind());
    await expectIdle();
  });

  it("is disposed of twice", async () => {
    const own = await createWasmEngine({ build: "simd128", threads: 2 });
    const program = everyKind();
    const executable = await own.compile(program, own.createState(program.state));
    own.dispose();
    own.dispose();
    await expect(executable.run(given.inputs)).rejects.toMatchObject({ code: "ENGINE_DISPOSED" });
  });

  it("does not keep the process alive", () => {
    const script = fileURLToPath(new URL("live-engine.ts", import.meta.url));
    const flags = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];
    const child = spawnSync(process.execPath, [...flags, script], { encoding: "utf8", timeout: 50_000 });
    expect(child).toMatchObject({ status: 0, signal: null, stderr: "" });
    expect(child.stdout).toMatch(/^3 threads, \d+ bytes$/);
  });
});

describe("phases", () => {
  async function ofTraining(threads: number, batch = 128) {
    const { exports } = await loadKernels({ build: "simd128" });
    const scratch = sharedScratch(exports, threads);
    const plan = makePlan(prepare(normalise(vaeTraining(MNIST))), batch, scratch, threads);
    return { plan, phases: planPhases(plan.calls, plan, threads) };
  }

  it("of a training step keep apart what depends on each other, and keep the order", async () => {
    const { plan, phases } = await ofTraining(3);
    expect(phases.flat().map(({ call }) => call)).toEqual(plan.calls);
    const place = ({ place: { kind, ...rest } }: (typeof plan.calls)[number]["output"], offset = 0) =>
      kind === "state" ? JSON.stringify(rest) : `${kind} ${offset}`;
    let divided = 0;
    for (const steps of phases) {
      for (const { call, divisible } of steps) {
        if (!divisible) continue;
        divided++;
        const output = place(call.output, plan.offsets.get(call.output));
        for (const { call: other } of steps) {
          if (other === call) continue;
          const touched = other.args.filter((arg) => typeof arg !== "number");
          expect(touched.map((buffer) => place(buffer, plan.offsets.get(buffer)))).not.toContain(output);
        }
      }
    }
    // Fourteen products of which all are large enough, the losses, the large sums and the two large updates by Adam.
    expect(divided).toBeGreaterThan(14);
    expect(phases.length).toBeLessThan(plan.calls.length / 2);
  });

  it("of a training step have together products that need nothing of one another", async () => {
    const { phases } = await ofTraining(2);
    const products = phases
      .map((steps) => steps.filter(({ call }) => call.kernel.endsWith("emm")).length)
      .filter((count) => count > 0);
    // Forward mu beside logVar; backward each weight's gradient beside that of its input, those of mu and logVar together.
    expect(products).toEqual([1, 2, 1, 1, 2, 2, 4, 1]);
  });

  it("divide few exponentials sooner than as many sums", async () => {
    const { phases } = await ofTraining(2, 32);
    const divided = phases.flat().flatMap(({ call, divisible }) => (divisible ? [call.kernel] : []));
    expect(divided).toEqual(expect.arrayContaining(["sigmoidCrossEntropyBoth"]));
    expect(divided).not.toContain("sum");
  });
});

describe("one thread and a reason", () => {
  const reasonOf = async (options: WasmEngineOptions) => {
    const engine = await createWasmEngine({ build: "simd128", threads: 2, ...options });
    const { threads } = engine;
    expect(await trainedBits(engine, 1)).not.toHaveLength(0);
    engine.dispose();
    return threads;
  };

  it("when a worker's code fails", async () => {
    const threads = await reasonOf({ workerUrl: codeUrl(`throw new Error("forbidden here");`) });
    expect(threads).toMatchObject({ count: 1, reason: { code: "THREADS_NOT_STARTED" } });
    expect(threads.reason!.message).toMatch(/forbidden here.*workerUrl/);
  });

  it("when a worker's code is not there", async () => {
    const threads = await reasonOf({ workerUrl: new URL("missing.mjs", import.meta.url) });
    expect(threads).toMatchObject({ count: 1, reason: { code: "THREADS_NOT_STARTED" } });
  });

  it("and none when one was asked for, or the count is not one", async () => {
    expect(await reasonOf({ threads: 1 })).toEqual({ count: 1 });
    for (const threads of [0, 1.5, 65, NaN, "all" as "auto"]) {
      await expect(createWasmEngine({ threads })).rejects.toThrow(RangeError);
    }
  });

  it("is not needed where the worker's code is served from elsewhere", async () => {
    expect(await reasonOf({ workerUrl: codeUrl(workerSource) })).toEqual({ count: 2 });
  });
});

describe("a pool", () => {
  it("is roused without a list, before one and after, and makes each call once", async () => {
    const { pool, listed, floats } = await openPool();
    floats[256] = 1;
    const sums = [2048, 4096, 8192];
    const calls = listed(
      "add",
      sums.map((at) => [at, 1024, at, 1, 1, 0, 1, 0, 1]),
    );
    pool.rouse();
    for (let i = 0; i < 5000; i++) {
      pool.run([{ run: () => pool.rouse() }], calls, 0, 10_000);
      if (i % 2 === 0) pool.rouse();
    }
    expect(sums.map((at) => floats[at / 4])).toEqual([5000, 5000, 5000]);
    await expectIdle();
    pool.dispose();
    pool.rouse();
  });
});

describe("a worker that is lost", () => {
  it("between two runs ends the next one with an error", async () => {
    const code = `${port} port.onmessage = () => { port.postMessage("ready"); setTimeout(() => process.exit(1), 20); };`;
    const engine = await createWasmEngine({ build: "simd128", threads: 2, workerUrl: codeUrl(code) });
    expect(engine.threads).toEqual({ count: 2 });
    await sleep(500);
    await expect(trainedBits(engine, 1)).rejects.toMatchObject({ name: "IsthmusError", code: "ENGINE_THREADS" });
    await expect(trainedBits(engine, 1)).rejects.toThrow(/ended with code 1/);
    engine.dispose();
  });

  it("after it took a call is waited for no longer than is reasonable", async () => {
    const takes =
      "Atomics.add(state, 5, 1); port.postMessage('ready'); Atomics.wait(state, 0, 0); Atomics.add(state, 1, 1);";
    const { pool, listed } = await openPool(
      codeUrl(`${port} port.onmessage = ({ data }) => { const state = new Int32Array(data.control); ${takes} };`),
    );
    const calls = listed("fill", [
      [1024, 2.5, 3],
      [2048, 2.5, 3],
    ]);
    const own = { run: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300) };
    expect(() => pool.run([own], calls, 0, 30)).toThrow(/1 of 2 calls were not done after 30 ms/);
    expect(() => pool.run([], calls, 0, 30)).toThrow(expect.objectContaining({ code: "ENGINE_THREADS" }));
    pool.dispose();
  });

  it("before it took a call is not missed", async () => {
    const { pool, listed, floats } = await openPool(
      codeUrl(`${port} port.onmessage = () => port.postMessage("ready");`),
    );
    const calls = listed("fill", [
      [1024, 2.5, 3],
      [2048, 2.5, 2],
    ]);
    for (let i = 0; i < 3000; i++) pool.run([], calls, 0, 30);
    expect([...floats.subarray(256, 260), ...floats.subarray(512, 515)]).toEqual([2.5, 2.5, 2.5, 0, 2.5, 2.5, 0]);
    pool.dispose();
  });

  it("in a kernel is told from one that did its work", async () => {
    const { pool, listed } = await openPool();
    const nothing = { run: () => {} };
    listed("fill", [[65_536, 2.5, 1]]);
    const wait = { run: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300) };
    expect(() => pool.run([wait], [nothing], 0, 10_000)).toThrow(/a kernel failed in a worker/);
    pool.dispose();
  });
});
