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

/** Distance of two float32 neighbours at |x|. */
export function ulp(x: number): number {
  const magnitude = Math.abs(x);
  return 2 ** (Math.max(Math.floor(Math.log2(magnitude)), -126) - 23);
}
