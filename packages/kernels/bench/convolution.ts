/**
 * GFLOP/s of convolutions and their gradients, one thread, beside the matrix product of the same size with its patches laid out
 * beforehand:
 *
 *     node --import tsx --conditions=@isthmus/source packages/kernels/bench/convolution.ts [simd128|relaxed]
 */
import { cpus } from "node:os";
import { chooseBuild, loadKernels, WINDOW_FIELDS, type KernelBuild, type Kernels } from "@isthmus/kernels";

interface Shape {
  readonly name: string;
  readonly batch: number;
  readonly size: number;
  readonly channels: number;
  readonly outputs: number;
  readonly window: number;
  readonly stride: number;
  readonly pad: number;
}

const SHAPES: readonly Shape[] = [
  { name: "first of an encoder", batch: 128, size: 28, channels: 1, outputs: 32, window: 4, stride: 2, pad: 1 },
  { name: "second of an encoder", batch: 128, size: 14, channels: 32, outputs: 64, window: 4, stride: 2, pad: 1 },
  { name: "3 x 3", batch: 32, size: 28, channels: 32, outputs: 32, window: 3, stride: 1, pad: 1 },
  { name: "1 x 1", batch: 32, size: 14, channels: 64, outputs: 64, window: 1, stride: 1, pad: 0 },
  { name: "few images", batch: 1, size: 14, channels: 32, outputs: 64, window: 4, stride: 2, pad: 1 },
];

/** Seconds of the fastest of rounds in turn, so that a slow moment of the machine hits all alike. */
function fastest(runs: readonly (() => void)[]): number[] {
  const best = runs.map(() => Infinity);
  for (let round = 0; round < 100; round++) {
    runs.forEach((run, i) => {
      const before = performance.now();
      run();
      best[i] = Math.min(best[i]!, performance.now() - before);
    });
  }
  return best.map((ms) => ms / 1000);
}

function measure({ exports, memory }: Kernels, { batch, size, channels, outputs, window, stride, pad }: Shape): string {
  const places = Math.floor((size + 2 * pad - window) / stride) + 1;
  const [m, n, k] = [batch * places * places, outputs, window * window * channels];
  let top = 64;
  const room = (bytes: number): number => {
    const at = top;
    top = Math.ceil((top + bytes) / 64) * 64;
    return at;
  };
  const [x, y, filter] = [room(4 * batch * size * size * channels), room(4 * m * n), room(4 * k * n)];
  const [patches, w] = [room(4 * m * k), room(64)];
  const fields = {
    batch,
    height: size,
    width: size,
    channels,
    yHeight: places,
    yWidth: places,
    yChannels: outputs,
    rows: window,
    columns: window,
  };
  const moves = { rowStride: stride, columnStride: stride, rowDilation: 1, columnDilation: 1, top: pad, left: pad };
  const numbers = WINDOW_FIELDS.map((field) => ({ ...fields, ...moves })[field]);
  const scratch = room(
    Math.max(
      exports.conv2dScratch(...numbers),
      exports.conv2dInputGradScratch(...numbers),
      exports.conv2dFilterGradScratch(...numbers),
      exports.gemmScratch(0, 0, m, n, k),
      exports.gemmScratch(0, 1, m, k, n),
      exports.gemmScratch(1, 0, k, n, m),
    ),
  );
  memory.grow(Math.max(0, Math.ceil((top - memory.buffer.byteLength) / 65536)));
  const values = new Float32Array(memory.buffer, x, (w - x) / 4);
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(i);
  new Int32Array(memory.buffer, w).set(numbers);
  const seconds = fastest([
    () => exports.conv2d(w, x, filter, y, 0, 0, scratch),
    () => exports.gemm(0, 0, m, n, k, patches, filter, y, 0, 0, scratch),
    () => exports.conv2dInputGrad(w, y, filter, x, 0, 0, scratch),
    () => exports.gemm(0, 1, m, k, n, y, filter, patches, 0, 0, scratch),
    () => exports.conv2dFilterGrad(w, x, y, filter, scratch),
    () => exports.gemm(1, 0, k, n, m, patches, y, filter, 0, 0, scratch),
  ]);
  return seconds.map((s) => ((2 * m * n * k) / s / 1e9).toFixed(1).padStart(8)).join("");
}

const build = (process.argv[2] ?? chooseBuild()) as KernelBuild;
const kernels = await loadKernels({ build });
console.log(
  `${cpus()[0]!.model}, Node ${process.versions.node}, V8 ${process.versions.v8}, build ${build}, one thread, GFLOP/s`,
);
console.log(" conv2d product  dInput product dFilter product");
for (const shape of SHAPES) {
  const { batch, size, channels, outputs, window, stride } = shape;
  const line = measure(kernels, shape);
  console.log(
    `${line}  ${shape.name}: ${batch} x ${size}x${size}x${channels} -> ${outputs}, window ${window}, stride ${stride}`,
  );
}
