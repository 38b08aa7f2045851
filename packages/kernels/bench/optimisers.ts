/**
 * Milliseconds of one step over all parameters of the 784-400-20 VAE, with fresh numbers and with parameters and slots that have decayed to
 * 1e-40 and see no gradient:
 *
 *     node --import tsx --conditions=@isthmus/source packages/kernels/bench/optimisers.ts
 */
import { loadKernels } from "@isthmus/kernels";

const N = 652_824;
const { exports, memory } = await loadKernels({
  build: "simd128",
  memory: new WebAssembly.Memory({ initial: Math.ceil((4 * 4 * N) / 65_536) + 1 }),
});
const [table, coefficients, schedule] = [64, 128, 192];
const floats = new Float32Array(memory.buffer);
const addresses = [0, 1, 2, 3].map((index) => 256 + 4 * N * index);
new Int32Array(memory.buffer).set([N, ...addresses], table / 4);
floats.set([1e-3, 1.5, 1 - 1e-5], schedule / 4);

type Values = (array: number, element: number) => number;
const fresh: Values = (array, element) => (array === 3 ? Math.abs(Math.sin(element)) : Math.sin(element + array));
const decayed: Values = (array) => (array === 0 ? 0 : 1e-40);

function fill(values: Values): void {
  addresses.forEach((address, array) => {
    for (let i = 0; i < N; i++) floats[address / 4 + i] = values(array, i);
  });
}

/** The median of 31 rounds of five steps, after two. */
function median(step: () => void): number {
  for (let i = 0; i < 2; i++) step();
  const times = Array.from({ length: 31 }, () => {
    const before = performance.now();
    for (let i = 0; i < 5; i++) step();
    return (performance.now() - before) / 5;
  });
  return times.sort((a, b) => a - b)[15]!;
}

const adamNumbers = [0.9, 0.999, 1e-8, 0.1, 0.001];
const methods: Readonly<Record<string, readonly [coefficients: readonly number[], step: () => void]>> = {
  adam: [adamNumbers, () => exports.adam(table, 1, coefficients, 0, schedule, schedule + 4)],
  adamW: [adamNumbers, () => exports.adamW(table, 1, coefficients, 0, schedule, schedule + 4, schedule + 8)],
  rmsProp: [[0.99, 0.01, 1e-8], () => exports.rmsProp(table, 1, coefficients, 0, schedule)],
  sgdMomentum: [[0.9], () => exports.sgdMomentum(table, 1, coefficients, 0, schedule)],
  sgd: [[], () => exports.sgd(table, 1, coefficients, 0, schedule)],
};

for (const [name, [numbers, step]] of Object.entries(methods)) {
  floats.set(numbers, coefficients / 4);
  const [first, last] = [fresh, decayed].map((values) => (fill(values), median(step))) as [number, number];
  console.log(
    `${name.padEnd(12)} fresh ${first.toFixed(3)} ms, decayed ${last.toFixed(3)} ms: ${(last / first).toFixed(2)}`,
  );
}
