/** What this machine's WebAssembly can do. */
export interface Probe {
  /** 128-bit vectors: nothing runs without them. */
  readonly simd: boolean;
  /** Multiply-add and others whose last bit may differ between machines. */
  readonly relaxedSimd: boolean;
  /** Shared memory and atomics, and leave to use them (in a page: cross-origin isolation). */
  readonly threads: boolean;
  /**
   * A compiler that keeps twelve running sums in registers. V8 12.4 (Node 22, Chrome 124) has relaxed SIMD and spills them, which makes the
   * relaxed build half as fast as the other; V8 13.6 (Node 24) does not. `Float16Array` is missing from the former and present in the latter.
   */
  readonly wideTiles: boolean;
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

// (module (func (param v128) (result v128) local.get 0 i8x16.popcnt))
const SIMD = [0x01, 0x06, 0x01, 0x60, 0x01, 0x7b, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00].concat([
  0x0a, 0x08, 0x01, 0x06, 0x00, 0x20, 0x00, 0xfd, 0x62, 0x0b,
]);

// (module (func (param v128) (result v128) local.get 0 local.get 0 local.get 0 f32x4.relaxed_madd))
const RELAXED_SIMD = [0x01, 0x06, 0x01, 0x60, 0x01, 0x7b, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00].concat([
  0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x00, 0x20, 0x00, 0xfd, 0x85, 0x02, 0x0b,
]);

// (module (memory 1 1 shared) (func i32.const 0 i32.atomic.load drop))
const THREADS = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00, 0x05, 0x04, 0x01, 0x03, 0x01, 0x01].concat(
  [0x0a, 0x0b, 0x01, 0x09, 0x00, 0x41, 0x00, 0xfe, 0x10, 0x02, 0x00, 0x1a, 0x0b],
);

let known: Probe | undefined;

/** Looks once; later calls return the same object. */
export function probe(): Probe {
  known ??= Object.freeze({
    simd: validates(SIMD),
    relaxedSimd: validates(RELAXED_SIMD),
    threads: validates(THREADS) && typeof SharedArrayBuffer === "function",
    wideTiles: "Float16Array" in globalThis,
  });
  return known;
}

function validates(sections: readonly number[]): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.from([...HEADER, ...sections]));
}
