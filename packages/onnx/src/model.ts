import { formatShape, type Program } from "@isthmus/graph";
import { draftBytes, type OnnxDraft } from "./draft.ts";
import { draftOnnx, type ExportOptions } from "./export.ts";
import { type GoldenOptions, withGolden } from "./golden.ts";
import { type MetadataOptions, modelMetadata } from "./model-metadata.ts";
import { partReference } from "./part-reference.ts";
import { type ExportableModel, type ModelPart, partProgram, uint8Ports } from "./parts.ts";
import type { PrecisionOptions } from "./precision/options.ts";
import { inOrder } from "./rewrite.ts";

export type ModelPartOptions = MetadataOptions &
  PrecisionOptions &
  Pick<ExportOptions, "docString" | "opset" | "profile" | "batch"> & {
    /**
     * A golden sample in the file: of these inputs, or of drawn ones. Default: drawn, where the file has at most 64 MiB and the
     * sample 1 MiB.
     */
    readonly golden?: boolean | GoldenOptions;
  };

/**
 * A part of a model as an ONNX file with `modelMetadata` and a golden sample. Noise that it needs is an input named like its
 * stream. Throws as `exportOnnx` does.
 *
 * @throws RangeError an unknown part, one that the model lacks, items that are no images, bytes in other units
 */
export function exportModelPart(model: ExportableModel, part: ModelPart, options: ModelPartOptions = {}): Uint8Array {
  return draftBytes(draftModelPart(model, part, options));
}

/**
 * What `exportModelPart` writes, to be written piece by piece. A golden sample is made at once, of the parameters as they are now.
 * Throws as `exportModelPart` does.
 */
export function draftModelPart(model: ExportableModel, part: ModelPart, options: ModelPartOptions = {}): OnnxDraft {
  const { units, uint8 = false, golden } = options;
  if (uint8 && units) throw new RangeError(`"uint8" expected no "units" beside it: bytes are k / 255 to the network`);
  const program = partProgram(model, part, options);
  const draft = draftOnnx(program, model.parameters, {
    docString: docString(part, partReference(model, part, options).program),
    ...options,
    graphName: part,
    uint8: uint8Ports(program, options),
    metadata: modelMetadata(model, part, options),
  });
  return withGolden(draft, golden);
}

/** `encoder: x [batch, 784] -> mu [batch, 20], logVar [batch, 20]`. */
function docString(part: ModelPart, { nodes, inputs, outputs }: Program): string {
  const signature = (ports: Readonly<Record<string, number>>): string =>
    inOrder(ports)
      .map(([name, id]) => `${name} ${formatShape(nodes[id]!.shape)}`)
      .join(", ");
  return `${part}: ${signature(inputs)} -> ${signature(outputs)}`;
}
