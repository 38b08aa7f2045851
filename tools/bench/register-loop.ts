import type { BuildName } from "./contestants.ts";

/** Multiplications and additions of one turn: twelve vectors of four lanes. */
export const FLOPS_PER_TURN: number = 12 * 4 * 2;

const CHAINS = Array.from({ length: 12 }, (_, i) => i + 1);
const [FACTOR, TERM] = [13, 14];

const GET = (local: number): number[] => [0x20, local];
const SET = (local: number): number[] => [0x21, local];
/** A little above 1/2 in each lane; chains that are equal from the start could be computed once. */
const CONSTANT = (ulps: number): number[] => [
  0xfd,
  0x0c,
  ...Array.from({ length: 4 }, () => [ulps, 0, 0, 0x3f]).flat(),
];
const MUL = [0xfd, 0xe6, 0x01];
const ADD = [0xfd, 0xe4, 0x01];
const RELAXED_MADD = [0xfd, 0x85, 0x02];

/**
 * WebAssembly whose `spin(turns)` (`turns` >= 1) does `x = x f + g` on twelve vectors, each turn once, and never touches
 * memory: what no product of matrices in this build can outrun.
 */
export function registerLoop(build: BuildName): Uint8Array<ArrayBuffer> {
  const multiplyAdd =
    build === "relaxed"
      ? [...GET(FACTOR), ...GET(TERM), ...RELAXED_MADD]
      : [...GET(FACTOR), ...MUL, ...GET(TERM), ...ADD];
  const start = [...CHAINS, FACTOR, TERM].flatMap((local) => [...CONSTANT(local), ...SET(local)]);
  const turn = CHAINS.flatMap((local) => [...GET(local), ...multiplyAdd, ...SET(local)]);
  // loop; turn; turns -= 1; br_if turns; end
  const loop = [0x03, 0x40, ...turn, ...GET(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b];
  const sum = [...CHAINS.flatMap(GET), ...CHAINS.slice(1).flatMap(() => ADD), 0xfd, 0x1f, 0];
  return moduleOf([1, TERM, 0x7b, ...start, ...loop, ...sum, 0x0b]);
}

/** The `spin` of a module made of {@link registerLoop}. */
export function spinOf(module: WebAssembly.Module): (turns: number) => number {
  return new WebAssembly.Instance(module).exports["spin"] as (turns: number) => number;
}

/** A module that exports one function i32 -> f32 as `spin`. */
function moduleOf(body: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = [1, ...leb128(body.length), ...body];
  const sections: [number, number[]][] = [
    [1, [1, 0x60, 1, 0x7f, 1, 0x7d]],
    [3, [1, 0]],
    [7, [1, 4, ...new TextEncoder().encode("spin"), 0, 0]],
    [10, code],
  ];
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  return Uint8Array.from([...header, ...sections.flatMap(([id, bytes]) => [id, ...leb128(bytes.length), ...bytes])]);
}

function leb128(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb128(value >> 7)];
}
