import { decodeInBatches, decodePictures, joinTiles, tileShape } from "@isthmus/compress";
import { bundleFloatEncoder } from "@isthmus/deploy";
import type { Model } from "@isthmus/graph";
import { exportModelPart } from "@isthmus/onnx";
import { createWasmEngine, type WasmEngine } from "@isthmus/wasm";
import onnxruntime, { type InferenceSession } from "onnxruntime-node";
import { itemsAtOnce } from "./model-facts.ts";
import type { Given } from "./task.ts";

/** The networks of a model whose streams are latents, made when they are first used. */
export class LatentNetworks {
  private readonly model: Model;
  private session: Promise<InferenceSession> | undefined;
  private engine: Promise<WasmEngine> | undefined;

  constructor(model: Model) {
    this.model = model;
  }

  async decode({ latents: values, items }: Given<"decode">): Promise<Float32Array> {
    const session = await (this.session ??= openDecoder(this.model));
    const dims = values.length / items;
    const run = async (z: Float32Array, size: number): Promise<Float32Array> => {
      const { reconstruction } = await session.run({ z: new onnxruntime.Tensor("float32", z, [size, dims]) });
      return reconstruction!.data as Float32Array;
    };
    return await decodeInBatches({ items, dims, values }, run, itemsAtOnce(this.model.decoder));
  }

  /** By our own engine where the networks ran over the picture as one, which needs programs of the picture's size. */
  async picture({ latents: values, items, geometry, seamless }: Given<"picture">): Promise<Float32Array> {
    if (!seamless)
      return joinTiles(await this.decode({ latents: values, items }), geometry, tileShape(this.model)).values;
    const engine = await (this.engine ??= createWasmEngine({ threads: 1 }));
    const streams = [{ items, quality: 0, lost: [], geometry, seamless }];
    const latents = { items, dims: values.length / items, values, streams };
    const { value } = await decodePictures(engine, this.model, latents).next();
    return value!.values;
  }

  /** @throws IsthmusError `DEPLOY_OPERATION`, RangeError for an encoder that devices cannot run */
  async bundle({ quality }: Given<"bundle">): Promise<Uint8Array> {
    return bundleFloatEncoder(this.model, { quality });
  }

  async close(): Promise<void> {
    await (await this.session)?.release();
    (await this.engine)?.dispose();
  }
}

/** On one thread: several processes decode beside each other, and the batch is small. */
async function openDecoder(model: Model): Promise<InferenceSession> {
  const file = exportModelPart(model, "decoder", { golden: false, outputs: ["reconstruction"] });
  return await onnxruntime.InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });
}
