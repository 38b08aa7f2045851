import { isthmus, jaxJs, registers, registersInC, tfjs, torch } from "../entries.ts";
import type { Case, Suite } from "../suite.ts";
import type { Target } from "../targets.ts";

type Size = readonly [m: number, k: number, n: number];

/** Sizes that the targets are about, with every way to transpose. */
const LARGE: readonly Size[] = [
  [128, 784, 400],
  [512, 512, 512],
  [1024, 1024, 1024],
];
/** Where calls, packing and edges weigh more than arithmetic. */
const SMALL: readonly Size[] = [
  [16, 16, 256],
  [20, 400, 1],
];

const TRANSPOSES = [0, 1].flatMap((transA) => [0, 1].map((transB) => ({ transA, transB })));
/** Of sums of up to 1024 products, in whatever order: 1024 eps = 6e-5, and some room. */
const APART = 2e-4;

function product([m, k, n]: Size, { transA, transB }: { transA: number; transB: number }): Case {
  return {
    work: `${m}x${k}x${n} A${transA ? "'" : ""} B${transB ? "'" : ""}`,
    flops: 2 * m * n * k,
    parameters: { m, n, k, transA, transB },
    check: { kind: "same", apart: APART },
  };
}

const large = LARGE.flatMap((size) => TRANSPOSES.map((transposes) => product(size, transposes)));
const small = SMALL.map((size) => product(size, { transA: 0, transB: 0 }));

/** Each build beside its own loop, and the loops beside those in C: a slow loop would make an easy limit. */
const targets: Target[] = large.flatMap(({ work }) => [
  { work, ours: "isthmus-simd128", peers: ["registers-simd128"], atLeast: 0.65 },
  { work, ours: "isthmus-relaxed", peers: ["registers-relaxed"], atLeast: 0.85 },
]);
const loops: Target[] = (["simd128", "relaxed"] as const).map((build) => ({
  work: large[0]!.work,
  ours: `registers-${build}`,
  peers: [`registers-c-${build}`],
  atLeast: 0.9,
}));

const builds = ["simd128", "relaxed"] as const;

export const gemm: Suite = {
  name: "gemm",
  title: "Products of matrices",
  intro:
    "C = A B in float32, A m x k and B k x n, as they are or stored the other way round ('). Ours is the kernel; peers are called as a " +
    "user calls them. `registers only` does as many multiplications and additions without touching memory, in the build's own " +
    "WebAssembly and in C with vectors of the same 128 bits: the limit of the machine. PyTorch's OpenBLAS uses wider vectors.",
  unit: { name: "GFLOP/s", better: "more", of: ({ flops }, ms) => flops! / ms / 1e6 },
  cases: [...large, ...small],
  ours: [
    ...builds.map((build) => isthmus("isthmus-gemm", build, { beside: [`registers-${build}`] })),
    ...builds.map((build) => registers(build)),
    ...builds.map(registersInC),
  ],
  peers: { tfjs: [tfjs("tfjs-gemm")], "jax-js": [jaxJs("jax-gemm")], torch: torch("gemm") },
  usual: ["tfjs", "jax-js", "torch"],
  targets: [...targets, ...loops],
  factTargets: builds.map((build) => ({ ours: `isthmus-${build}`, fact: "wasm bytes", atMost: 65_536 })),
  measurement: 60,
};
