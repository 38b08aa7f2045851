import { IsthmusError } from "@isthmus/math";
import { constants } from "node:fs";
import { type FileHandle, open, readFile, realpath } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { decodeModel } from "../decode.ts";
import type { OnnxFile } from "../import/import-model.ts";
import { externalTensors, outside, requireInside } from "../import/external.ts";
import { invalid } from "../invalid.ts";
import type { ExternalData } from "../messages.ts";

/**
 * An ONNX file with the data that lie beside it. Only ordinary files in the model's own folder are read, and of them the
 * parts that tensors name; together no more than these files are large.
 *
 * @throws IsthmusError `FILE_READ`; `ONNX_INVALID` bytes that are no ONNX file, data that lie elsewhere, behind a link, or
 *   are not that long
 */
export async function readOnnxFile(path: string): Promise<OnnxFile> {
  const bytes = new Uint8Array(await reading(path, () => readFile(path)));
  const tensors = externalTensors(decodeModel(bytes));
  if (tensors.length === 0) return { bytes };
  const folder = await reading(path, () => realpath(dirname(path)));
  const parts = await readParts(folder, tensors);
  return { bytes, external: (data) => parts.get(keyOf(data)) ?? new Uint8Array() };
}

const keyOf = ({ location, offset, length }: ExternalData): string => `${offset} ${length ?? "end"} ${location}`;

/** Each part of each file once. */
async function readParts(folder: string, tensors: readonly ExternalData[]): Promise<Map<string, Uint8Array>> {
  const distinct = [...new Map(tensors.map((data) => [keyOf(data), data])).values()];
  const parts = new Map<string, Uint8Array>();
  for (const location of new Set(distinct.map((data) => data.location))) {
    const file = await openInside(folder, location);
    try {
      const { size } = await file.stat();
      const places = distinct.filter((data) => data.location === location);
      requireNoMore(location, size, places);
      for (const place of places) parts.set(keyOf(place), await readPart(file, place, size));
    } finally {
      await file.close();
    }
  }
  return parts;
}

const lengthOf = ({ offset, length }: ExternalData, size: number): number => length ?? Math.max(0, size - offset);

/** Tensors that lie over each other would make more of a file than it holds. */
function requireNoMore(location: string, size: number, places: readonly ExternalData[]): void {
  const end = places.find((place) => place.offset + lengthOf(place, size) > size);
  const total = places.reduce((sum, place) => sum + lengthOf(place, size), 0);
  if (end === undefined && total <= size) return;
  const what = end ? `reach to byte ${end.offset + lengthOf(end, size)}` : `take ${total} bytes`;
  throw invalid(`external data ${what} of "${location}", which has ${size}`, { location, size });
}

async function openInside(folder: string, location: string): Promise<FileHandle> {
  requireInside(location);
  const path = join(folder, location);
  const real = await reading(path, () => realpath(path));
  if (real !== path || !real.startsWith(folder + sep)) throw outside(location);
  const file = await reading(path, () => open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw outside(location);
}

async function readPart(file: FileHandle, place: ExternalData, size: number): Promise<Uint8Array> {
  const { location, offset } = place;
  const bytes = new Uint8Array(lengthOf(place, size));
  for (let done = 0; done < bytes.length;) {
    const count = Math.min(PIECE, bytes.length - done);
    const { bytesRead } = await reading(location, () => file.read(bytes, done, count, offset + done));
    if (bytesRead === 0) throw invalid(`"${location}" became shorter while it was read`, { location, offset });
    done += bytesRead;
  }
  return bytes;
}

/** One read takes less than 2 GiB. */
const PIECE = 2 ** 30;

/** Runs a file operation; a system error becomes one line that names the file. */
async function reading<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new IsthmusError(
      "FILE_READ",
      `cannot read ${path}: ${(cause as Error).message}`,
      { path, reason: code },
      { cause },
    );
  }
}
