/** What the inputs of a part are fed with: said in the file's metadata, and what inputs to try it on are drawn by. */
import { idLimits, type JsonObject } from "@isthmus/graph";
import { IMPORTED_KIND } from "./import/import-model.ts";
import { noisesOf } from "./noise.ts";
import { drawingProgram, type ExportableModel, type ModelPart, type PartOptions, partProgram } from "./parts.ts";
import type { Units } from "./units.ts";

/** What an input takes. */
export interface Feed {
  readonly what: "items" | "code" | "condition" | "label" | "noise";
  /** What its numbers are, in words. */
  readonly values: string;
  /** The least and the largest of them, where there are such. */
  readonly range?: readonly [least: number, largest: number];
  /** Of items in the user's units: what the network's numbers are multiplied by, and what is added then. */
  readonly units?: Pick<Units, "offsets" | "scales">;
  /** Of items: images with that order of axes, or rows. */
  readonly layout?: "nhwc" | "nchw" | "rows";
  /** Of items: `[height, width, channels]` of an image, or whatever shape they have before they are rows. */
  readonly shape?: readonly number[];
}

/** Of every input of a part, in the order of its program. Throws as `partProgram` does. */
export function partFeeds(model: ExportableModel, part: ModelPart, options: PartOptions): Record<string, Feed> {
  const program = partProgram(model, part, options);
  const noises = noisesOf(drawingProgram(model, part, options));
  const limits = idLimits(program);
  const feedOf = (name: string): Feed => {
    if (Object.hasOwn(noises, name)) return noiseFeeds[noises[name]!];
    if (name === "x") return { ...itemsFeed(model, options), ...shapeOf(model, options) };
    if (name === "label") return label(limits.get(name) ?? 1);
    if (name === "condition") return { ...networkItems(model), what: "condition" };
    return { what: "code", values: "a code, as the encoder or the prior gives it" };
  };
  return Object.fromEntries(Object.keys(program.inputs).map((name) => [name, feedOf(name)]));
}

const noiseFeeds: Readonly<Record<"normal" | "uniform", Feed>> = {
  normal: { what: "noise", values: "standard normal noise" },
  uniform: { what: "noise", values: "uniform noise, without 0 and 1", range: [0, 1] },
};

function label(classes: number): Feed {
  return { what: "label", values: "whole numbers", range: [0, classes - 1] };
}

/** Of the items that a part takes or makes. */
export function itemsFeed(model: ExportableModel, { uint8, units }: PartOptions): Feed {
  if (uint8) return { what: "items", values: "bytes, k for k / 255", range: [0, 255] };
  const network = networkItems(model);
  if (!units) return network;
  const { offsets, scales } = units;
  const ends = network.range?.map((end) => offsets[0]! + scales[0]! * end) as Feed["range"];
  const range = offsets.length === 1 && scales.length === 1 && ends;
  return { what: "items", values: "the data's own units", units: { offsets, scales }, ...(range && { range }) };
}

/** Bytes over 255 are in [0, 1]; other numbers are where their standardisation takes them. */
function networkItems({ kind, data }: ExportableModel): Feed {
  if (kind === IMPORTED_KIND) return { what: "items", values: "as the imported network takes them" };
  const { kind: described, offset, scale } = (data?.item ?? { kind: "images" }) as JsonObject;
  const isUnit = described === "images" || (described === "array" && offset === 0 && scale === 255);
  if (isUnit) return { what: "items", values: "numbers in [0, 1]", range: [0, 1] };
  return { what: "items", values: "the data's numbers as they are standardised" };
}

function shapeOf({ config }: ExportableModel, { layout }: PartOptions): Pick<Feed, "layout" | "shape"> {
  const shape = config?.["inputShape"];
  return { layout: layout ?? "rows", ...(Array.isArray(shape) && { shape: shape as number[] }) };
}
