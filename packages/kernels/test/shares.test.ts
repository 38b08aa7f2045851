import { kernelBytes, loadKernels, type KernelBuild } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Arena, BUILDS, noise, openArena } from "./support.ts";

describe("the threaded binaries", () => {
  const builds: readonly KernelBuild[] = ["simd128", "relaxed"];

  it.each(builds)("%s: at most 64 KiB, and within 64 bytes of the one for a single thread", async (build) => {
    const [plain, threaded] = [await kernelBytes(build), await kernelBytes(build, true)];
    expect(threaded.length).toBeLessThanOrEqual(65536);
    expect(Math.abs(threaded.length - plain.length)).toBeLessThan(64);
  });

  it("import a shared memory, and are what a shared memory gets", async () => {
    const module = await WebAssembly.compile(await kernelBytes("simd128", true));
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
    const shared = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    const kernels = await loadKernels({ build: "simd128", memory: shared });
    kernels.exports.fill(64, 1.5, 2);
    expect([...new Float32Array(shared.buffer, 60, 3)]).toEqual([0, 1.5, 1.5]);
    const own = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    await expect(loadKernels({ build: "simd128", memory: own, module })).rejects.toThrow(WebAssembly.LinkError);
  });
});

describe.each(BUILDS)("shares, $build", ({ build, missing }) => {
  let arena: Arena;
  beforeAll(async () => {
    if (!missing) arena = await openArena(build);
  });

  /** Sizes at and around the edges of tiles, and some that take several blocks of columns. */
  const edge = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(64, 65, 100, 401, 808));
  const products = fc.record({
    transA: fc.integer({ min: 0, max: 1 }),
    transB: fc.integer({ min: 0, max: 1 }),
    m: fc.oneof(edge, fc.constantFrom(130, 300)),
    n: edge,
    k: fc.constantFrom(0, 1, 7, 33, 257),
    activation: fc.integer({ min: 0, max: 4 }),
    count: fc.integer({ min: 1, max: 5 }),
    seed: fc.integer(),
  });

  it.skipIf(missing)("of a product are together the whole of it to the bit, in whatever order they are made", () => {
    fc.assert(
      fc.property(products, ({ transA, transB, m, n, k, activation, count, seed }) => {
        const { gemm, gemmScratch } = arena.kernels.exports;
        const [a, b] = [arena.floats(noise(m * k, seed)), arena.floats(noise(k * n, seed + 1))];
        const bias = arena.floats(noise(n, seed + 2));
        const scratch = arena.bytes(new Uint8Array(count * gemmScratch(transA, transB, m, n, k)).fill(0xff));
        const [whole, parts] = [1, 2].map(() => arena.floats(new Float32Array(m * n).fill(NaN))) as [number, number];
        gemm(transA, transB, m, n, k, a, b, whole, bias, activation, scratch);
        for (let index = count - 1; index >= 0; index--) {
          gemm(transA, transB, m, n, k, a, b, parts, bias, activation, scratch, count * 256 + index);
        }
        const bits = (at: number) => Buffer.from(arena.read(at, m * n).buffer);
        expect(Buffer.compare(bits(parts), bits(whole))).toBe(0);
        arena.release();
      }),
      { numRuns: 80 },
    );
  });

  it.skipIf(missing)("of noise are the stream from a block on", () => {
    for (const name of ["randomUniform", "randomNormal"] as const) {
      const random = arena.kernels.exports[name];
      const words = arena.words(Uint32Array.of(1, 2, 3, 4));
      const [whole, tail] = [arena.floats(new Float32Array(203)), arena.floats(new Float32Array(203 - 36))];
      random(whole, 203, words, words + 8, 5);
      random(tail, 203 - 36, words, words + 8, 5, 9);
      expect(arena.read(tail, 203 - 36)).toEqual(arena.read(whole, 203).slice(36));
      arena.release();
    }
  });

  it.skipIf(missing).each(["sum", "max"] as const)("of %s are columns of the whole", (name) => {
    const [n, inner] = [130, 37];
    const values = noise(n * inner, 1);
    // A greatest of NaN, and one of zeros of both signs: the fast way does not hold.
    values[5 * inner + 20] = NaN;
    for (let i = 0; i < n; i++) values[i * inner + 30] = i % 2 ? 0 : -0;
    const x = arena.floats(values);
    const whole = arena.floats(new Float32Array(inner));
    arena.kernels.exports[name](x, whole, 1, n, inner);
    for (const [start, end] of [
      [0, 16],
      [16, 32],
      [3, 36],
      [36, 37],
    ] as const) {
      const part = arena.floats(new Float32Array(end - start));
      arena.kernels.exports[name](x + 4 * start, part, 1, n, end - start, inner);
      expect(arena.read(part, end - start)).toEqual(arena.read(whole, inner).slice(start, end));
    }
    arena.release();
  });
});
