import type { KernelExports } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, noise, openArena, type Arena } from "./support.ts";

type Four = readonly [number, number, number, number];

describe.each(BUILDS)("moving data, $title", ({ build, missing }) => {
  let arena: Arena;
  let kernels: KernelExports;
  beforeAll(async () => {
    if (missing) return;
    arena = await openArena(build);
    kernels = arena.kernels.exports;
  });

  function expectCopied(d: Four, s: Four): void {
    const reach = d.reduce((last, size, axis) => last + (size - 1) * s[axis]!, 0);
    const x = noise(Math.max(reach + 1, 1), 5);
    const n = d[0] * d[1] * d[2] * d[3];
    const y = arena.floats(new Float32Array(n).fill(NaN));
    kernels.copyStrided(arena.floats(x), y, ...d, ...s);
    const expected = new Float32Array(n);
    let at = 0;
    for (let i = 0; i < d[0]; i++)
      for (let j = 0; j < d[1]; j++)
        for (let k = 0; k < d[2]; k++)
          for (let l = 0; l < d[3]; l++) expected[at++] = x[i * s[0] + j * s[1] + k * s[2] + l * s[3]]!;
    expect(arena.read(y, n)).toEqual(expected);
    arena.release();
  }

  it.skipIf(missing)("copyStrided reads any strides", () => {
    const size = fc.integer({ min: 1, max: 6 });
    const last = fc.integer({ min: 1, max: 19 });
    const stride = fc.integer({ min: 0, max: 23 });
    fc.assert(
      fc.property(fc.tuple(size, size, last, last), fc.tuple(stride, stride, stride, stride), (d, s) =>
        expectCopied(d, s),
      ),
      { numRuns: 300 },
    );
  });

  it.skipIf(missing)("copyStrided transposes, any order of four axes", () => {
    const size = fc.integer({ min: 1, max: 13 });
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    fc.assert(
      fc.property(fc.tuple(size, size, size, size), order, (from, axes) => {
        const strides = [from[1] * from[2] * from[3], from[2] * from[3], from[3], 1];
        expectCopied(
          axes.map((axis) => from[axis]!) as unknown as Four,
          axes.map((axis) => strides[axis]!) as unknown as Four,
        );
      }),
      { numRuns: 150 },
    );
  });

  it.skipIf(missing)("copyStrided transposes matrices around the blocks that it takes, rows apart or not", () => {
    const size = fc.oneof(fc.integer({ min: 2, max: 20 }), fc.constantFrom(31, 32, 33, 47, 48, 63, 64, 65, 70));
    fc.assert(
      fc.property(size, size, fc.constantFrom(0, 1, 5), (rows, columns, gap) =>
        expectCopied([1, 1, rows, columns], [0, 0, 1, rows + gap]),
      ),
    );
  });

  it.skipIf(missing)("copyStrided of nothing writes nothing", () => {
    const y = arena.floats([]);
    const empty: readonly Four[] = [
      [0, 2, 3, 4],
      [2, 0, 3, 4],
      [2, 3, 0, 4],
      [2, 3, 4, 0],
    ];
    for (const d of empty) {
      kernels.copyStrided(arena.floats([1]), y, ...d, 12, 4, 1, 0);
      kernels.copyStrided(arena.floats([1]), y, ...d, 12, 1, 1, 3);
    }
    expect(() => arena.release()).not.toThrow();
  });

  it.skipIf(missing)("fill, copy and the casts are right for any length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.float(), (raw, value) => {
        const n = raw.length;
        const y = arena.floats(new Float32Array(n));
        kernels.fill(y, value, n);
        expect(arena.read(y, n)).toEqual(new Float32Array(n).fill(value));
        kernels.castU8(arena.bytes(raw), y, n);
        expect(arena.read(y, n)).toEqual(Float32Array.from(raw));
        const to = arena.bytes(new Uint8Array(n));
        kernels.copy(arena.bytes(raw), to, n);
        expect(new Uint8Array(arena.kernels.memory.buffer, to, n)).toEqual(raw);
        arena.release();
      }),
    );
  });

  it.skipIf(missing)("castI32 rounds to nearest", () => {
    fc.assert(
      fc.property(fc.int32Array({ maxLength: 40 }), (integers) => {
        const x = arena.bytes(new Uint8Array(integers.slice().buffer));
        kernels.castI32(x, x, integers.length);
        expect(arena.read(x, integers.length)).toEqual(Float32Array.from(integers));
        arena.release();
      }),
    );
  });
});
