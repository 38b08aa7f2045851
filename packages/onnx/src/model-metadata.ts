/** What an exported part says of its model, under the keys of the file's metadata; the README's table has them all. */
import { canonicalJson, type JsonObject, type LatentCoding, latentWidth, modelHashes } from "@isthmus/graph";
import { itemsFeed, partFeeds } from "./feeds.ts";
import type { ExportableModel, ModelPart, PartOptions } from "./parts.ts";

export interface MetadataOptions extends PartOptions {
  /** Version of the package that writes; the file's producer too. */
  readonly producerVersion?: string;
  /** What the model's likelihood takes the data to be: `dataConvention` of `@isthmus/train`. */
  readonly convention?: string;
  /** An SPDX identifier or a sentence. Default: what the model's provenance says as `license`, or nothing. */
  readonly license?: string;
}

/**
 * The entries of a part, but for its golden sample. `isthmus.coding`, the model's latent coding, has offsets and steps per
 * channel and the packed frequency tables, so that integers, never floats, decide what is encoded and decoded.
 *
 * @throws RangeError as `partProgram` does
 */
export function modelMetadata(
  model: ExportableModel,
  part: ModelPart,
  options: MetadataOptions = {},
): Record<string, string> {
  const hashes = modelHashes(model);
  const { kind, coding, data, provenance } = model;
  const feeds = partFeeds(model, part, options);
  const license = options.license ?? provenance?.["license"];
  const entries: Record<string, string | undefined> = {
    "isthmus.version": options.producerVersion,
    "isthmus.part": part,
    "isthmus.kind": kind,
    "isthmus.latents": latentWidth(model.encoder)?.toString(),
    "isthmus.model_id": hex(hashes.id),
    "isthmus.encoder_hash": hashes.encoder,
    "isthmus.tables_hash": hashes.tables,
    "isthmus.decoder_hash": hashes.decoder,
    "isthmus.inputs": canonicalJson(feeds as unknown as JsonObject),
    "isthmus.values": options.uint8 ? "bytes" : options.units && "data units",
    "isthmus.convention": options.convention,
    "isthmus.data": data && canonicalJson({ ...data }),
    "isthmus.coding": part === "prior" || !coding ? undefined : codingJson(coding),
    "isthmus.license": typeof license === "string" ? license : undefined,
    "isthmus.training": trainingJson(model),
    ...(part === "prior" ? {} : imageEntries(model, options)),
  };
  const said = Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(said);
}

/** A float32 is written as the shortest float64 that it equals, so it reads back to the same bits. */
function codingJson({ offsets, steps, gains, tables, ...counts }: LatentCoding): string {
  const numbers = {
    offsets: [...offsets],
    steps: [...steps],
    ...(gains && { gains: [...gains] }),
    tables: [...tables],
  };
  return canonicalJson({ ...numbers, ...counts });
}

/** Where the model came from and its final figures; not those of every epoch. */
function trainingJson({ provenance, metrics }: ExportableModel): string | undefined {
  const figures = Object.entries(metrics ?? {}).filter(([key]) => key !== "history");
  const summary = { ...provenance, ...Object.fromEntries(figures) };
  return Object.keys(summary).length > 0 ? canonicalJson(summary) : undefined;
}

/**
 * ONNX's own keys of images (onnx/docs/MetadataProps.md), where items are such and what their pixels are is known: pictures, or
 * the data sets that come with the package.
 */
function imageEntries(model: ExportableModel, options: PartOptions): Record<string, string | undefined> {
  const shape = model.config?.["inputShape"] as readonly number[] | undefined;
  const format = formats[shape?.[2] ?? 0];
  const source = model.data?.item["kind"] ?? "images";
  const range = ranges[String(itemsFeed(model, options).range)];
  if (!options.layout || shape?.length !== 3 || source !== "images" || !format || !range) return {};
  return {
    "Image.BitmapPixelFormat": format,
    "Image.NominalPixelRange": range,
    "Image.ColorSpaceGamma": model.data && "SRGB",
  };
}

/** By the number of channels. */
const formats: Readonly<Record<number, string | undefined>> = { 1: "Gray8", 3: "Rgb8" };
/** By the least and the largest pixel. */
const ranges: Readonly<Record<string, string | undefined>> = { "0,1": "Normalized_0_1", "0,255": "NominalRange_0_255" };

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
