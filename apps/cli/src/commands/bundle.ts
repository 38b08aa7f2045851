import type { Command } from "commander";
import { describeBundle } from "../bundles.ts";
import { grouped, type Report } from "../console.ts";
import { UsageError } from "../errors.ts";
import { int8Bundle, type Int8Options, withInt8Options } from "../int8-encoder.ts";
import { isNamed, outOption } from "../options.ts";
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
      "The encoder is in int8: weights and values of one byte, calibrated on --calibrate, the same bytes on every device.",
      "Layers: dense and convolutional ones with relu, sigmoid, tanh or softplus, and pools.",
    ],
    examples: ["isthmus bundle m.safetensors --int8 --calibrate mnist -o encoder.isthb"],
  })
    .argument("<model>", "model file")
    .option("--int8", "weights and values of one byte; needs --calibrate (the only form there is yet)");
  return withInt8Options(command)
    .addOption(outOption("the bundle to write"))
    .action(reporting(context, (path: string, options: BundleOptions) => bundle(context, path, options)));
}

async function bundle(
  { console }: Context,
  path: string,
  { int8 = false, out, ...options }: BundleOptions,
): Promise<Report> {
  if (!int8) throw new UsageError("bundles are in int8 only as yet: add --int8 and --calibrate");
  const { calibrate } = options;
  await requireWritable(out, calibrate === undefined || isNamed(calibrate) ? [path] : [path, calibrate]);
  const bytes = await int8Bundle(console, path, options);
  await writeResult(console, out, bytes);
  const described = await describeBundle(bytes);
  const sections = Object.entries(described["sections"] as Readonly<Record<string, number>>);
  return {
    json: { out, bytes: bytes.length, ...described },
    lines: [
      `encoder in int8 -> ${out} (${grouped(bytes.length)} bytes)`,
      ...sections.map(([name, size]) => `${name.padEnd(10)} ${grouped(size).padStart(10)} bytes`),
      `model ${described["modelId"] as string}, ${described["samples"] as number} samples to ${described["dims"] as number} symbols`,
    ],
  };
}
