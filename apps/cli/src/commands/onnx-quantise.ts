import { precisions } from "@isthmus/onnx";
import type { Command } from "commander";
import type { Report } from "../console.ts";
import { openOnnxFile } from "../onnx-files.ts";
import { buildOption, outOption } from "../options.ts";
import { requireWritable, writeResult } from "../outputs.ts";
import {
  checkPrecisionOptions,
  PRECISION_NOTES,
  precisionOption,
  type PrecisionOptions,
  reduceFile,
  withPrecisionOptions,
} from "../precision.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

type QuantiseOptions = PrecisionOptions & { readonly out: string };

export function quantiseCommand(context: Context): Command {
  const command = describeCommand({
    name: "quantise",
    summary: "Write an ONNX file, whoever exported it, in float16 or int8, and measure what that costs.",
    notes: [...PRECISION_NOTES, "A file of an older operator set can be imported and exported again."],
    examples: [
      "isthmus onnx quantise decoder.onnx --precision int8-weights -o small.onnx",
      "isthmus onnx quantise encoder.onnx --precision int8 --calibrate mnist -o int8.onnx",
    ],
  }).argument("<file>", "ONNX file of operator set 13 to 21, in float32");
  const precision = precisionOption(precisions.filter((name) => name !== "float32")).makeOptionMandatory();
  return withPrecisionOptions(command, precision)
    .addOption(buildOption())
    .addOption(outOption("the ONNX file to write"))
    .action(reporting(context, (path: string, options: QuantiseOptions) => quantise(context, path, options)));
}

async function quantise({ console }: Context, path: string, options: QuantiseOptions): Promise<Report> {
  checkPrecisionOptions(options);
  await requireWritable(options.out, [path]);
  const { bytes, json, lines } = await reduceFile(console, { ...(await openOnnxFile(path)), path }, options);
  await writeResult(console, options.out, bytes);
  const [size, ...others] = lines;
  return { json: { file: path, out: options.out, ...json }, lines: [`${options.out}, ${size}`, ...others] };
}
