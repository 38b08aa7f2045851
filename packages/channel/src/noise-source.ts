import { hash32, splitSeed } from "@isthmus/math";
import { loadKernels, type KernelExports } from "@isthmus/kernels";

/** Numbers drawn for one batch of blocks: element i of a stream depends on seed, name, batch and i alone. */
export interface Draw {
  /** Standard normals, |z| < 5.77. Good until the stream is drawn again. */
  normal(stream: string, count: number): Float32Array;
  /** In (0, 1), 2^23 values equally likely. Good until the stream is drawn again. */
  uniform(stream: string, count: number): Float32Array;
}

/** The generator of `@isthmus/math`, by the SIMD kernels: the same bits on every machine. */
export class NoiseSource {
  readonly #kernels: KernelExports;
  readonly #memory: WebAssembly.Memory;
  readonly #buffers = new Map<string, Float32Array>();

  static async create(): Promise<NoiseSource> {
    const { exports, memory } = await loadKernels({ build: "simd128" });
    return new NoiseSource(exports, memory);
  }

  private constructor(kernels: KernelExports, memory: WebAssembly.Memory) {
    this.#kernels = kernels;
    this.#memory = memory;
  }

  /** What is drawn in one batch; names are set apart by `purpose`. */
  batch(seed: number, purpose: string, step: number): Draw {
    const words = new Uint32Array(this.#memory.buffer, KEY, 4);
    words.set([...splitSeed(seed), step >>> 0, Math.floor(step / 2 ** 32)]);
    const fill = (kernel: "randomNormal" | "randomUniform", stream: string, count: number): Float32Array => {
      this.#reserve(4 * count);
      this.#kernels[kernel](OUT, count, KEY, KEY + 8, hash32(`${purpose}/${stream}`));
      const buffer = this.#buffer(stream, count);
      buffer.set(new Float32Array(this.#memory.buffer, OUT, count));
      return buffer;
    };
    return {
      normal: (stream, count) => fill("randomNormal", stream, count),
      uniform: (stream, count) => fill("randomUniform", stream, count),
    };
  }

  #buffer(stream: string, count: number): Float32Array {
    const kept = this.#buffers.get(stream);
    if (kept?.length === count) return kept;
    const made = new Float32Array(count);
    this.#buffers.set(stream, made);
    return made;
  }

  #reserve(bytes: number): void {
    const missing = OUT + bytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
  }
}

/** Where the words of seed and step lie, and what is drawn. */
const KEY = 64;
const OUT = 128;
const PAGE = 65536;
