/** What a service must know of a model, read from its file. */
import { type StreamCodec, streamCodec, type LosslessFile } from "@isthmus/compress";
import { describedShape, parseDescription } from "@isthmus/data";
import { elementCount, type Model, type ModelData, type Program } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";

/** Plain data: it is made in one process and used in another. */
export interface ModelFacts {
  /** 16 hex digits, which the model's streams carry. */
  readonly id: string;
  /** `vae`, ..., or `lossless`. */
  readonly kind: string;
  /** Of an item as the network gives it: [height, width, channels] for images. */
  readonly shape: readonly number[];
  /** What its numbers mean, where it was trained on a user's data. */
  readonly data?: ModelData;
  /** Of a model whose streams are latents. */
  readonly codec?: StreamCodec;
  /** Of a lossless coder: whether items are zeros and ones, which stand for black and white. */
  readonly lossless?: { readonly binary: boolean };
}

/** Numbers that a decoder makes of one item in all its layers together: what running it takes grows with them. */
const MOST_NUMBERS = 2 ** 26;

/**
 * @throws IsthmusError `MODEL_NOT_SERVED` for a model that does not decode latents to items by itself, or not within the bounds of a
 *   service; `MODEL_NO_CODING`, `MODEL_CODING`, `TABLE_*`, `DATA_DESCRIPTION`
 */
export function modelFacts(model: Model): ModelFacts {
  const { decoder, data } = model;
  const codec = streamCodec(model);
  const features = featuresOf(decoder);
  requireBounds(decoder);
  const described = data && describedShape(parseDescription(data));
  const shape = [described, model.config["inputShape"]].find((one) => isShapeOf(one, features)) ?? [features];
  const fed = elementsOf(decoder, decoder.inputs["z"]!);
  if (fed !== codec.dims) throw notServed(`its decoder takes ${fed} latents, its encoder makes ${codec.dims}`);
  if (described && elementCount(described) !== features)
    throw notServed(`its decoder makes items of ${features} numbers, its data have [${described.join(", ")}]`);
  return { id: hex(codec.modelId), kind: model.kind, shape, ...(data && { data }), codec };
}

export function losslessFacts({ modelId, shape, tables }: LosslessFile): ModelFacts {
  return { id: hex(modelId), kind: "lossless", shape, lossless: { binary: tables.pixels.kind === "bernoulli" } };
}

function featuresOf(decoder: Program): number {
  const inputs = Object.keys(decoder.inputs).join(", ");
  const output = decoder.outputs["reconstruction"];
  if (inputs === "z" && output !== undefined) return elementsOf(decoder, output);
  const made = Object.keys(decoder.outputs).join(", ");
  throw notServed(`its decoder makes ${made} of ${inputs}; a service needs one that makes reconstruction of z alone`);
}

/** How many items a network is given at once, so that what it makes of them stays within a bound too. */
export function itemsAtOnce(decoder: Program): number {
  return Math.min(256, Math.max(1, Math.floor(MOST_NUMBERS / numbersOf(decoder))));
}

function numbersOf({ nodes }: Program): number {
  return nodes.reduce((sum, node) => sum + sizeOf(node.shape), 0);
}

function requireBounds(decoder: Program): void {
  const numbers = numbersOf(decoder);
  if (numbers > MOST_NUMBERS)
    throw notServed(`its decoder makes ${numbers} numbers for an item, at most ${MOST_NUMBERS}`);
}

function elementsOf({ nodes }: Program, id: number): number {
  return sizeOf(nodes[id]!.shape);
}

/** Of one item. */
function sizeOf(shape: Program["nodes"][number]["shape"]): number {
  return elementCount(shape.map((size) => (typeof size === "number" ? size : 1)));
}

function isShapeOf(shape: unknown, features: number): shape is readonly number[] {
  return Array.isArray(shape) && shape.length > 0 && elementCount(shape as number[]) === features;
}

function notServed(why: string): IsthmusError {
  return new IsthmusError("MODEL_NOT_SERVED", `the model cannot be served: ${why}`);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
