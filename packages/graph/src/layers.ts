import type { GraphBuilder } from "./builder.ts";
import type { Node } from "./ir.ts";

export type Activation = "linear" | "relu" | "sigmoid" | "tanh" | "softplus";

export interface DenseOptions {
  /** Parameters are `<name>.kernel` and `<name>.bias`; dots become slashes in node names. */
  readonly name: string;
  readonly units: number;
  readonly activation?: Activation;
}

/**
 * `activation(x W + b)`: x `[batch, in]`, kernel `[in, units]`, bias `[units]` -> `[batch, units]`.
 * Kernel and bias start uniform in +-1/sqrt(in), as PyTorch's `nn.Linear` does, so that published curves compare.
 */
export function dense(build: GraphBuilder, x: Node, { name, units, activation = "linear" }: DenseOptions): Node {
  const features = x.shape[1];
  if (x.shape.length !== 2 || typeof features !== "number") {
    throw new RangeError(`dense "${name}": "x" expected [batch, features], got [${x.shape.join(", ")}]`);
  }
  const init = { kind: "uniform", limit: 1 / Math.sqrt(features) } as const;
  const kernel = build.state(`${name}.kernel`, { shape: [features, units], init });
  const bias = build.state(`${name}.bias`, { shape: [units], init });
  return build.scope(name.replaceAll(".", "/"), () => {
    const product = build.matmul(x, kernel, {}, "matmul");
    const biased = build.emit("add", [product, bias], {}, "bias");
    return activation === "linear" ? biased : build.emit(activation, [biased], {}, activation);
  });
}
