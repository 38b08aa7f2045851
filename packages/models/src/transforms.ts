import { conv2d, conv2dTranspose, dense, elementCount, gdn, type GraphBuilder, type Node } from "@isthmus/graph";
import type { BaseConfig } from "./config.ts";
import { type ConvTrunk, imageSizes, type ImageSize, type Trunk } from "./trunk.ts";

/** The layers of a transform. */
export interface TransformConfig extends Pick<BaseConfig, "inputShape" | "trunk" | "decoder" | "latent"> {
  /** Behind each hidden layer GDN, or its inverse in the decoder, in the place of the trunk's activation. */
  readonly gdn: boolean;
}

/**
 * A code begins a few bins wide. As layers start, it would be narrower than the noise of one bin, which drowns it.
 * The decoder undoes the factor.
 */
export const FIRST_WIDTH = 8;

/** Whether the code is an image of its own, with `latent` channels: convolutions all the way. */
function isSpatial(trunk: Trunk): trunk is ConvTrunk {
  return trunk.kind === "conv" && trunk.hidden.length === 0;
}

/** The convolutions of a transform whose code is an image: the trunk's, and the one that gives the code. */
function withCode(trunk: ConvTrunk, latent: number): ConvTrunk {
  return { ...trunk, channels: [...trunk.channels, latent] };
}

/** All convolutions of a transform whose code is an image, the last of them for the code; of others none. */
export function spatialLayers({ trunk, latent }: TransformConfig): ConvTrunk | undefined {
  return isSpatial(trunk) ? withCode(trunk, latent) : undefined;
}

/** Places of the code that share their channels' densities: pixels of a code that is an image, else one. */
export function codePositions({ trunk, inputShape, latent }: TransformConfig): number {
  if (!isSpatial(trunk)) return 1;
  const [height, width] = imageSizes(withCode(trunk, latent), inputShape).at(-1)!;
  return height * width;
}

/** A code that lies over its picture: each position of it over as many rows and columns of pixels. */
export interface CodeImage {
  /** Positions, of an item. */
  readonly height: number;
  readonly width: number;
  /** How many pixels beyond its own a position looks at most, and how far what the decoder makes of it reaches. */
  readonly reach: number;
  /** Whether an item has positions that see no edge of it: else the networks have learned nothing but edges. */
  readonly hasInside: boolean;
}

/**
 * How the code of such a transform lies over its items; none where it does not: behind dense layers, and where positions
 * and pixels do not divide evenly. Where it does, the same parameters fit a picture of any number of items side by side,
 * and away from the picture's edges make of it what they make of it anywhere.
 */
export function codeImage({ trunk, inputShape, latent }: TransformConfig): CodeImage | undefined {
  if (!isSpatial(trunk)) return undefined;
  const { kernel, stride, channels } = withCode(trunk, latent);
  const scale = stride ** channels.length;
  const [height, width] = inputShape as ImageSize;
  if (height % scale !== 0 || width % scale !== 0) return undefined;
  // Padding is what a filter has beyond its stride, half of it on either side.
  const beyond = Math.max(0, Math.ceil((kernel - stride) / 2));
  const reach = channels.reduce((sum, _, layer) => sum + beyond * stride ** layer, 0);
  const hasInside = Math.min(height, width) / scale > 2 * Math.ceil(reach / scale);
  return { height: height / scale, width: width / scale, reach, hasInside };
}

/** `x` [batch, features] -> the code before it is quantised, [batch, positions, latent]. */
export function analysis(build: GraphBuilder, x: Node, config: TransformConfig): Node {
  const { trunk, latent } = config;
  const code = isSpatial(trunk)
    ? convolved(build, x, withCode(trunk, latent), config, "encoder.z")
    : dense(build, hiddenLayers(build, flatInput(build, x, config), trunk, config), {
        name: "encoder.z",
        units: latent,
      });
  const scaled = build.mul(code, build.scalar(FIRST_WIDTH));
  return build.reshape(scaled, ["batch", codePositions(config), latent]);
}

