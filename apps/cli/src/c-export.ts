/** `isthmus export --to c`: an encoder in int8 as one C99 header. */
import { UsageError } from "@isthmus/command-line/node";
import { readFileBytes } from "@isthmus/data/node";
import { cHeader } from "@isthmus/deploy";
import { readBundle } from "@isthmus/edge";
import { basename } from "node:path";
import type { Context } from "./commands/command.ts";
import { grouped, type Report } from "./console.ts";
import { checkedByUser, namingFile } from "./errors.ts";
import { fileKind } from "./file-kinds.ts";
import { ENOUGH_ITEMS, int8Bundle } from "./int8-encoder.ts";
import { isNamed, requireOnly } from "./options.ts";
import { requireWritable, writeResult } from "./outputs.ts";

export interface CExportOptions {
  readonly calibrate?: string;
  readonly items?: number;
  readonly batch?: number;
  readonly dataDir?: string;
  readonly build?: string;
  readonly precision?: string;
  readonly out: string;
}

/** What only ONNX files have. */
const OF_ONNX = [
  "all",
  "opset",
  "profile",
  "layout",
  "uint8Io",
  "dataUnits",
  "sample",
  "outputs",
  "license",
  "golden",
  "externalData",
  "weightBits",
  "activations",
] as const;

export async function exportC(
  { console }: Context,
  path: string,
  options: CExportOptions & Partial<Readonly<Record<(typeof OF_ONNX)[number] | "part", unknown>>>,
): Promise<Report> {
  const { out, calibrate, batch = 1 } = options;
  requireOnly(false, options, OF_ONNX, "--to onnx");
  const { part = "encoder", precision = "int8" } = options;
  if (precision !== "int8") {
    throw new UsageError(`--to c writes int8, not --precision ${precision}`);
  }
  if (part !== "encoder") throw new UsageError(`--to c writes encoders, not --part ${String(part)}`);
  await requireWritable(out, calibrate === undefined || isNamed(calibrate) ? [path] : [path, calibrate]);
  const bytes = await bundleOf(console, path, options);
  const bundle = namingFile(path, () => readBundle(bytes));
  const { text, flashBytes, ramBytes, sessions } = checkedByUser(() => cHeader(bundle, { maxItems: batch }));
  const header = new TextEncoder().encode(text);
  await writeResult(console, out, header);
  return {
    json: {
      out,
      bytes: header.length,
      samples: bundle.plan.input.length,
      dims: bundle.dims,
      flashBytes,
      ramBytes,
      sessions,
    },
    lines: [
      `encoder in int8 -> ${out} (C99, ${grouped(header.length)} bytes of text)`,
      `flash  ${grouped(flashBytes)} bytes of constants, and the code`,
      `RAM    ${grouped(ramBytes)} bytes, for ${batch === 1 ? "one item" : `${batch} items`} at once, and the stack`,
      `with ISTHMUS_SESSIONS, for packets: ${grouped(sessions.flashBytes)} bytes of constants more, and ${grouped(sessions.ramBytes)} bytes of RAM`,
      `in one source file: #define ISTHMUS_IMPLEMENTATION, then #include "${basename(out)}"`,
    ],
  };
}

async function bundleOf(
  console: Context["console"],
  path: string,
  { calibrate, items, dataDir, build }: CExportOptions,
): Promise<Uint8Array> {
  const bytes = await readFileBytes(path);
  if (fileKind(bytes) === "an .isthb bundle") {
    requireOnly(false, { calibrate, items, build }, ["calibrate", "items", "build"], "a model; a bundle is calibrated");
    return bytes;
  }
  const data = { ...(calibrate !== undefined && { calibrate }), ...(dataDir !== undefined && { dataDir }) };
  return await int8Bundle(console, path, { ...data, build: build ?? "auto", items: items ?? ENOUGH_ITEMS, quality: 0 });
}
