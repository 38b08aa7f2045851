import type { GraphBuilder } from "../builder.ts";
import type { Node } from "../ir.ts";

export interface GdnOptions {
  /** Parameters are `<name>.beta` [channels] and `<name>.gamma` [channels, channels], both as roots. */
  readonly name: string;
  /** Multiplies by the root of the energy in place of dividing: the decoder's side. Default: false. */
  readonly inverse?: boolean;
}

/** Keeps the roots' slope above 0 where the parameter is 0, as the reference implementation does. */
const PEDESTAL = 2 ** -36;
const LEAST_BETA = 1e-6;
/** Of the mean energy at first; beta starts at 1. */
const FIRST_SHARE = 0.1;

/**
 * Generalised divisive normalisation (Balle, Laparra, Simoncelli 2016, equations 1 and 2 with alpha = 2, epsilon = 1/2):
 *
 *     y_i = x_i / sqrt(beta_i + sum_j gamma_ji x_j^2)          with `inverse`: x_i sqrt(...)
 *
 * x [batch, channels] or images [batch, height, width, channels], each pixel by its own channels. `gamma` has the row of the
 * channel that is squared. beta stays at least 1e-6 and gamma at least 0: the tensors hold roots, squared behind a lower bound.
 *
 * @throws RangeError x of another rank, or without a fixed last axis
 */
export function gdn(build: GraphBuilder, x: Node, { name, inverse = false }: GdnOptions): Node {
  const channels = channelsOf(name, x);
  const beta = build.state(`${name}.beta`, { shape: [channels], init: rootOf(1) });
  const gamma = build.state(`${name}.gamma`, { shape: [channels, channels], init: rootOf(FIRST_SHARE / channels) });
  return build.scope(name.replaceAll(".", "/"), () => {
    const pooled = pool(build, build.square(x), positive(build, gamma, 0));
    const energy = build.emit("add", [pooled, positive(build, beta, LEAST_BETA)], {}, "energy");
    return build.emit("gdn", [x, energy], { inverse }, "gdn");
  });
}

function channelsOf(name: string, { shape }: Node): number {
  const channels = shape.at(-1);
  if ((shape.length === 2 || shape.length === 4) && typeof channels === "number") return channels;
  throw new RangeError(
    `gdn "${name}": "x" expected [batch, channels] or [batch, height, width, channels], got [${shape.join(", ")}]`,
  );
}

/** The tensor that `positive` makes `value` of. */
function rootOf(value: number): { readonly kind: "constant"; readonly value: number } {
  return { kind: "constant", value: Math.sqrt(value + PEDESTAL) };
}

/** root^2 - pedestal, at least `least`. */
function positive(build: GraphBuilder, root: Node, least: number): Node {
  const bounded = build.lowerBound(root, Math.sqrt(least + PEDESTAL));
  return build.sub(build.square(bounded), build.scalar(PEDESTAL));
}

function pool(build: GraphBuilder, squares: Node, gamma: Node): Node {
  if (squares.shape.length === 2) return build.matmul(squares, gamma, {}, "pool");
  const [rows, columns] = gamma.shape as readonly [number, number];
  return build.conv2d(squares, build.reshape(gamma, [1, 1, rows, columns]), {}, "pool");
}
