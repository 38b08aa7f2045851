import type { Tensor } from "@tensorflow/tfjs-core";
import type { TfjsCore } from "./tfjs-ops.ts";

/** One cotangent per operand; undefined where the derivative is zero everywhere it exists. */
export type Cotangents = readonly (Tensor | undefined)[];

/** @throws TypeError naming the argument unless the value is a float32 tensor. */
export type Requirement = (name: string, value: unknown) => void;

/**
 * Makes an operation of a function on tensors and its derivative, which is given the cotangent g of y, a way to y, and the
 * operands. (y is computed again: tfjs puts what it saves of a result on its tape before the result, so a second derivative
 * would not see how it came about.)
 */
export type Define = <Operands extends readonly Tensor[]>(
  name: string,
  operands: readonly string[],
  f: (...operands: Operands) => Tensor,
  derivative: (g: Tensor, y: () => Tensor, ...operands: Operands) => Cotangents,
) => (...operands: Operands) => Tensor;

/**
 * Operations with derivatives of their own, so that none needs to be registered with tfjs-core: it registers none itself, has
 * none for comparisons, and forgets to sum those of maximum and minimum over what was broadcast.
 */
export function differentiable(tf: TfjsCore, requireTensor: Requirement): Define {
  const define: Define = <Operands extends readonly Tensor[]>(
    name: string,
    operandNames: readonly string[],
    f: (...operands: Operands) => Tensor,
    derivative: (g: Tensor, y: () => Tensor, ...operands: Operands) => Cotangents,
  ) => {
    const operation = (...operands: Operands): Tensor => {
      operandNames.forEach((operand, i) => requireTensor(`${name}.${operand}`, operands[i]));
      const evaluate = tf.customGrad((...given) => {
        const save = given.at(-1) as (tensors: Tensor[]) => void;
        const xs = given.slice(0, -1) as unknown as Operands;
        save([...xs]);
        return { value: f(...xs), gradFunc: (g, saved) => cotangents(g, saved as unknown as Operands) };
      });
      return evaluate(...operands);
    };
    const cotangents = (g: Tensor, xs: Operands): Tensor[] => {
      const made = derivative(g, () => operation(...xs), ...xs);
      const taken = new Set<Tensor>([g, ...xs]);
      return xs.map((x, i) => own(made[i] ?? tf.zeros(x.shape), taken));
    };
    return operation;
  };
  /** A cotangent that nobody else holds: tfjs disposes of each when it has added another to it. */
  const own = (cotangent: Tensor, taken: Set<Tensor>): Tensor => {
    if (taken.has(cotangent)) return identity(cotangent);
    taken.add(cotangent);
    return cotangent;
  };
  const identity = define<[Tensor]>("identity", ["x"], tf.clone, (g) => [g]);
  return define;
}
