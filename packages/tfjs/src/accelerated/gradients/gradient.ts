import { broadcast_util, engine, type GradConfig, reshape, sum, type Tensor } from "@tensorflow/tfjs-core";

/** A gradient without its name, and whether it takes the place of one that tfjs registers. */
export interface Gradient {
  readonly config: Omit<GradConfig, "kernelName">;
  readonly repairs: boolean;
}

/** By the names of tfjs's kernels. */
export type Gradients = Readonly<Record<string, Gradient>>;

/** Cotangents of a kernel's inputs from that of its output, what was saved, and the kernel's attributes. */
type Cotangents<A> = (dy: Tensor, saved: readonly Tensor[], attrs: A) => Record<string, () => Tensor>;

interface Saved {
  readonly inputs?: readonly string[];
  /** The first output, behind the inputs. */
  readonly output?: true;
  readonly repairs?: true;
}

export function gradient<A = Readonly<Record<string, never>>>(saved: Saved, cotangents: Cotangents<A>): Gradient {
  const { inputs = [], output, repairs = false } = saved;
  return {
    repairs,
    config: {
      inputsToSave: [...inputs],
      ...(output && { outputsToSave: [true] }),
      gradFunc: (dy, kept, attrs) => cotangents(dy as Tensor, kept, attrs as A),
    },
  };
}

/** Of a kernel with one input x. */
export function ofInput(cotangent: (dy: Tensor, x: Tensor) => Tensor, name = "x"): Gradient {
  return gradient({ inputs: [name] }, (dy, [x]) => ({ [name]: () => cotangent(dy, x!) }));
}

/** Of a kernel with one input x, from its output y. */
export function ofOutput(cotangent: (dy: Tensor, y: Tensor) => Tensor): Gradient {
  return gradient({ output: true }, (dy, [y]) => ({ x: () => cotangent(dy, y!) }));
}

/** Of a kernel of a and b, which may broadcast. */
export function ofPair(
  ofA: (dy: Tensor, a: Tensor, b: Tensor) => Tensor,
  ofB: (dy: Tensor, a: Tensor, b: Tensor) => Tensor,
  repairs?: true,
): Gradient {
  return gradient({ inputs: ["a", "b"], ...(repairs && { repairs }) }, (dy, saved) => {
    const [a, b] = saved as [Tensor, Tensor];
    return { a: () => unbroadcast(ofA(dy, a, b), a.shape), b: () => unbroadcast(ofB(dy, a, b), b.shape) };
  });
}

/** Sums what was broadcast. */
export function unbroadcast(dy: Tensor, shape: number[]): Tensor {
  const axes = broadcast_util.getReductionAxes(shape, dy.shape);
  return reshape(axes.length > 0 ? sum(dy, axes) : dy, shape);
}

/** A kernel that tfjs gives no function for. */
export function run(name: string, inputs: Record<string, Tensor>, attrs: object): Tensor {
  return engine().runKernel(name, inputs as never, attrs as never) as Tensor;
}
