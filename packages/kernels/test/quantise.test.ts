// Of plans: floats to int8, any number of them.
import { planKernelBytes, type PlanKernelExports } from "@isthmus/kernels/plan";
import fc from "fast-check";
import { expect, test } from "vitest";

const memory = new WebAssembly.Memory({ initial: 1 });
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(planKernelBytes()), { env: { memory } });
const { quantise } = exports as unknown as PlanKernelExports;

const X = 4096;
const Y = 8192;
const GUARD = 85;
const AROUND = 16;

/** What is returned, and the bytes from 16 before y to 16 behind it. Behind x stands NaN. */
function quantised(x: readonly number[], scale: number, zero: number): { found: number; bytes: number[] } {
  new Float32Array(memory.buffer, X, x.length + AROUND).fill(NaN).set(x);
  const around = new Int8Array(memory.buffer, Y - AROUND, x.length + 2 * AROUND).fill(GUARD);
  return { found: quantise(X, Y, x.length, scale, zero), bytes: [...around] };
}

const guards = new Array<number>(AROUND).fill(GUARD);

test("each float becomes its byte, and nothing is touched beside them", () => {
  // Multiples of 0.5 in steps of 0.5 and 2: exact, with halves among them.
  const x = fc.array(fc.integer({ min: -600, max: 600 }), { maxLength: 33 });
  fc.assert(
    fc.property(x, fc.constantFrom(0.5, 2), fc.integer({ min: -128, max: 127 }), (halves, scale, zero) => {
      const expected = halves.map((n) => Math.min(Math.max(halfEven(n / 2 / scale) + zero, -128), 127));
      const given = halves.map((n) => n / 2);
      const { found, bytes } = quantised(given, scale, zero);
      expect(bytes).toEqual([...guards, ...expected, ...guards]);
      expect(found).toBe(given.length);
    }),
  );
});

function halfEven(x: number): number {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + Math.abs(below % 2) : Math.round(x);
}

test("a number that is not finite is told wherever it stands", () => {
  for (let length = 1; length <= 9; length++) {
    for (let at = 0; at < length; at++) {
      for (const value of [NaN, Infinity, -Infinity]) {
        const x = Array.from({ length }, (_, i) => (i === at ? value : 1));
        const { found, bytes } = quantised(x, 1, 0);
        expect(found).toBe(0);
        expect([bytes.slice(0, AROUND), bytes.slice(AROUND + length)]).toEqual([guards, guards]);
      }
    }
  }
});
