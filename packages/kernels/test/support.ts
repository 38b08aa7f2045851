import { loadKernels, probe, type KernelBuild, type Kernels } from "@isthmus/kernels";

const relaxed = probe().relaxedSimd;

/** Both builds; the relaxed one only where this runtime has the instructions. */
export const BUILDS: readonly { build: KernelBuild; missing: boolean; title: string }[] = [
  { build: "simd128", missing: false, title: "simd128" },
  {
    build: "relaxed",
    missing: !relaxed,
    title: relaxed ? "relaxed" : "relaxed (skipped: this runtime has no relaxed SIMD)",
  },
];

/** Unit roundoff of float32. */
export const EPS: number = 2 ** -24;

const GUARD_WORDS = 16;
const GUARD = 0x7fa5a5a5;

/** Buffers in a kernel memory, each with guard words directly before and after its last byte. */
export interface Arena {
  readonly kernels: Kernels;
  floats(values: ArrayLike<number>): number;
  bytes(values: Uint8Array): number;
  words(values: Uint32Array): number;
  read(address: number, n: number): Float32Array;
  /** Throws when a guard word has changed; then forgets all buffers. */
  release(): void;
}

export async function openArena(build: KernelBuild): Promise<Arena> {
  const kernels = await loadKernels({ build, memory: new WebAssembly.Memory({ initial: 1024 }) });
  const guarded: { start: number; end: number }[] = [];
  let top = 1024;

  function bytes(values: Uint8Array): number {
    const memory = new Uint8Array(kernels.memory.buffer);
    const pattern = new Uint8Array(Uint32Array.from({ length: GUARD_WORDS }, () => GUARD).buffer);
    const start = top + pattern.length;
    top = Math.ceil((start + values.length + pattern.length) / 16) * 16;
    memory.set(pattern, start - pattern.length);
    memory.set(values, start);
    memory.set(pattern, start + values.length);
    guarded.push({ start, end: start + values.length });
    return start;
  }

  function requireGuards(): void {
    const memory = new Uint8Array(kernels.memory.buffer);
    const pattern = new Uint8Array(Uint32Array.of(GUARD).buffer);
    for (const { start, end } of guarded) {
      for (let i = 0; i < GUARD_WORDS * 4; i++) {
        const before = memory[start - GUARD_WORDS * 4 + i];
        const after = memory[end + i];
        if (before !== pattern[i % 4] || after !== pattern[i % 4]) {
          throw new Error(`memory outside a buffer was written, near byte ${start}..${end}`);
        }
      }
    }
  }

  return {
    kernels,
    bytes,
    floats: (values) => bytes(new Uint8Array(Float32Array.from(values).buffer)),
    words: (values) => bytes(new Uint8Array(values.slice().buffer)),
    read: (address, n) => new Float32Array(kernels.memory.buffer, address, n).slice(),
    release() {
      try {
        requireGuards();
      } finally {
        guarded.length = 0;
        top = 1024;
      }
    },
  };
}

/** Uniform floats in [-1, 1) from a 32-bit seed (mulberry32). */
export function noise(n: number, seed: number): Float32Array {
  let state = seed | 0;
  return Float32Array.from({ length: n }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

/** a * b + c in float32. */
export type MultiplyAdd = (a: number, b: number, c: number) => number;

/** As the build of `arena` makes it: rounded once where the relaxed build finds an instruction for it, else twice. */
export function multiplyAddOf(arena: Arena): MultiplyAdd {
  // (1 + 2^-12)^2 - 1 has a bit more than float32 holds of the square.
  const x = 1 + 2 ** -12;
  const y = arena.floats([0]);
  arena.kernels.exports.gemm(0, 0, 1, 1, 2, arena.floats([1, x]), arena.floats([-1, x]), y, 0, 0, 0);
  const fuses = arena.read(y, 1)[0] !== 2 ** -11;
  arena.release();
  return fuses ? fused : (a, b, c) => Math.fround(Math.fround(a * b) + c);
}

/** a * b + c rounded once: their sum in float64, cut off with its last bit set unless it is exact, after Boldo and Melquiond (2008). */
function fused(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const back = sum - product;
  const error = product - (sum - back) + (c - back);
  if (error === 0 || !Number.isFinite(sum)) return Math.fround(sum);
  const bits = new BigInt64Array(Float64Array.of(sum).buffer);
  if (error > 0 !== sum > 0) bits[0]!--;
  bits[0]! |= 1n;
  return Math.fround(new Float64Array(bits.buffer)[0]!);
}

/** Distance of two float32 neighbours at |x|. */
export function ulp(x: number): number {
  const magnitude = Math.abs(x);
  return 2 ** (Math.max(Math.floor(Math.log2(magnitude)), -126) - 23);
}
