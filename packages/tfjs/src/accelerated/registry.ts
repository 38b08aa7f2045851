import {
  type GradConfig,
  getGradient,
  getKernel,
  type KernelConfig,
  registerGradient,
  registerKernel,
  unregisterGradient,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import type { Gradients } from "./gradients/gradient.ts";
import type { Heap } from "./heap.ts";
import { asKernelFunc, type Kernels } from "./kernels/kernel.ts";

export interface InPlace {
  readonly names: { readonly kernels: readonly string[]; readonly gradients: readonly string[] };
  undo(): void;
}

/** Registers our kernels in place of tfjs's, and those gradients that nobody has registered or that are repaired here. */
export function putInPlace(kernels: Kernels, gradients: Gradients, heap: Heap): InPlace {
  const stockKernels = Object.entries(kernels).map(([kernelName, kernel]) => {
    const stock = getKernel(kernelName, "wasm") as KernelConfig | undefined;
    if (stock) unregisterKernel(kernelName, "wasm");
    registerKernel({
      ...stock,
      kernelName,
      backendName: "wasm",
      kernelFunc: asKernelFunc(kernel, heap, stock?.kernelFunc),
    });
    return [kernelName, stock] as const;
  });
  const stockGradients = Object.entries(gradients)
    .map(([name, gradient]) => [name, gradient, getGradient(name) as GradConfig | undefined] as const)
    .filter(([, { repairs }, stock]) => repairs || !stock)
    .map(([kernelName, { config }, stock]) => {
      if (stock) unregisterGradient(kernelName);
      registerGradient({ ...config, kernelName });
      return [kernelName, stock] as const;
    });
  return {
    names: { kernels: stockKernels.map(([name]) => name), gradients: stockGradients.map(([name]) => name) },
    undo() {
      for (const [name, stock] of stockKernels) {
        unregisterKernel(name, "wasm");
        if (stock) registerKernel(stock);
      }
      for (const [name, stock] of stockGradients) {
        unregisterGradient(name);
        if (stock) registerGradient(stock);
      }
    },
  };
}
