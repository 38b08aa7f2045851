import type { SelectedEngine } from "@isthmus/backend";
import { decodeInBatches, type DecodedLatents, decodeItems, decodeStreamLatents } from "@isthmus/compress";
import { readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import { type Model, modelHashes } from "@isthmus/graph";
import { featureCount } from "@isthmus/models";
import { describeOnnx, type OnnxDescription } from "@isthmus/onnx";
import { type Command, Option } from "commander";
import { type Console, grouped, type Report } from "../console.ts";
import { decodedWriter } from "../decoded.ts";
import { type EngineChoice, toRun, withEngine } from "../engines.ts";
import { namingFile, UsageError } from "../errors.ts";
import { modelConfig, openModel } from "../model-files.ts";
import { openOnnxFile } from "../onnx-files.ts";
import { openOnnx, requireOnnxRuntime } from "../onnx-runtime.ts";
import { buildOption, engineOption, outOption } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface DecodeOptions {
  readonly onnx?: string;
  readonly lost: "refuse" | "replace";
  readonly engine?: EngineChoice;
  readonly build: string;
  readonly out: string;
}

export function decodeCommand(context: Context): Command {
  return describeCommand({
    name: "decode",
    summary: "Decode an .isth file to reconstructions in the units of the model's data: .csv, .npy or a .png grid.",
    examples: [
      "isthmus decode table.safetensors table.isth -o y.csv",
      "isthmus decode m.safetensors x.isth --onnx decoder.onnx -o r.npy",
      "isthmus decode m.safetensors x.isth --lost replace -o rescued.png",
    ],
  })
    .argument("<model>", "model file whose encoder made the stream")
    .argument("<stream>", ".isth file")
    .option("--onnx <file>", "run this exported decoder with onnxruntime-node in place of our engine")
    .addOption(
      new Option(
        "--lost <what>",
        "payloads that are damaged, cut off or left out: refuse them, or replace them by medians",
      )
        .choices(["refuse", "replace"])
        .default("refuse"),
    )
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(outOption("y.csv, r.npy, or grid.png"))
    .action(
      reporting(context, (path: string, stream: string, options: DecodeOptions) =>
        decode(context, path, stream, options),
      ),
    );
}

async function decode({ console }: Context, path: string, streamPath: string, options: DecodeOptions): Promise<Report> {
  const model = await openModel(path);
  const { inputShape } = modelConfig(model);
  const write = decodedWriter(options.out, model, inputShape);
  await requireWritable(options.out, [path, streamPath]);
  const stream = await readFileBytes(streamPath);
  const latents = namingFile(streamPath, () => decodeStreamLatents(model, stream, { lost: options.lost }));
  const { values, runtime } = await reconstruct(console, model, latents, options);
  await writeFileAtomic(options.out, write(values, latents.items, latents.streams));
  const shape = [latents.items, ...inputShape];
  const lost = (latents.streams ?? []).flatMap((one) => [...one.lost]);
  return {
    json: {
      ...{ items: latents.items, shape, runtime, out: options.out },
      ...(lost.length > 0 && { lost: lost.map((one) => ({ ...one, channels: [...one.channels] })) }),
    },
    lines: [
      ...lost.map(({ frame, payload, state }) => `frame ${frame}: payload ${payload} is ${state}, replaced by medians`),
      `${grouped(latents.items)} items of shape [${inputShape.join(", ")}] decoded by ${runtime} -> ${options.out}`,
    ],
  };
}

interface Decoded {
  readonly values: Float32Array;
  /** What decoded. */
  readonly runtime: string;
}

async function reconstruct(
  console: Console,
  model: Model,
  latents: DecodedLatents,
  options: DecodeOptions,
): Promise<Decoded> {
  if (options.onnx !== undefined) {
    return { values: await decodeWithOnnx(model, latents, options.onnx), runtime: "onnxruntime-node" };
  }
  const decoded = async (engine: SelectedEngine): Promise<Decoded> => ({
    values: await decodeItems(engine, model, latents),
    runtime: engine.selection.engine,
  });
  return withEngine(options, decoded, toRun("the decoder", model.decoder, console));
}

async function decodeWithOnnx(model: Model, latents: DecodedLatents, path: string): Promise<Float32Array> {
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
