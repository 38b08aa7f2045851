/** What is chosen, and what is said of it, on machines of our making. */
import { IsthmusError } from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { engineNames } from "../src/engine-names.ts";
import { checkedOptions } from "../src/options.ts";
import { Selecting } from "../src/selecting.ts";
import { explain } from "../src/selection.ts";
import { DummyWorld, everything, nameOf, software, timings } from "./world.ts";

const missing = new IsthmusError("TFJS_MISSING", "the tfjs engine needs x; install it: npm install x");

describe("measured", () => {
  it.each(["wasm", "tfjs:webgpu", "tfjs:webgl", "tfjs:wasm"] as const)(
    "%s is chosen when it is the fastest",
    async (fast) => {
      const world = new DummyWorld();
      const engine = await world.select({ measure: timings({ [fast]: 2.5 }) });
      expect(nameOf(engine)).toBe(fast);
      expect(engine.selection).toMatchObject({ engine: fast, how: "measured", build: engine.build });
      expect(engine.selection.reason).toMatch(
        /^the fastest, 2\.5 ms a run of training 784-400-20-400-784 at batch 128; /,
      );
      expect(world.living).toEqual([fast]);
      const outcomes = Object.fromEntries(engine.selection.candidates.map(({ name, outcome }) => [name, outcome]));
      expect(outcomes).toEqual({
        ...{ wasm: "slower", "tfjs:webgpu": "slower", "tfjs:webgl": "slower", "tfjs:wasm": "slower" },
        ...{ "tfjs:cpu": "not tried", [fast]: "chosen" },
      });
    },
  );

  it("our own where two are equally fast", async () => {
    const engine = await new DummyWorld().select({ measure: timings({ wasm: 3, "tfjs:wasm": 3 }) });
    expect(engine.selection.engine).toBe("wasm");
  });

  it("one that fails at the workload is not chosen, with its own words", async () => {
    const world = new DummyWorld(everything, { "tfjs:webgl": missing });
    const lost = new IsthmusError("ENGINE_OPERATION", "no such operation");
    const engine = await world.select({ measure: timings({ wasm: lost, "tfjs:webgpu": 9, "tfjs:wasm": 12 }) });
    expect(engine.selection.engine).toBe("tfjs:webgpu");
    expect(engine.selection.candidates).toMatchObject([
      { name: "wasm", outcome: "unavailable", reason: { code: "ENGINE_OPERATION", message: "no such operation" } },
      { name: "tfjs:webgpu", outcome: "chosen", milliseconds: 9 },
      { name: "tfjs:webgl", outcome: "unavailable", reason: { code: "TFJS_MISSING" } },
      { name: "tfjs:wasm", outcome: "slower", milliseconds: 12, reason: { code: "BACKEND_SLOWER" } },
      { name: "tfjs:cpu", outcome: "not tried", reason: { code: "BACKEND_LAST_RESORT" } },
    ]);
    expect(explain(engine.selection)).toEqual([
      "tfjs:webgpu: the fastest, 9.0 ms a run of training 784-400-20-400-784 at batch 128; tfjs:wasm 12 ms",
      "not wasm: no such operation",
      "not tfjs:webgl: the tfjs engine needs x; install it: npm install x",
      "not tfjs:wasm: it takes 12 ms, tfjs:webgpu 9.0 ms",
      "not tfjs:cpu: it computes in plain JavaScript; not measured while others can be had",
    ]);
    expect(world.living).toEqual(["tfjs:webgpu"]);
  });

  it("plain JavaScript and software in a graphics card's place only where nothing else can be had", async () => {
    const first = await new DummyWorld(software).select({ measure: timings({ "tfjs:webgpu": 0.1 }) });
    expect(first.selection.engine).toBe("wasm");
    expect(first.selection.candidates[1]).toMatchObject({ reason: { code: "BACKEND_SOFTWARE_ADAPTER" } });
    const noSimd = { available: false, reason: { code: "WASM_NO_SIMD", message: "no SIMD" } };
    const bare = { ...software, simd: noSimd };
    const last = await new DummyWorld(bare, { "tfjs:wasm": missing }).select();
    expect(last.selection).toMatchObject({ engine: "tfjs:webgpu", how: "only", reason: "no other can be had here" });
  });

  it("nothing is measured where one engine alone can be had", async () => {
    const failing = Object.fromEntries(engineNames.slice(1).map((name) => [name, missing]));
    const measure = async () => expect.fail("measured");
    const { selection } = await new DummyWorld(everything, failing).select({ measure });
    expect(selection).toMatchObject({ engine: "wasm", how: "only" });
    expect(selection.workload).toBeUndefined();
  });
});

