import { planKernelBytes, type PlanKernelExports } from "@isthmus/kernels/plan";

const FILE = 8192;
const module = new WebAssembly.Module(planKernelBytes());

/** Whether the kernels of WebAssembly open a bundle, in a memory of their own. */
export function kernelsTake(bundle: Uint8Array, memoryBytes: number, products: number): boolean {
  const memory = new WebAssembly.Memory({ initial: 1 + Math.ceil((FILE + bundle.length) / 65536) });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  new Uint8Array(memory.buffer).set(bundle, FILE);
  return (exports as unknown as PlanKernelExports).open(FILE, bundle.length, memoryBytes, products) !== 0;
}
