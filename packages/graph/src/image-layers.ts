import type { GraphBuilder } from "./builder.ts";
import type { Node } from "./ir.ts";
import type { Activation } from "./layers.ts";
import { pairOf, requireImage, type WindowOptions } from "./operations/window.ts";

export interface ConvolutionOptions extends WindowOptions {
  /** Parameters are `<name>.kernel` and `<name>.bias`; dots become slashes in node names. */
  readonly name: string;
  /** Channels of the result. */
  readonly filters: number;
  /** Rows and columns of the filter: one number for both, or two. */
  readonly window: number | readonly [number, number];
  readonly activation?: Activation;
}

/**
 * `activation(conv2d(x, kernel) + b)`: x `[batch, height, width, in]`, kernel `[rows, columns, in, filters]`, bias `[filters]`.
 * Kernel and bias start uniform in +-1/sqrt(rows * columns * in), as PyTorch's `nn.Conv2d` does.
 *
 * @throws RangeError an x that is no image, a window that does not fit into it
 */
export function conv2d(build: GraphBuilder, x: Node, options: ConvolutionOptions): Node {
  const title = `conv2d "${options.name}"`;
  const { channels } = requireImage(title, "x", x);
  const [rows, columns] = pairOf(title, "window", options.window);
  const shape = [rows, columns, channels, options.filters];
  return layer(build, options, shape, rows * columns * channels, (kernel) => build.conv2d(x, kernel, options, "conv"));
}

/**
 * `activation(conv2dTranspose(x, kernel) + b)`: x `[batch, height, width, in]`, kernel `[rows, columns, filters, in]`, bias
 * `[filters]`. Kernel and bias start uniform in +-1/sqrt(rows * columns * filters), as PyTorch's `nn.ConvTranspose2d` does.
 *
 * @throws RangeError an x that is no image
 */
export function conv2dTranspose(build: GraphBuilder, x: Node, options: ConvolutionOptions): Node {
  const title = `conv2dTranspose "${options.name}"`;
  const { channels } = requireImage(title, "x", x);
  const [rows, columns] = pairOf(title, "window", options.window);
  const shape = [rows, columns, options.filters, channels];
  const apply = (kernel: Node) => build.conv2dTranspose(x, kernel, options, "conv");
  return layer(build, options, shape, rows * columns * options.filters, apply);
}

function layer(
  build: GraphBuilder,
  { name, filters, activation = "linear" }: ConvolutionOptions,
  shape: readonly number[],
  fan: number,
  apply: (kernel: Node) => Node,
): Node {
  const init = { kind: "uniform", limit: 1 / Math.sqrt(fan) } as const;
  const kernel = build.state(`${name}.kernel`, { shape, init });
  const bias = build.state(`${name}.bias`, { shape: [filters], init });
  return build.scope(name.replaceAll(".", "/"), () => {
    const biased = build.emit("add", [apply(kernel), bias], {}, "bias");
    return activation === "linear" ? biased : build.emit(activation, [biased], {}, activation);
  });
}
