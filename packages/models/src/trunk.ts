import {
  type Activation,
  conv2d,
  conv2dTranspose,
  dense,
  elementCount,
  type GraphBuilder,
  type Node,
} from "@isthmus/graph";
import { requireKnown, requireOneOf, requireSizes } from "./checks.ts";
import type { BaseConfig } from "./config.ts";

/** Dense layers. */
export interface DenseTrunk {
  readonly kind: "dense";
  /** Units of the hidden layers, from the data to the code. */
  readonly hidden: readonly number[];
  readonly activation: HiddenActivation;
}

/** Convolutions that halve the image (with stride 2), then dense layers. Items are `[height, width, channels]`. */
export interface ConvTrunk {
  readonly kind: "conv";
  /** Channels of the convolutions, from the data to the code. */
  readonly channels: readonly number[];
  /** Rows and columns of each filter. */
  readonly kernel: number;
  readonly stride: number;
  /** Units of the dense layers behind them. */
  readonly hidden: readonly number[];
  readonly activation: HiddenActivation;
}

export type Trunk = DenseTrunk | ConvTrunk;
export type HiddenActivation = Exclude<Activation, "linear">;
export type GivenTrunk =
  | (Pick<DenseTrunk, "kind"> & Partial<DenseTrunk>)
  | (Pick<ConvTrunk, "kind"> & Partial<ConvTrunk>);

const activations: readonly HiddenActivation[] = ["relu", "tanh", "sigmoid", "softplus"];

const defaults = {
  dense: { kind: "dense", hidden: [400], activation: "relu" },
  // A filter of 4 at stride 2 covers every pixel equally often; one of 3 leaves a checkerboard (Odena, Dumoulin, Olah 2016).
  conv: { kind: "conv", channels: [32, 64], kernel: 4, stride: 2, hidden: [256], activation: "relu" },
} as const;

/** A trunk with its defaults filled in. Throws `TypeError` or `RangeError` naming `field`. */
export function checkedTrunk(field: string, given: GivenTrunk, inputShape: readonly number[]): Trunk {
  requireOneOf(`${field}.kind`, given.kind, ["dense", "conv"]);
  const trunk = { ...defaults[given.kind], ...given } as Trunk;
  requireKnown(`a ${given.kind} ${field}`, trunk, Object.keys(defaults[given.kind]));
  requireSizes(`${field}.hidden`, trunk.hidden, 0);
  requireOneOf(`${field}.activation`, trunk.activation, activations);
  if (trunk.kind === "dense") return trunk;
  requireSizes(`${field}.channels`, trunk.channels, 1);
  requireSizes(`${field}.kernel`, [trunk.kernel], 1);
  requireSizes(`${field}.stride`, [trunk.stride], 1);
  if (inputShape.length === 3) return trunk;
  throw new RangeError(
    `"inputShape" expected [height, width, channels] for convolutions, got [${inputShape.join(", ")}]`,
  );
}

/** Whether there is neither a hidden layer nor a convolution. */
export function hasNoLayers({ kind, hidden }: Trunk): boolean {
  return kind === "dense" && hidden.length === 0;
}

type Sizes = Pick<BaseConfig, "inputShape" | "trunk" | "decoder">;

/** The hidden layers `encoder.conv0`, ..., `encoder.dense0`, ...: `x` [rows, features], the batch or any, -> [rows, units]. */
export function encoderTrunk(build: GraphBuilder, x: Node, { trunk, inputShape }: Sizes): Node {
  const flat = trunk.kind === "conv" ? convolutions(build, x, trunk, inputShape) : x;
  return denseLayers(build, flat, "encoder", trunk.hidden, trunk.activation);
}

/** Makes a last layer of a decoder, named as its parameters are: [batch, features]. */
export type LastLayer = (name: string) => Node;

/** The mirrored layers `decoder.dense0`, ..., `decoder.conv0`, ... behind `z`: what last layers are put on. */
export function decoderTrunk(build: GraphBuilder, z: Node, config: Sizes): LastLayer {
  const { decoder: trunk = config.trunk, inputShape } = config;
  const h = denseLayers(build, z, "decoder", trunk.hidden.toReversed(), trunk.activation);
  if (trunk.kind === "conv") return transposedConvolutions(build, h, trunk, inputShape);
  return (name) => dense(build, h, { name, units: elementCount(inputShape) });
}

/** Hidden layers `side.dense0`, ...: `x` [rows, numbers] -> [rows, units]. */
export function denseLayers(
  build: GraphBuilder,
  x: Node,
  side: string,
  sizes: readonly number[],
  activation: HiddenActivation,
): Node {
  return sizes.reduce((h, units, index) => dense(build, h, { name: `${side}.dense${index}`, units, activation }), x);
}

function convolutions(build: GraphBuilder, x: Node, trunk: ConvTrunk, inputShape: readonly number[]): Node {
  const { channels, kernel: window, stride: strides, activation } = trunk;
  const rows = x.shape[0]!;
  const options = { window, strides, padding: "same", activation } as const;
  const image = channels.reduce(
    (h, filters, index) => conv2d(build, h, { name: `encoder.conv${index}`, filters, ...options }),
    build.reshape(x, [rows, ...inputShape]),
  );
  return build.reshape(image, [rows, elementCount(imageSizes(trunk, inputShape).at(-1)!)]);
}

/** Backwards through the sizes that the convolutions made, so that any height and width come back. */
function transposedConvolutions(
  build: GraphBuilder,
  h: Node,
  trunk: ConvTrunk,
  inputShape: readonly number[],
): LastLayer {
  const { kernel: window, stride: strides, hidden, activation } = trunk;
  const [smallest, ...larger] = imageSizes(trunk, inputShape).toReversed();
  const units = elementCount(smallest!);
  const flat = dense(build, h, { name: `decoder.dense${hidden.length}`, units, activation });
  const enlarged = (from: Node, [height, width, filters]: ImageSize, name: string, by: Activation): Node => {
    const layer = { name, filters, window, strides, padding: "same", activation: by } as const;
    const rows = build.slice(conv2dTranspose(build, from, layer), { axis: 1, begin: 0, end: height });
    return build.slice(rows, { axis: 2, begin: 0, end: width });
  };
  const image = larger
    .slice(0, -1)
    .reduce(
      (from, size, index) => enlarged(from, size, `decoder.conv${index}`, activation),
      build.reshape(flat, ["batch", ...smallest!]),
    );
  return (name) => build.reshape(enlarged(image, larger.at(-1)!, name, "linear"), ["batch", elementCount(inputShape)]);
}

export type ImageSize = readonly [height: number, width: number, channels: number];

/** Of the data and behind each convolution. */
export function imageSizes({ channels, stride }: ConvTrunk, inputShape: readonly number[]): ImageSize[] {
  const sizes = [inputShape as unknown as ImageSize];
  for (const filters of channels) {
    const [height, width] = sizes.at(-1)!;
    sizes.push([Math.ceil(height / stride), Math.ceil(width / stride), filters]);
  }
  return sizes;
}
