import { ACTIVATIONS } from "@isthmus/kernels";
import type { NamedTensorInfoMap, TensorInfo } from "@tensorflow/tfjs-core";
import type { Heap } from "../heap.ts";
import type { Inputs } from "./kernel.ts";

/** What tfjs's fused operations are told of what comes after the product. */
export interface Fused {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

/** How a product ends: what our kernel does itself, and what is done to its result. */
export interface Ending {
  readonly bias: number;
  readonly activation: number;
  readonly then: (y: TensorInfo) => TensorInfo;
}

const OWN: Readonly<Record<string, number>> = {
  linear: ACTIVATIONS.none,
  relu: ACTIVATIONS.relu,
  sigmoid: ACTIVATIONS.sigmoid,
};

/** A bias along the last axis of `columns` and the common activations are the kernel's; others are kernels of their own. */
export function endingOf(heap: Heap, { bias, preluActivationWeights }: Inputs, columns: number, fused: Fused): Ending {
  const { activation = "linear", leakyreluAlpha = 0 } = fused;
  const isRow =
    !bias || (bias.shape.at(-1) === columns && bias.shape.every((size, i, all) => i === all.length - 1 || size === 1));
  const own = isRow ? OWN[activation] : undefined;
  const steps: ((y: TensorInfo) => TensorInfo)[] = [];
  const step = (name: string, inputs: (y: TensorInfo) => NamedTensorInfoMap, attrs: object = {}): void => {
    steps.push((y) => replaced(heap, y, heap.call(name, inputs(y), attrs)));
  };
  if (bias && !isRow) step("Add", (y) => ({ a: y, b: bias }));
  if (own === undefined) pushActivation(step, activation, preluActivationWeights, leakyreluAlpha);
  return {
    bias: bias && isRow ? heap.address(bias) : 0,
    activation: own ?? ACTIVATIONS.none,
    then: (y) => steps.reduce((result, next) => next(result), y),
  };
}

/** tfjs's kernel of each activation that ours has not. */
const KERNELS: Readonly<Record<string, string>> = { relu: "Relu", relu6: "Relu6", elu: "Elu", sigmoid: "Sigmoid" };

function pushActivation(
  step: (name: string, inputs: (y: TensorInfo) => NamedTensorInfoMap, attrs?: object) => void,
  activation: string,
  weights: TensorInfo | undefined,
  alpha: number,
): void {
  if (activation === "linear") return;
  if (activation === "prelu") step("Prelu", (x) => ({ x, alpha: weights }));
  else if (activation === "leakyrelu") step("LeakyRelu", (x) => ({ x }), { alpha });
  else if (KERNELS[activation]) step(KERNELS[activation], (x) => ({ x }));
  else throw new RangeError(`"activation" expected one that tfjs fuses, got ${JSON.stringify(activation)}`);
}

function replaced(heap: Heap, old: TensorInfo, next: TensorInfo): TensorInfo {
  heap.release(old);
  return next;
}
