import { IsthmusError } from "@isthmus/math";
import type { Stats } from "node:fs";
import { lstat, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Chunked } from "../chunked.ts";
import type { OnnxDraft } from "../draft.ts";
import { MOST_BYTES } from "../file-limit.ts";
import { writeDirectly, writeTogether } from "./write-together.ts";

export interface WriteOnnxOptions {
  /**
   * Whether the weights lie in a file of their own, called as the model's with `.data` behind it: `always`, `never`, or `auto`: where
   * one file would have more than `largestFile` bytes. Default: `auto`.
   */
  readonly externalData?: "auto" | "never" | "always";
  /** Default: what protobuf allows, 2 GiB, less 16 MiB, so that there is room for what a tool adds. */
  readonly largestFile?: number;
  /**
   * Is given the path of the written model, its data beside it, before it is put in its place; throws if it must not be. It lies in a folder
   * of its own until then, under its own name.
   */
  readonly check?: (path: string) => Promise<void>;
  readonly onProgress?: (progress: WriteProgress) => void;
  readonly signal?: AbortSignal;
}

export interface WriteProgress {
  /** Bytes. */
  readonly written: number;
  readonly total: number;
}

/** What was written where, in bytes. */
export interface WrittenOnnx {
  readonly path: string;
  readonly bytes: number;
  /** The file with the weights, where they have one. */
  readonly data?: { readonly path: string; readonly bytes: number };
}

const LARGEST_FILE = MOST_BYTES - 2 ** 24;

/**
 * Writes an ONNX model piece by piece. Readers find the old file or the new one whole, and with data beside it both or neither: what is
 * not finished, aborted or refused by `check` leaves the old ones and nothing else. A link to a file stays a link, and a device or pipe
 * is written to directly.
 *
 * @throws RangeError bad options; `never` with a model that no single file holds; data beside a link, a device or a pipe
 * @throws IsthmusError `FILE_WRITE`; what `check` throws and the signal's reason pass through
 */
export async function writeOnnxFile(
  path: string,
  draft: OnnxDraft,
  options: WriteOnnxOptions = {},
): Promise<WrittenOnnx> {
  const { model, data } = partsOf(path, draft, options);
  const { check, signal } = options;
  const watched = watching(model.length + (data?.length ?? 0), options);
  const target = await targetOf(path, data !== undefined);
  if (target === undefined) {
    if (check) throw new RangeError(`"path" expected a file that "check" can look at, got ${path}`);
    await writeDirectly(path, watched(model));
    return { path, bytes: model.length };
  }
  const [folder, name] = [dirname(target), basename(target)];
  await writeTogether({
    folder,
    files: [...(data ? [{ name: dataName(path), chunks: watched(data) }] : []), { name, chunks: watched(model) }],
    check: async (fresh) => {
      await check?.(join(fresh, name));
      signal?.throwIfAborted();
    },
  });
  const beside = data && { path: join(dirname(path), dataName(path)), bytes: data.length };
  return { path, bytes: model.length, ...(beside && { data: beside }) };
}

/** What the file with the weights is called. */
const dataName = (path: string): string => `${basename(path)}.data`;

interface Parts {
  readonly model: Chunked;
  readonly data?: Chunked;
}

function partsOf(path: string, draft: OnnxDraft, options: WriteOnnxOptions): Parts {
  const { externalData = "auto", largestFile = LARGEST_FILE } = options;
  if (!["auto", "never", "always"].includes(externalData)) {
    throw new RangeError(`"externalData" expected auto, never or always, got ${String(externalData)}`);
  }
  if (!Number.isSafeInteger(largestFile) || largestFile < 0 || largestFile > MOST_BYTES) {
    throw new RangeError(`"largestFile" expected a whole number from 0 to ${MOST_BYTES}, got ${String(largestFile)}`);
  }
  const whole = draft.whole();
  const isApart = externalData === "always" || (externalData === "auto" && whole.length > largestFile);
  const { model, data } = isApart ? draft.apart(dataName(path)) : { model: whole, data: undefined };
  if (model.length > MOST_BYTES) {
    const given =
      externalData === "never" ? ` and "externalData" never; auto and always write the weights beside it` : "";
    throw new RangeError(`"draft" expected at most ${MOST_BYTES} bytes in an ONNX file, got ${model.length}${given}`);
  }
  return data && data.length > 0 ? { model, data } : { model };
}

/** The chunks of files, told of and stopped between them. */
function watching(total: number, { onProgress, signal }: WriteOnnxOptions): (file: Chunked) => Iterable<Uint8Array> {
  let written = 0;
  return function* (file) {
    for (const chunk of file.chunks()) {
      signal?.throwIfAborted();
      yield chunk;
      written += chunk.length;
      onProgress?.({ written, total });
    }
  };
}

/** The file to replace, behind a link perhaps; undefined for a device or a pipe. */
async function targetOf(path: string, hasData: boolean): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  requireNoFolder(path, found);
  const isOrdinary = found?.isFile() ?? true;
  if (!hasData) return isOrdinary ? await realpath(path).catch(() => path) : undefined;
  const link = await lstat(path).catch(() => undefined);
  if (!isOrdinary || link?.isSymbolicLink()) {
    throw new RangeError(`"path" expected an ordinary file, beside which data can lie, got ${path}`);
  }
  const data = join(dirname(path), dataName(path));
  requireNoFolder(data, await lstat(data).catch(() => undefined));
  return path;
}

function requireNoFolder(path: string, found: Stats | undefined): void {
  if (!found?.isDirectory()) return;
  throw new IsthmusError("FILE_WRITE", `cannot write ${path}: it is a folder`, { path, reason: "EISDIR" });
}
