import { bundleFloatEncoder } from "@isthmus/deploy";
import type { Command } from "commander";
import { describeBundle } from "../bundles.ts";
import { grouped, type Report } from "../console.ts";
import { checkedByUser } from "../errors.ts";
import { int8Bundle, type Int8Options, withInt8Options } from "../int8-encoder.ts";
import { openModel } from "../model-files.ts";
import { isNamed, outOption, requireOnly } from "../options.ts";
import { requireWritable, writeResult } from "../outputs.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface BundleOptions extends Int8Options {
  readonly int8?: boolean;
  readonly out: string;
}

export function bundleCommand(context: Context): Command {
  const command = describeCommand({
    name: "bundle",
    summary:
      "Write a model's encoder for devices: an .isthb file for loadEncoder of @isthmus/edge, without the decoder.",
    notes: [
      "The encoder is in float32, or with --int8 in weights and values of one byte, calibrated on --calibrate; either way the same bytes on every device.",
      "Layers: dense and convolutional ones with relu, sigmoid, tanh or softplus, and pools; in float32 also GDN and the usual activations of imported networks.",
    ],
    examples: [
      "isthmus bundle m.safetensors -o encoder.isthb",
      "isthmus bundle m.safetensors --int8 --calibrate mnist -o encoder.isthb",
    ],
  })
    .argument("<model>", "model file")
    .option("--int8", "weights and values of one byte in place of float32; needs --calibrate");
  return withInt8Options(command)
    .addOption(outOption("the bundle to write"))
    .action(reporting(context, (path: string, options: BundleOptions) => bundle(context, path, options)));
}

async function bundle(
  { console }: Context,
  path: string,
  { int8 = false, out, ...options }: BundleOptions,
): Promise<Report> {
  const { calibrate, quality } = options;
  if (!int8) requireOnly(false, options, ["calibrate"], "--int8");
  await requireWritable(out, calibrate === undefined || isNamed(calibrate) ? [path] : [path, calibrate]);
  const bytes = int8 ? await int8Bundle(console, path, options) : await floatBundle(path, quality);
  await writeResult(console, out, bytes);
  const described = await describeBundle(bytes);
  const sections = Object.entries(described["sections"] as Readonly<Record<string, number>>);
  return {
    json: { out, bytes: bytes.length, ...described },
    lines: [
      `encoder in ${described["weights"] as string} -> ${out} (${grouped(bytes.length)} bytes)`,
      ...sections.map(([name, size]) => `${name.padEnd(10)} ${grouped(size).padStart(10)} bytes`),
      `model ${described["modelId"] as string}, ${described["samples"] as number} samples to ${described["dims"] as number} symbols`,
    ],
  };
}

async function floatBundle(path: string, quality: number): Promise<Uint8Array> {
  const model = await openModel(path);
  return checkedByUser(() => bundleFloatEncoder(model, { quality }));
}
