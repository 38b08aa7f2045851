/** Decodes away from the page's own thread, on our engine; loaded when it is asked for and not before. */
import { dequantise, uniformQuantiser } from "@isthmus/codec";
import { latentDims, type Network, openNetwork } from "@isthmus/compress";
import { describedShape, parseDescription } from "@isthmus/data";
import { type LatentCoding, type Model, modelHashes, readModelFile } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { createWasmEngine } from "@isthmus/wasm";
import { hex } from "../hex.ts";
import { answerWith } from "../rpc.ts";
import { type ItemShape, shapeOf } from "../shape.ts";
import type { DecoderFacts, DecoderMethods } from "./protocol.ts";

interface Loaded {
  readonly model: Model;
  readonly network: Network;
}

let loaded: Loaded | undefined;

async function load(file: Uint8Array): Promise<DecoderFacts> {
  const model = readModelFile(file);
  if (!model.coding) throw new IsthmusError("MODEL_NO_CODING", "the model holds no frequency tables");
  const engine = await createWasmEngine({ build: "simd128" });
  loaded = { model, network: await openNetwork(engine, model.decoder, model.parameters) };
  return { model: hex(modelHashes(model).id), dims: latentDims(model), shape: itemShape(model) };
}

function itemShape({ data, config }: Model): ItemShape {
  if (!data) return shapeOf(config["inputShape"] as number[]);
  const description = parseDescription(data);
  const sizes = describedShape(description);
  if (description.item.kind !== "table") return shapeOf(sizes);
  return { kind: "series", length: sizes.reduce((product, size) => product * size) };
}

async function decode(code: Parameters<DecoderMethods["decode"]>[0]): Promise<Float32Array> {
  if (!loaded) throw new Error("no decoder is loaded");
  const { reconstruction } = await loaded.network.run({ z: middles(loaded.model.coding!, code) });
  return reconstruction!;
}

/** What the decoder is given for the bins that the symbols name. */
function middles(
  { steps, offsets, gains, qualities = 1 }: LatentCoding,
  { symbols, quality }: Parameters<DecoderMethods["decode"]>[0],
): Float32Array {
  const channels = steps.length / qualities;
  const [from, to] = [quality * channels, (quality + 1) * channels];
  const widths = gains ? steps.map((step, i) => step * gains[i]!) : steps;
  return dequantise(symbols, uniformQuantiser(widths.subarray(from, to), offsets.subarray(from, to)));
}

answerWith({ load, decode } satisfies DecoderMethods);
