import { canonicalJson, type LatentCoding, type Model, modelHashes } from "@isthmus/graph";
import { type ExportOptions, exportOnnx } from "./export.ts";

export type ModelPart = "encoder" | "decoder";

/** The part of a model as ONNX needs of it. */
export type ExportableModel = Pick<Model, "encoder" | "decoder" | "parameters" | "coding">;

/**
 * What ties an exported part to its model, as ONNX metadata: `isthmus.part`, `isthmus.model_id`, the three hashes
 * (hex), and for a decoder `isthmus.coding`, the model's latent coding as JSON: offsets and steps per dimension and
 * the packed frequency tables, so that integers, never floats, decide what is decoded.
 */
export function modelMetadata(model: ExportableModel, part: ModelPart): Record<string, string> {
  const hashes = modelHashes(model);
  return {
    "isthmus.part": part,
    "isthmus.model_id": hex(hashes.id),
    "isthmus.encoder_hash": hashes.encoder,
    "isthmus.tables_hash": hashes.tables,
    "isthmus.decoder_hash": hashes.decoder,
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

/** The encoder or decoder of a model as an ONNX file with `modelMetadata`. Throws as `exportOnnx` does. */
export function exportModelPart(
  model: ExportableModel,
  part: ModelPart,
  options: Pick<ExportOptions, "producerVersion" | "docString"> = {},
): Uint8Array {
  if (part !== "encoder" && part !== "decoder") {
    throw new RangeError(`"part" expected "encoder" or "decoder", got "${String(part)}"`);
  }
  return exportOnnx(model[part], model.parameters, {
    ...options,
    graphName: part,
    metadata: modelMetadata(model, part),
  });
}