describe("prefer", () => {
  it("takes the engine unmeasured; graphics are looked for only where they matter", async () => {
    const world = new DummyWorld();
    const { selection } = await world.select({ prefer: "tfjs:cpu" });
    expect(selection).toMatchObject({ engine: "tfjs:cpu", how: "preferred", reason: "it is preferred" });
    expect(world.looks).toEqual([false]);
    expect(world.living).toEqual(["tfjs:cpu"]);
  });

  it("takes the first of several that can be had, and says what kept the others", async () => {
    const world = new DummyWorld(everything, { "tfjs:webgpu": missing });
    const { selection } = await world.select({ prefer: ["tfjs:webgpu", "tfjs:wasm", "wasm"] });
    expect(selection.engine).toBe("tfjs:wasm");
    expect(selection.reason).toBe("it is preferred; tfjs:webgpu: the tfjs engine needs x; install it: npm install x");
  });

  it("chooses another by measuring where none can be had", async () => {
    const world = new DummyWorld(everything, { "tfjs:webgpu": missing });
    const { selection } = await world.select({ prefer: "tfjs:webgpu", measure: timings({ "tfjs:wasm": 4 }) });
    expect(selection).toMatchObject({ engine: "tfjs:wasm", how: "measured" });
    expect(selection.reason).toMatch(/; in place of tfjs:webgpu, which cannot be had$/);
  });
});

describe("require", () => {
  it("an engine by name, or fails with one reason for each that there is", async () => {
    const { selection } = await new DummyWorld().select({ require: "tfjs:webgl" });
    expect(selection).toMatchObject({ engine: "tfjs:webgl", how: "required" });
    const none = { available: false, reason: { code: "TFJS_NO_DEVICE", message: "there is no WebGPU adapter" } };
    const failed = new DummyWorld({ ...everything, webgpu: none }).select({ require: "webgpu" });
    const message = "no engine here is what is required, webgpu; tfjs:webgpu: there is no WebGPU adapter";
    await expect(failed).rejects.toMatchObject({ code: "BACKEND_UNAVAILABLE", message });
    const { details } = (await failed.catch((error: unknown) => error)) as IsthmusError;
    const codes = (details["candidates"] as { name: string; reason: { code: string } }[]).map(
      ({ name, reason }) => [name, reason.code] as const,
    );
    expect(Object.fromEntries(codes)).toEqual({
      ...{ wasm: "BACKEND_REQUIREMENT", "tfjs:webgpu": "TFJS_NO_DEVICE", "tfjs:webgl": "BACKEND_REQUIREMENT" },
      ...{ "tfjs:wasm": "BACKEND_REQUIREMENT", "tfjs:cpu": "BACKEND_REQUIREMENT" },
    });
  });

  it("a graphics card: software in its place will not do; WebGPU alone takes it", async () => {
    const world = new DummyWorld(software);
    await expect(world.select({ require: "gpu" })).rejects.toThrow(
      /tfjs:webgpu: there is no graphics card: SwiftShader/,
    );
    expect((await world.select({ require: "webgpu" })).selection.engine).toBe("tfjs:webgpu");
    const { selection } = await new DummyWorld().select({ require: "gpu", measure: timings({ "tfjs:webgl": 1 }) });
    expect(selection).toMatchObject({ engine: "tfjs:webgl", how: "measured" });
  });

  it("threads: one for each core; an engine with one alone will not do", async () => {
    const world = new DummyWorld();
    const engine = await world.select({ require: "threads" });
    expect(engine).toMatchObject({ threads: { count: 2 } });
    const one = world.select({ require: "threads", wasm: { threads: 1 } });
    await expect(one).rejects.toThrow(/required, threads; wasm: it has one thread/);
    expect(world.living).toEqual(["wasm"]);
  });

  it("several at once must hold together, and stand above a preference", async () => {
    const both = new DummyWorld().select({ require: ["threads", "webgpu"] });
    await expect(both).rejects.toThrow(/no engine here is what is required, threads and webgpu/);
    const { selection } = await new DummyWorld().select({ require: "wasm", prefer: "tfjs:cpu" });
    expect(selection).toMatchObject({ engine: "wasm", reason: expect.stringContaining("in place of tfjs:cpu") });
  });
});

