import { UsageError } from "@isthmus/command-line/node";
import { decodeInBatches, type DecodedLatents } from "@isthmus/compress";
import { type Model, modelHashes } from "@isthmus/graph";
import { featureCount } from "@isthmus/models";
import { describeOnnx, type OnnxDescription } from "@isthmus/onnx";
import { namingFile } from "./errors.ts";
import { modelConfig } from "./model-files.ts";
import { openOnnxFile } from "./onnx-files.ts";
import { openOnnx, requireOnnxRuntime } from "./onnx-runtime.ts";

/**
 * Latents to reconstructions, [items, features], by a model's decoder that was exported.
 *
 * @throws UsageError for a file that holds no decoder, or another model's
 */
export async function decodeWithOnnx(model: Model, latents: DecodedLatents, path: string): Promise<Float32Array> {
  const { bytes } = await openOnnxFile(path, { external: "find" });
  requireDecoderOf(
    model,
    path,
    namingFile(path, () => describeOnnx(bytes)),
  );
  const session = await openOnnx(await requireOnnxRuntime(", or decode without --onnx"), path);
  try {
    return await decodeInBatches(latents, async (data, size) => {
      const { reconstruction } = await session.run({ z: { shape: [size, latents.dims], data } });
      if (reconstruction?.data.length !== size * featureCount(modelConfig(model))) {
        throw new UsageError(`${path} makes items of another shape than the model`);
      }
      return reconstruction.data;
    });
  } finally {
    await session.release();
  }
}

function requireDecoderOf(model: Model, path: string, { inputs, outputs, metadata }: OnnxDescription): void {
  const names = (ports: OnnxDescription["inputs"]) => ports.map(({ name }) => name).join(", ");
  if (names(inputs) !== "z" || !outputs.some(({ name }) => name === "reconstruction")) {
    throw new UsageError(`${path} is no decoder (z -> reconstruction): it makes ${names(outputs)} of ${names(inputs)}`);
  }
  const values = metadata["isthmus.values"];
  if (values !== undefined) {
    throw new UsageError(`${path} gives items as ${values}, decode takes them as the network gives them`);
  }
  const hash = metadata["isthmus.decoder_hash"];
  const { decoder } = modelHashes(model);
  if (hash !== undefined && hash !== decoder) {
    throw new UsageError(
      `${path} was exported from another model (decoder ${hash.slice(0, 16)}, this model's is ${decoder.slice(0, 16)})`,
    );
  }
}
