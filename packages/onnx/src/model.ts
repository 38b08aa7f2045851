import {
  canonicalJson,
  formatShape,
  type JsonObject,
  type LatentCoding,
  modelHashes,
  type Program,
} from "@isthmus/graph";
import { draftBytes, type OnnxDraft } from "./draft.ts";
import { draftOnnx, type ExportOptions } from "./export.ts";
import { partFeeds } from "./feeds.ts";
import { partReference } from "./part-reference.ts";
import { type ExportableModel, type ModelPart, type PartOptions, partProgram, uint8Ports } from "./parts.ts";
import type { PrecisionOptions } from "./precision/options.ts";
import { inOrder } from "./rewrite.ts";

export type ModelPartOptions = PartOptions &
  PrecisionOptions &
  Pick<ExportOptions, "producerVersion" | "docString" | "opset" | "profile" | "batch">;

/**
 * What ties an exported part to its model, as ONNX metadata: `isthmus.part`, `isthmus.model_id`, the three hashes
 * (hex), and for a decoder `isthmus.coding`, the model's latent coding as JSON: offsets and steps per dimension and
 * the packed frequency tables, so that integers, never floats, decide what is decoded.
 */
export function modelMetadata(
  model: ExportableModel,
  part: ModelPart,
  options: ModelPartOptions = {},
): Record<string, string> {
  const { units, uint8 } = options;
  const hashes = modelHashes(model);
  return {
    "isthmus.part": part,
    "isthmus.model_id": hex(hashes.id),
    "isthmus.encoder_hash": hashes.encoder,
    "isthmus.tables_hash": hashes.tables,
    "isthmus.decoder_hash": hashes.decoder,
    "isthmus.inputs": canonicalJson(partFeeds(model, part, options) as unknown as JsonObject),
    ...(units && { "isthmus.values": "data units" }),
    ...(uint8 && { "isthmus.values": "bytes" }),
    ...(part === "decoder" && model.coding ? { "isthmus.coding": codingJson(model.coding) } : {}),
  };
}

/** A float32 is written as the shortest float64 that it equals, so it reads back to the same bits. */
function codingJson({ offsets, steps, tables }: LatentCoding): string {
  return canonicalJson({ offsets: [...offsets], steps: [...steps], tables: [...tables] });
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * A part of a model as an ONNX file with `modelMetadata`, and `isthmus.values`, `data units` or `bytes`, where its items
 * are not as the network has them. Noise that it needs is an input named like its stream. Throws as `exportOnnx` does.
 *
 * @throws RangeError an unknown part, one that the model lacks, items that are no images, bytes in other units
 */
export function exportModelPart(model: ExportableModel, part: ModelPart, options: ModelPartOptions = {}): Uint8Array {
  return draftBytes(draftModelPart(model, part, options));
}

/** What `exportModelPart` writes, to be written piece by piece. Throws as it does. */
export function draftModelPart(model: ExportableModel, part: ModelPart, options: ModelPartOptions = {}): OnnxDraft {
  const { units, uint8 = false } = options;
  if (uint8 && units) throw new RangeError(`"uint8" expected no "units" beside it: bytes are k / 255 to the network`);
  const program = partProgram(model, part, options);
  return draftOnnx(program, model.parameters, {
    docString: docString(part, partReference(model, part, options).program),
    ...options,
    graphName: part,
    uint8: uint8Ports(program, options),
    metadata: modelMetadata(model, part, options),
  });
}

/** `encoder: x [batch, 784] -> mu [batch, 20], logVar [batch, 20]`. */
function docString(part: ModelPart, { nodes, inputs, outputs }: Program): string {
  const signature = (ports: Readonly<Record<string, number>>): string =>
    inOrder(ports)
      .map(([name, id]) => `${name} ${formatShape(nodes[id]!.shape)}`)
      .join(", ");
  return `${part}: ${signature(inputs)} -> ${signature(outputs)}`;
}