describe("the environment's ISTHMUS_ENGINE", () => {
  it("stands above prefer, and fails where it cannot be", async () => {
    const { selection } = await new DummyWorld().select({ override: "tfjs:cpu", prefer: "wasm" });
    expect(selection).toMatchObject({ engine: "tfjs:cpu", how: "overridden", reason: "ISTHMUS_ENGINE says so" });
    const world = new DummyWorld(everything, { "tfjs:wasm": missing });
    const failed = world.select({ override: "tfjs:wasm" });
    await expect(failed).rejects.toThrow(/required, ISTHMUS_ENGINE=tfjs:wasm; tfjs:wasm: the tfjs engine needs x/);
    const against = world.select({ override: "wasm", require: "webgpu" });
    await expect(against).rejects.toThrow(/ISTHMUS_ENGINE=wasm and webgpu; wasm: it is not what is required: webgpu/);
    await expect(world.select({ override: "fast" })).rejects.toMatchObject({ code: "BACKEND_OVERRIDE" });
    const measured = await world.select({ override: "auto", prefer: "tfjs:cpu", measure: timings({ wasm: 1 }) });
    expect(measured.selection).toMatchObject({ engine: "wasm", how: "measured" });
  });

  it("is a global where there is no environment", async () => {
    const global = globalThis as { ISTHMUS_ENGINE?: string };
    global.ISTHMUS_ENGINE = "tfjs:cpu";
    try {
      const selecting = new Selecting(checkedOptions({ store: false }), new DummyWorld());
      expect((await selecting.run()).selection).toMatchObject({ engine: "tfjs:cpu", how: "overridden" });
    } finally {
      delete global.ISTHMUS_ENGINE;
    }
  });
});

it("an aborted signal ends it with its reason, and leaves no engine behind", async () => {
  const stop = new AbortController();
  const world = new DummyWorld();
  const measure = async () => (stop.abort(new Error("enough")), 1);
  await expect(world.select({ measure, signal: stop.signal })).rejects.toThrow("enough");
  expect(world.opened.length).toBeGreaterThan(1);
  expect(world.living).toEqual([]);
});

describe("options that are none", () => {
  it.each([
    [{ prefer: "gpu" }, RangeError, '"prefer" expected auto, wasm, tfjs:webgpu, '],
    [{ prefer: ["wasm", 3] }, TypeError, '"prefer" expected'],
    [{ require: "speed" }, RangeError, '"require" expected wasm, .*, webgpu, webgl, gpu, threads, got speed'],
    [{ requires: "webgpu" }, TypeError, 'unknown option "requires"; expected prefer, require'],
    [{ workload: { task: "training", layers: [784] } }, RangeError, '"workload.layers" expected at least two widths'],
    [
      { workload: { task: "training", layers: [784, 0] } },
      RangeError,
      '"workload.layers\\[1\\]" expected a positive integer, got 0',
    ],
    [{ workload: { task: "dreaming", layers: [2, 2] } }, RangeError, '"workload.task" expected training or inference'],
    [{ workload: { program: {} } }, TypeError, '"workload.program" expected a program'],
    [{ workload: "vae" }, TypeError, '"workload" expected'],
    [{ workload: { task: "training", layers: [2, 2], batch: 0 } }, RangeError, '"workload.batch" expected'],
    [{ wasm: { threads: 0 } }, RangeError, '"threads" expected'],
    [{ measure: 3 }, TypeError, '"measure" expected a function'],
    [{ store: {} }, TypeError, '"store" expected false or an object with get and set'],
  ])("%j", async (options, kind, message) => {
    const selecting = Promise.resolve().then(() => new DummyWorld().select(options as never));
    await expect(selecting).rejects.toThrow(kind);
    await expect(selecting).rejects.toThrow(new RegExp(message));
  });
});