/** The code [batch, positions, latent] -> [batch, features]. */
export function synthesis(build: GraphBuilder, code: Node, config: TransformConfig): Node {
  const { decoder: trunk = config.trunk, inputShape, latent } = config;
  const scaled = build.mul(code, build.scalar(1 / FIRST_WIDTH));
  const flat = (): Node => build.reshape(scaled, ["batch", codePositions(config) * latent]);
  if (isSpatial(config.trunk)) return enlargedImage(build, scaled, withCode(config.trunk, latent), config);
  const hidden = trunk.hidden.toReversed();
  const h = hidden.reduce((from, units, index) => {
    const name = `decoder.dense${index}`;
    return nonlinear(build, dense(build, from, { name, units }), trunk, { config, name, inverse: true });
  }, flat());
  if (trunk.kind === "dense") return dense(build, h, { name: "decoder.output", units: elementCount(inputShape) });
  const smallest = imageSizes(trunk, inputShape).at(-1)!;
  const name = `decoder.dense${hidden.length}`;
  const spread = dense(build, h, { name, units: elementCount(smallest) });
  return enlargedImage(build, nonlinear(build, spread, trunk, { config, name, inverse: true }), trunk, config);
}

/** What a convolutional trunk with dense layers behind it begins with, else `x` itself. */
function flatInput(build: GraphBuilder, x: Node, config: TransformConfig): Node {
  const { trunk, inputShape } = config;
  if (trunk.kind === "dense") return x;
  const image = convolved(build, x, trunk, config);
  return build.reshape(image, ["batch", elementCount(imageSizes(trunk, inputShape).at(-1)!)]);
}

function hiddenLayers(build: GraphBuilder, x: Node, trunk: Trunk, config: TransformConfig): Node {
  return trunk.hidden.reduce((from, units, index) => {
    const name = `encoder.dense${index}`;
    return nonlinear(build, dense(build, from, { name, units }), trunk, { config, name, inverse: false });
  }, x);
}

/** Convolutions `encoder.conv0`, ...; the last is linear where it has a `lastName`, which gives the code. */
function convolved(
  build: GraphBuilder,
  x: Node,
  { channels, kernel: window, stride: strides, activation }: ConvTrunk,
  config: TransformConfig,
  lastName?: string,
): Node {
  return channels.reduce(
    (from, filters, index) => {
      const isCode = lastName !== undefined && index === channels.length - 1;
      const name = isCode ? lastName : `encoder.conv${index}`;
      const made = conv2d(build, from, { name, filters, window, strides, padding: "same" });
      return isCode ? made : nonlinear(build, made, { activation }, { config, name, inverse: false });
    },
    build.reshape(x, ["batch", ...config.inputShape]),
  );
}

/** Backwards through the sizes that the convolutions made, so that any height and width come back. */
function enlargedImage(build: GraphBuilder, code: Node, trunk: ConvTrunk, config: TransformConfig): Node {
  const { kernel: window, stride: strides } = trunk;
  const [smallest, ...larger] = imageSizes(trunk, config.inputShape).toReversed();
  const image = larger.reduce(
    (from, [height, width, filters]: ImageSize, index) => {
      const isLast = index === larger.length - 1;
      const name = isLast ? "decoder.output" : `decoder.conv${index}`;
      const made = conv2dTranspose(build, from, { name, filters, window, strides, padding: "same" });
      const rows = build.slice(made, { axis: 1, begin: 0, end: height });
      const cropped = build.slice(rows, { axis: 2, begin: 0, end: width });
      return isLast ? cropped : nonlinear(build, cropped, trunk, { config, name, inverse: true });
    },
    build.reshape(code, ["batch", ...smallest!]),
  );
  return build.reshape(image, ["batch", elementCount(config.inputShape)]);
}

interface LayerPlace {
  readonly config: TransformConfig;
  /** The layer's; GDN is `<name>.gdn`. */
  readonly name: string;
  readonly inverse: boolean;
}

function nonlinear(
  build: GraphBuilder,
  h: Node,
  { activation }: Pick<Trunk, "activation">,
  { config, name, inverse }: LayerPlace,
): Node {
  return config.gdn ? gdn(build, h, { name: `${name}.gdn`, inverse }) : build.emit(activation, [h]);
}
