import { canonicalJson, formatShape, type LatentCoding, modelHashes, type Program } from "@isthmus/graph";
import { draftBytes, type OnnxDraft } from "./draft.ts";
import { draftOnnx, type ExportOptions } from "./export.ts";
import { type ExportableModel, type ModelPart, type PartOptions, partProgram } from "./parts.ts";
import { inOrder } from "./rewrite.ts";

export type ModelPartOptions = PartOptions &
  Pick<ExportOptions, "producerVersion" | "docString" | "opset" | "profile" | "batch" | "outputs"> & {
    /** Whether `x` and `reconstruction` are bytes, k for k / 255, rounded on the way out. Default: false. */
    readonly uint8?: boolean;
  };

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
  const { sample, units, uint8 = false, ...others } = options;
  const { layout } = others;
  if (uint8 && units) throw new RangeError(`"uint8" expected no "units" beside it: bytes are k / 255 to the network`);
  const program = partProgram(model, part, {
    ...(sample !== undefined && { sample }),
    ...(layout && { layout }),
    ...(units && { units }),
  });
  const ports = [...Object.keys(program.inputs), ...(others.outputs ?? Object.keys(program.outputs))];
  return draftOnnx(program, model.parameters, {
    docString: `${part}: ${signatureOf(program, program.inputs)} -> ${signatureOf(program, program.outputs)}`,
    ...others,
    graphName: part,
    uint8: uint8 ? ["x", "reconstruction"].filter((name) => ports.includes(name)) : [],
    metadata: {
      ...modelMetadata(model, part),
      ...(units && { "isthmus.values": "data units" }),
      ...(uint8 && { "isthmus.values": "bytes" }),
    },
  });
}

function signatureOf({ nodes }: Program, ports: Readonly<Record<string, number>>): string {
  return inOrder(ports)
    .map(([name, id]) => `${name} ${formatShape(nodes[id]!.shape)}`)
    .join(", ");
}
