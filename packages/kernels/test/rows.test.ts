import type { KernelExports } from "@isthmus/kernels";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BUILDS, noise, openArena, type Arena } from "./support.ts";

describe.each(BUILDS)("moving rows, $title", ({ build, missing }) => {
  let arena: Arena;
  let kernels: KernelExports;
  beforeAll(async () => {
    if (missing) return;
    arena = await openArena(build);
    kernels = arena.kernels.exports;
  });

  const nan = (n: number) => arena.floats(new Float32Array(n).fill(NaN));
  const intArray = (values: readonly number[]) => arena.words(Uint32Array.from(values, (value) => value >>> 0));
  const size = fc.integer({ min: 0, max: 21 });

  it.skipIf(missing)("copyBlocks moves blocks between strides and offsets and nothing else", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5 }),
        size,
        size,
        size,
        size,
        size,
        (count, length, xGap, yGap, from, to) => {
          const [xStride, yStride] = [length + xGap, length + yGap];
          const x = noise(from + count * xStride, 1);
          const expected = new Float32Array(to + count * yStride).fill(-7);
          const y = arena.floats(expected);
          kernels.copyBlocks(arena.floats(x), y, count, length, xStride, yStride, from, to);
          for (let i = 0; i < count; i++) {
            expected.set(x.subarray(from + i * xStride, from + i * xStride + length), to + i * yStride);
          }
          expect(arena.read(y, expected.length)).toEqual(expected);
          arena.release();
        },
      ),
    );
  });

  it.skipIf(missing)("pad puts zeros around each block", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), size, size, size, (count, length, before, after) => {
        const row = before + length + after;
        const x = noise(count * length, 2);
        const y = nan(count * row);
        kernels.pad(arena.floats(x), y, count, length, before, after);
        const expected = new Float32Array(count * row);
        for (let i = 0; i < count; i++) expected.set(x.subarray(i * length, (i + 1) * length), i * row + before);
        expect(arena.read(y, count * row)).toEqual(expected);
        arena.release();
      }),
    );
  });

  const id = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom(5, -1, 2 ** 31 - 1, -(2 ** 31)));
  const inside = (value: number) => value >= 0 && value < 5;

  it.skipIf(missing)("gather, scatterAdd and oneHot touch only their own arrays, whatever the ids", () => {
    fc.assert(
      fc.property(fc.array(id, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), (ids, d) => {
        const table = noise(5 * d, 3);
        const values = noise(ids.length * d, 4);
        const idsAt = intArray(ids);
        const rows = nan(ids.length * d);
        kernels.gather(arena.floats(table), idsAt, rows, ids.length, 5, d);
        const gathered = ids.flatMap((value) => {
          return inside(value) ? [...table.subarray(value * d, (value + 1) * d)] : new Array<number>(d).fill(NaN);
        });
        expect(arena.read(rows, ids.length * d)).toEqual(Float32Array.from(gathered));
        const sums = nan(5 * d);
        kernels.scatterAdd(arena.floats(values), idsAt, sums, ids.length, 5, d);
        const added = new Float32Array(5 * d);
        ids.forEach((value, i) => {
          for (let j = 0; j < d && inside(value); j++) added[value * d + j]! += values[i * d + j]!;
        });
        expect(arena.read(sums, 5 * d)).toEqual(added);
        const hot = nan(ids.length * 5);
        kernels.oneHot(idsAt, hot, ids.length, 5);
        const ones = ids.flatMap((value) => [0, 1, 2, 3, 4].map((k) => (k === value ? 1 : 0)));
        expect(arena.read(hot, ids.length * 5)).toEqual(Float32Array.from(ones));
        arena.release();
      }),
    );
  });
});
