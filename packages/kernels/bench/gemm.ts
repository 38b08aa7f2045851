/**
 * GFLOP/s of `gemm`, one thread, beside a loop that only multiplies and adds in registers:
 *
 *     node --import tsx --conditions=@isthmus/source packages/kernels/bench/gemm.ts [simd128|relaxed]
 */
import { cpus } from "node:os";
import { chooseBuild, loadKernels, type KernelBuild, type Kernels } from "@isthmus/kernels";
import { FLOPS_PER_TURN, registerLoop, spinOf } from "../../../tools/bench/register-loop.ts";

interface Shape {
  readonly name: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Of A, or of B where it is said so: the product is `sparseGemm`'s. */
  readonly density?: number;
  readonly ofB?: boolean;
  /** The part of C that relu lets through: the product is `gatedGemm`'s. */
  readonly through?: number;
}

const SHAPES: readonly Shape[] = [
  { name: "encoder, forward", m: 128, n: 400, k: 784 },
  { name: "encoder, forward, 19 % of pixels not zero", m: 128, n: 400, k: 784, density: 0.19 },
  ...[0.5, 0.6].flatMap((density) => [
    { name: `encoder, forward, ${100 * density} % of A not zero`, m: 128, n: 400, k: 784, density },
    { name: `decoder 1, kernel gradient, ${100 * density} %`, m: 400, n: 784, k: 128, transA: true, density },
    {
      name: `encoder, kernel gradient, ${100 * density} % of B`,
      m: 784,
      n: 400,
      k: 128,
      transA: true,
      density,
      ofB: true,
    },
    {
      name: `encoder, kernel gradient, 32 images, ${100 * density} % of B`,
      m: 784,
      n: 400,
      k: 32,
      transA: true,
      density,
      ofB: true,
    },
    { name: `128 columns, ${100 * density} %`, m: 128, n: 128, k: 256, density },
    { name: `24 columns, ${100 * density} %`, m: 128, n: 24, k: 256, density },
  ]),
  { name: "128 columns", m: 128, n: 128, k: 256 },
  { name: "24 columns", m: 128, n: 24, k: 256 },
  { name: "encoder, kernel gradient, 19 % of pixels not zero", m: 784, n: 400, k: 128, transA: true, density: 0.19 },
  { name: "encoder, kernel gradient", m: 784, n: 400, k: 128, transA: true },
  { name: "encoder, kernel gradient, 32 images", m: 784, n: 400, k: 32, transA: true },
  { name: "latent, forward", m: 128, n: 20, k: 400 },
  { name: "latent, input gradient", m: 128, n: 400, k: 20, transB: true },
  { name: "latent, kernel gradient", m: 400, n: 20, k: 128, transA: true },
  { name: "decoder 0, forward", m: 128, n: 400, k: 20 },
  { name: "decoder 1, forward", m: 128, n: 784, k: 400 },
  { name: "decoder 1, input gradient", m: 128, n: 400, k: 784, transB: true },
  ...[0.5, 0.6].flatMap((through) => [
    {
      name: `decoder 1, input gradient, ${100 * through} % through relu`,
      m: 128,
      n: 400,
      k: 784,
      transB: true,
      through,
    },
    { name: `64 columns, 256 terms, ${100 * through} % through relu`, m: 128, n: 64, k: 256, transB: true, through },
  ]),
  { name: "64 columns, 256 terms", m: 128, n: 64, k: 256, transB: true },
  { name: "decoder 1, kernel gradient", m: 400, n: 784, k: 128, transA: true },
  { name: "one image, encoder", m: 1, n: 400, k: 784 },
  ...[false, true].flatMap((transA) =>
    [false, true].map((transB) => ({ name: "512^3", m: 512, n: 512, k: 512, transA, transB })),
  ),
  { name: "1024^3", m: 1024, n: 1024, k: 1024 },
];

/** Seconds of the fastest of many batches of `run`, each about 10 ms long. */
function fastest(run: () => void): number {
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < 200) {
    run();
    calls++;
  }
  const batch = Math.max(1, Math.round(calls / 20));
  let best = Infinity;
  for (let round = 0; round < 40; round++) {
    const before = performance.now();
    for (let i = 0; i < batch; i++) run();
    best = Math.min(best, (performance.now() - before) / batch);
  }
  return best / 1000;
}

/** Keeps about a part of the numbers, here and there; the others become 0. */
function thin(values: Float32Array, part: number): void {
  for (let i = 0; i < values.length; i++) if (Math.abs(Math.sin(i + 1) * 43_758.5453) % 1 > part) values[i] = 0;
}

function measure({ exports, memory }: Kernels, shape: Shape): number {
  const { m, n, k, transA = false, transB = false, density, ofB = false, through } = shape;
  const [a, b] = [64, 64 + 4 * m * k];
  const c = b + 4 * k * n;
  const y = c + 4 * m * n;
  const [tally, tallyB] = [y + 4 * m * n, y + 4 * m * n + 8];
  const scratch = (tallyB + 127) & ~63;
  const transposed = +transA + 2 * +transB;
  const bytes = scratch + Math.max(exports.sparseGemmScratch(transposed, m, n, k), exports.gatedGemmScratch(m, n, k));
  memory.grow(Math.max(0, Math.ceil((bytes - memory.buffer.byteLength) / 65536)));
  const values = new Float32Array(memory.buffer, a, m * k + k * n);
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(i);
  const [counted, length] = through !== undefined ? [y, m * n] : ofB ? [b, k * n] : [a, m * k];
  const thinned = new Float32Array(memory.buffer, counted, length);
  if (through !== undefined) thinned.fill(1);
  thin(thinned, through ?? density ?? 1);
  exports.countNonZero(a, m * k, 0, tally);
  exports.countNonZero(counted, length, length, ofB ? tallyB : tally);
  const product = () => {
    if (through !== undefined) exports.gatedGemm(m, n, k, a, b, c, y, scratch, tally);
    else if (density !== undefined)
      exports.sparseGemm(transposed, m, n, k, a, b, c, 0, 0, scratch, tally, ofB ? tallyB : 0);
    else exports.gemm(+transA, +transB, m, n, k, a, b, c, 0, 0, scratch);
  };
  return (2 * m * n * k) / fastest(product) / 1e9;
}

function limit(build: KernelBuild): number {
  const spin = spinOf(new WebAssembly.Module(registerLoop(build)));
  const turns = 100_000;
  return (turns * FLOPS_PER_TURN) / fastest(() => spin(turns)) / 1e9;
}

const build = (process.argv[2] ?? chooseBuild()) as KernelBuild;
const kernels = await loadKernels({ build });
console.log(
  `${cpus()[0]!.model}, Node ${process.versions.node}, V8 ${process.versions.v8}, build ${build}, one thread`,
);
console.log(`${limit(build).toFixed(1).padStart(6)} GFLOP/s  registers only: twelve chains of x = x * f + g`);
for (const shape of SHAPES) {
  const operands = `${shape.transA ? "A'" : "A"} ${shape.transB ? "B'" : "B"}`;
  const size = `${shape.m} x ${shape.n} x ${shape.k}`;
  console.log(
    `${measure(kernels, shape).toFixed(1).padStart(6)} GFLOP/s  ${size.padEnd(18)} ${operands.padEnd(6)} ${shape.name}`,
  );
}
