import { notesOf, readFrames, type StreamNotes } from "@isthmus/codec";
import { UsageError } from "@isthmus/command-line/node";
import { latentDims } from "@isthmus/compress";
import { parseNpy } from "@isthmus/data";
import { readFileBytes } from "@isthmus/data/node";
import {
  type JsonObject,
  type LatentCoding,
  type Model,
  modelHashes,
  type Program,
  readModelFile,
  readSafetensors,
} from "@isthmus/graph";
import { describeOnnx } from "@isthmus/onnx";
import { readCheckpoint } from "@isthmus/train";
import type { Command } from "commander";
import { describeBundle } from "../bundles.ts";
import type { Report } from "../console.ts";
import { entryLines } from "../entry-lines.ts";
import { namingFileAsync } from "../errors.ts";
import { fileKind } from "../file-kinds.ts";
import { parameterCount } from "../model-files.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

export function inspectCommand(context: Context): Command {
  return describeCommand({
    name: "inspect",
    summary: "What a model, checkpoint, stream, bundle, ONNX or NPY file holds.",
    examples: ["isthmus inspect m.safetensors"],
  })
    .argument("<file>", "the file")
    .action(reporting(context, inspect));
}

async function inspect(path: string): Promise<Report> {
  const bytes = await readFileBytes(path);
  const described = await namingFileAsync(path, () => describe(path, bytes));
  const json = { file: path, bytes: bytes.length, ...described };
  return { json, lines: Object.entries(json).flatMap(([key, value]) => entryLines(key, value)) };
}

/** The kind of a file is told by its first bytes, the last resort is its name. */
async function describe(path: string, bytes: Uint8Array): Promise<JsonObject> {
  const kind = fileKind(bytes);
  if (kind === "NPY") return describeNpy(bytes);
  if (kind === "safetensors") return describeSafetensors(bytes);
  if (kind === "an .isth stream" || path.endsWith(".isth")) return describeStream(bytes);
  if (kind === "an .isthb bundle" || path.endsWith(".isthb")) return await describeBundle(bytes);
  if (kind === "ONNX" || path.endsWith(".onnx"))
    return { kind: "onnx", ...describeOnnx(bytes) } as unknown as JsonObject;
  throw new UsageError(
    `${path} is none of: model, checkpoint, .isth stream, .isthb bundle, ONNX, NPY${kind ? `; it looks like ${kind}` : ""}`,
  );
}

function describeNpy(bytes: Uint8Array): JsonObject {
  const { type, shape } = parseNpy(bytes);
  return { kind: "npy", type, shape };
}

function describeSafetensors(bytes: Uint8Array): JsonObject {
  const { metadata, tensors } = readSafetensors(bytes);
  if (metadata["format"] === "isthmus-model") return describeModel(readModelFile(bytes));
  const shapes = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
  if (metadata["format"] !== "isthmus-checkpoint") return { kind: "safetensors", metadata, tensors: shapes };
  const { epoch, step, run } = readCheckpoint(bytes);
  return { kind: "isthmus checkpoint", epoch, step, run, tensors: shapes };
}

function describeModel(model: Model): JsonObject {
  const { id, encoder, tables, decoder } = modelHashes(model);
  const parameters = Object.entries(model.parameters).map(([name, { shape }]) => [name, shape] as const);
  return {
    kind: model.kind,
    modelId: hex(id),
    config: model.config,
    encoder: interfaceOf(model.encoder),
    decoder: interfaceOf(model.decoder),
    parameterCount: parameterCount(model),
    parameters: Object.fromEntries(parameters),
    coding: model.coding ? describeCoding(model, model.coding) : null,
    ...(model.data && { data: { ...model.data } }),
    metrics: model.metrics,
    provenance: model.provenance,
    hashes: { encoder, tables, decoder },
  };
}

function describeCoding(model: Model, { steps, tables, qualities = 1, payloads = 1 }: LatentCoding): JsonObject {
  return { dims: latentDims(model), channels: steps.length / qualities, qualities, payloads, tableInts: tables.length };
}

function interfaceOf({ nodes, inputs, outputs }: Program): JsonObject {
  const shapes = (ids: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, nodes[id]?.shape ?? []]));
  return { inputs: shapes(inputs), outputs: shapes(outputs), operations: nodes.length };
}

function describeStream(bytes: Uint8Array): JsonObject {
  const frames = [...readFrames(bytes, { partial: true })].map((frame) => ({
    offset: frame.offset,
    bytes: frame.byteLength,
    modelId: hex(frame.modelId),
    quality: frame.quality,
    items: frame.items,
    dims: frame.dims,
    sequence: frame.sequence,
    last: frame.last,
    profile: frame.profile,
    coding: frame.coding,
    payloads: frame.payloads.map(({ length }, k) => ({ bytes: length, state: frame.found[k]!.state })),
    ...describeNotes(notesOf(frame.ancillary)),
  }));
  const items = frames.reduce((count, frame) => count + frame.items, 0);
  return { kind: "isth stream", items, bitsPerItem: items > 0 ? (8 * bytes.length) / items : null, frames };
}

function describeNotes({ filledRows, geometry, seamless, timestamp, nonce }: StreamNotes): JsonObject {
  return {
    ...(filledRows !== undefined && { filledRows }),
    ...(geometry && { geometry: { ...geometry } }),
    ...(seamless && { seamless }),
    ...(timestamp !== undefined && { timestamp: String(timestamp) }),
    ...(nonce && { nonce: hex(nonce) }),
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
