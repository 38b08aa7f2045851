import { UsageError } from "@isthmus/command-line/node";
import type { OnnxDraft, OnnxFile } from "@isthmus/onnx";
import {
  readOnnxFile,
  type ReadOnnxOptions,
  writeOnnxFile,
  type WriteOnnxOptions,
  type WrittenOnnx,
} from "@isthmus/onnx/node";
import { Option } from "commander";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Console } from "./console.ts";
import { namingFileAsync } from "./errors.ts";
import { isOrdinary, writeResult } from "./outputs.ts";
import { ProgressLine, shareText } from "./progress.ts";

/** An ONNX file with the data that lie beside it; what is wrong with it is told with its name. */
export function openOnnxFile(path: string, options?: ReadOnnxOptions): Promise<OnnxFile> {
  return namingFileAsync(path, () => readOnnxFile(path, options));
}

export type ExternalDataChoice = NonNullable<WriteOnnxOptions["externalData"]>;

export function externalDataOption(): Option {
  return new Option("--external-data <when>", "weights in a file of their own, <out>.data; auto: above 2 GiB")
    .choices(["auto", "never", "always"])
    .default("auto");
}

/** More than an ONNX file can have. */
const TOO_MANY_BYTES = 2 ** 31;

/** Refuses a model that no single file holds; `instead` is what can be done. */
export function requireOneFile(draft: OnnxDraft, instead: string): void {
  const { length } = draft.whole();
  if (length < TOO_MANY_BYTES) return;
  throw new UsageError(`the model has ${length} bytes, and no ONNX file holds more than 2 GiB; ${instead}`);
}

/** The file with the weights of an earlier model of that path, where one still lies there. */
export async function dataLeftBeside(path: string): Promise<string[]> {
  const data = `${path}.data`;
  return (await stat(data).catch(() => undefined))?.isFile() ? [data] : [];
}

export interface DraftWriting {
  readonly externalData: ExternalDataChoice;
  /** Looks at what is to be written, in a file or in memory, before it is; throws if it must not be. */
  readonly check?: (source: string | Uint8Array) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Writes a model whole or not at all, its weights beside it where it is too large for one file or they are asked for there. */
export async function writeDraft(
  console: Console,
  path: string,
  draft: OnnxDraft,
  { externalData, check, signal }: DraftWriting,
): Promise<WrittenOnnx> {
  const isFile = await isOrdinary(path);
  if (!isFile) {
    if (externalData === "always") throw new UsageError(`--external-data expected --out to name a file, got ${path}`);
    requireOneFile(draft, "its weights go beside a file");
    const bytes = Buffer.concat([...draft.whole().chunks()]);
    await check?.(bytes);
    await writeResult(console, path, bytes);
    return { path, bytes: bytes.length };
  }
  if (externalData === "never") requireOneFile(draft, "--external-data auto writes its weights beside it");
  const progress = new ProgressLine(console);
  try {
    return await writeOnnxFile(path, draft, {
      externalData,
      signal,
      check: async (at) => {
        progress.clear();
        await check?.(at);
      },
      onProgress: ({ written, total }) => progress.show(() => `${basename(path)} ${shareText(written / total)}`),
    });
  } finally {
    progress.clear();
  }
}
