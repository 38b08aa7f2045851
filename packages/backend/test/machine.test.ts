/** What is found of this machine, what is run on it to measure, and what a selection makes of it. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { defaultWorkload, measureEngine, memoryStore, probeEnvironment, selectEngine } from "@isthmus/backend";
import { GraphBuilder, referenceEngine } from "@isthmus/graph";
import { chooseBuild, probe } from "@isthmus/kernels";
import { createWasmEngine } from "@isthmus/wasm";
import { describe, expect, it, vi } from "vitest";
import { engineNameOf } from "../src/engine-names.ts";
import { lacking } from "../src/reason.ts";
import { VERSION } from "../src/version.ts";
import { webgl2 } from "../src/webgl.ts";
import { prepareWorkload } from "../src/workload.ts";

it("the version in the code is the package's", () => {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  expect(VERSION, "src/version.ts").toBe((JSON.parse(manifest) as { version: string }).version);
});

describe("the environment", () => {
  it("is what the kernels' probe and Node say, with a reason for all that is not there", async () => {
    const found = await probeEnvironment();
    const { simd, relaxedSimd, threads } = probe();
    expect(found.runtime).toEqual({
      ...{ kind: "node", version: process.versions.node, cores: availableParallelism() },
      platform: `${process.platform}-${process.arch}`,
    });
    expect([found.simd.available, found.relaxedSimd.available]).toEqual([simd, relaxedSimd]);
    expect(found.simd.build).toBe(chooseBuild());
    expect(found.threads.available).toBe(threads && availableParallelism() > 1);
    expect(found.threads.count).toBe(threads ? Math.min(8, availableParallelism()) : 1);
    expect(found.webgl2).toEqual(lacking("WEBGL_NO_CANVAS", expect.stringContaining("needs a canvas") as string));
    for (const { available, reason } of [found.wasm, found.simd, found.relaxedSimd, found.threads, found.webgpu!]) {
      expect(available).toBe(reason === undefined);
    }
  });

  it("leaves graphics alone where they do not matter", async () => {
    expect(await probeEnvironment(false)).not.toHaveProperty("webgpu");
  });

  it("says why there are no threads: a page that is not isolated", async () => {
    vi.stubGlobal("crossOriginIsolated", false);
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
    try {
      const { threads } = await probeEnvironment(false);
      expect(threads).toMatchObject({ available: false, count: 1, reason: { code: "THREADS_NOT_ISOLATED" } });
    } finally {
      vi.unstubAllGlobals();
      vi.restoreAllMocks();
    }
  });

  it.each([
    ["ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero)), SwiftShader driver)", true],
    ["Mesa/X.org, llvmpipe (LLVM 15.0.6, 256 bits)", true],
    ["ANGLE (NVIDIA, NVIDIA GeForce RTX 3080 Direct3D11)", false],
  ])("tells WebGL of %s: software %s", (renderer, isSoftware) => {
    const lost = vi.fn<() => void>();
    const gl = {
      getExtension: (name: string) =>
        name === "WEBGL_lose_context" ? { loseContext: lost } : { UNMASKED_RENDERER_WEBGL: 1 },
      getParameter: () => renderer,
    };
    class Canvas {
      getContext = () => gl;
    }
    class Refusing {
      getContext = () => null;
    }
    vi.stubGlobal("OffscreenCanvas", Canvas);
    expect(webgl2()).toEqual({ available: true, renderer, software: isSoftware });
    expect(lost).toHaveBeenCalledOnce();
    vi.stubGlobal("OffscreenCanvas", Refusing);
    expect(webgl2()).toMatchObject({ available: false, reason: { code: "WEBGL_NO_CONTEXT" } });
    vi.unstubAllGlobals();
  });
});

describe("a workload", () => {
  it("is made of widths: a step of training moves the parameters, inference has none to move", async () => {
    const training = prepareWorkload({ task: "training", layers: [6, 3, 6], batch: 4 });
    expect(Object.keys(training.program.updates)).toContain("layer0.kernel");
    expect(training.inputs["x"]).toHaveLength(24);
    const inference = prepareWorkload({ task: "inference", layers: [6, 3], batch: 4 });
    expect(inference.program.updates).toEqual({});
    const engine = referenceEngine();
    for (const { program, inputs } of [training, inference]) {
      const state = engine.createState(program.state);
      const { committed } = await (await engine.compile(program, state)).run(inputs);
      expect(committed).toBe(true);
    }
    expect(prepareWorkload(defaultWorkload)).toMatchObject({ name: "training 784-400-20-400-784", batch: 128 });
  });

  it("is any program: ids stay where there are rows, scalars are small", async () => {
    const build = new GraphBuilder();
    const ids = build.input("ids", ["batch"], "i32");
    const rows = build.gather(build.state("table", { shape: [3, 2], init: { kind: "zeros" } }), ids);
    const program = build.program({ outputs: { y: build.mul(rows, build.input("scale", [])) } });
    const { inputs, batch } = prepareWorkload({ program, name: "lookup", batch: 50 });
    expect(new Set(inputs["ids"])).toEqual(new Set([0, 1, 2]));
    expect(inputs["scale"]).toEqual(Float32Array.of(1e-3));
    expect(await measureEngine(referenceEngine(), prepareWorkload({ program, batch }))).toBeGreaterThan(0);
  });

  it("is the same for the same program and batch, whatever it is called", () => {
    const { program } = prepareWorkload({ task: "inference", layers: [6, 3] });
    const id = (batch: number, name: string) => prepareWorkload({ program, batch, name }).id;
    expect(id(4, "a")).toBe(id(4, "b"));
    expect(id(4, "a")).not.toBe(id(5, "a"));
  });
});

describe("measuring", () => {
  it("tells the shortest of the runs by the clock that it is given, and leaves no state behind", async () => {
    const engine = await createWasmEngine({ build: "simd128" });
    const workload = prepareWorkload({ task: "training", layers: [6, 3, 6], batch: 4 });
    // One run to warm up, of 70 ms; then of 30, 20 and 40 ms, until 240 ms have passed.
    const looks = [0, 0, 70, 70, 100, 100, 130, 130, 130, 150, 150, 150, 190, 340];
    expect(await measureEngine(engine, workload, undefined, () => looks.shift()!)).toBe(20);
    expect(looks).toEqual([]);
    const bytes = engine.memoryBytes;
    let time = 0;
    for (let i = 0; i < 20; i++) await measureEngine(engine, workload, undefined, () => (time += 500));
    expect(engine.memoryBytes).toBe(bytes);
    engine.dispose();
  });

  it("stops when it is told to", async () => {
    const engine = await createWasmEngine({ build: "simd128" });
    const stop = AbortSignal.abort(new Error("enough"));
    await expect(measureEngine(engine, prepareWorkload(defaultWorkload), stop)).rejects.toThrow("enough");
    engine.dispose();
  });
});

describe("a selection here", () => {
  it("trains, says what it is, and is remembered", async () => {
    const store = memoryStore();
    const workload = { task: "training", layers: [64, 16, 64], batch: 32 } as const;
    const select = () => selectEngine({ store, workload, override: "", wasm: { build: "simd128" } });
    const first = await select();
    expect(first.selection).toMatchObject({ how: "measured", engine: engineNameOf(first), workload: { batch: 32 } });
    const { program, inputs } = prepareWorkload(workload);
    const state = first.createState(program.state);
    const { outputs } = await (await first.compile(program, state)).run(inputs);
    expect(Number.isFinite((await outputs["loss"]!.read())[0])).toBe(true);
    first.dispose();
    const again = await select();
    expect(again.selection).toMatchObject({ how: "remembered", engine: first.selection.engine });
    expect(JSON.parse(JSON.stringify(again.selection))).toEqual(again.selection);
    again.dispose();
  });
});
