import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportOnnx } from "@isthmus/onnx";
import { encoder, encoderWeights, LAYERS } from "./encoder.ts";

/** Writes what peers need of the encoder: `encoder.onnx`, and the weights one after the other as `encoder.f32`. */
export async function writeEncoder(folder: string): Promise<void> {
  const parameters = Object.fromEntries(
    Object.entries(encoderWeights).map(([name, data]) => [name, { shape: encoder.state[name]!.shape, data }]),
  );
  await writeFile(join(folder, "encoder.onnx"), exportOnnx(encoder, parameters, { graphName: "encoder" }));
  const weights = LAYERS.flatMap((layer) => [encoderWeights[`${layer}.kernel`]!, encoderWeights[`${layer}.bias`]!]);
  await writeFile(join(folder, "encoder.f32"), Float32Array.from(weights.flatMap((one) => [...one])));
}
