import { chooseBuild, kernelBytes, loadKernels, probe, type KernelBuild } from "@isthmus/kernels";
import { IsthmusError } from "@isthmus/math";
import { describe, expect, it } from "vitest";
import { openArena } from "./support.ts";

const builds: readonly KernelBuild[] = ["simd128", "relaxed"];

/** Ids of a module's sections, in order. */
function sectionIds(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at++]!);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at += size;
  }
  return ids;
}

describe("the binaries", () => {
  it.each(builds)("%s has no data, element, table, start or memory section", async (build) => {
    const [table, memory, start, element, data, dataCount] = [4, 5, 8, 9, 11, 12];
    const ids = sectionIds(await kernelBytes(build));
    expect(ids).toEqual(expect.arrayContaining([1, 2, 3, 7, 10]));
    for (const id of [table, memory, start, element, data, dataCount]) expect(ids).not.toContain(id);
  });

  it.each(builds)("%s is at most 64 KiB", async (build) => {
    expect((await kernelBytes(build)).length).toBeLessThanOrEqual(65536);
  });

  it("import one memory and nothing else", async () => {
    const module = await WebAssembly.compile(await kernelBytes("simd128"));
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
  });

  it("simd128 needs no relaxed instruction: a machine with SIMD alone validates it", async () => {
    const relaxed = await kernelBytes("relaxed");
    expect(WebAssembly.validate(await kernelBytes("simd128"))).toBe(true);
    expect(WebAssembly.validate(relaxed)).toBe(probe().relaxedSimd);
  });

  it("export the functions of KernelExports", async () => {
    const { exports } = await loadKernels({ build: "simd128" });
    const names = [
      ..."abs adam add castI32 castU8 copy copyStrided countNonZero div equal exp expm1 fill gemm gemmScratch greater log log1p max".split(
        " ",
      ),
      ..."maximum minimum mul neg randomNormal randomUniform relu reluGrad select sigmoid sigmoidCrossEntropy".split(
        " ",
      ),
      ..."conv2d conv2dInputGrad conv2dFilterGrad conv2dScratch conv2dInputGradScratch conv2dFilterGradScratch".split(
        " ",
      ),
      ..."depthwiseConv2d depthwiseConv2dInputGrad depthwiseConv2dFilterGrad".split(" "),
      ..."maxPool2d maxPool2dGrad maxPool2dPick avgPool2d avgPool2dGrad".split(" "),
      ..."adamW euclideanNorm rmsProp sgd sgdMomentum sgdNesterov copyBlocks erf gather oneHot pad round scatterAdd".split(
        " ",
      ),
      ..."logSoftmax logSoftmaxGrad softmax softmaxCrossEntropy softmaxCrossEntropyBoth softmaxCrossEntropyGrad softmaxGrad standardise standardiseGrad".split(
        " ",
      ),
      ..."sigmoidCrossEntropyGrad sigmoidGrad sign softplus sparseGemm sparseGemmScratch sparseRows sqrt square step sub sum tanh".split(
        " ",
      ),
      ...["gatedGemm", "gatedGemmScratch", "sigmoidCrossEntropyBoth", "tanhGrad"],
    ];
    expect(
      Object.entries(exports)
        .filter(([, value]) => typeof value === "function")
        .map(([name]) => name)
        .sort(),
    ).toEqual(names.sort());
  });
});

describe("loading", () => {
  it("probe answers once", () => {
    expect(probe()).toBe(probe());
    expect(probe().simd).toBe(true);
    expect(probe().threads).toBe(true);
  });

  it("the build follows the probe", () => {
    const features = { simd: true, relaxedSimd: true, threads: true, wideTiles: true };
    expect(chooseBuild(features)).toBe("relaxed");
    expect(chooseBuild({ ...features, threads: false })).toBe("relaxed");
    expect(chooseBuild({ ...features, relaxedSimd: false })).toBe("simd128");
    expect(chooseBuild({ ...features, wideTiles: false })).toBe("simd128");
  });

  it("a machine without SIMD is refused by code", () => {
    const attempt = (): KernelBuild =>
      chooseBuild({ simd: false, relaxedSimd: false, threads: false, wideTiles: false });
    expect(attempt).toThrow(IsthmusError);
    expect(attempt).toThrow(expect.objectContaining({ code: "WASM_NO_SIMD" }));
  });

  it("an unknown build is a RangeError", async () => {
    await expect(kernelBytes("mmx" as KernelBuild)).rejects.toThrow(RangeError);
    await expect(loadKernels({ build: "mmx" as KernelBuild })).rejects.toThrow(RangeError);
  });

  const runs = probe().relaxedSimd;
  it.skipIf(runs)(`the relaxed build is refused by code${runs ? " (skipped: this runtime runs it)" : ""}`, async () => {
    await expect(loadKernels({ build: "relaxed" })).rejects.toMatchObject({ code: "WASM_NO_RELAXED_SIMD" });
  });

  it("brings its own memory of 1 MiB, or takes the caller's memory and module", async () => {
    expect((await loadKernels()).memory.buffer.byteLength).toBe(1 << 20);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const module = await WebAssembly.compile(await kernelBytes("simd128"));
    const kernels = await loadKernels({ build: "simd128", memory, module });
    expect(kernels.memory).toBe(memory);
    kernels.exports.fill(64, 1.5, 3);
    expect([...new Float32Array(memory.buffer, 60, 5)]).toEqual([0, 1.5, 1.5, 1.5, 0]);
  });

  it("the arena of these tests notices a write beside a buffer", async () => {
    const arena = await openArena("simd128");
    const y = arena.floats([1, 2, 3]);
    arena.kernels.exports.fill(y, 0, 4);
    expect(() => arena.release()).toThrow(/outside a buffer/);
  });
});
