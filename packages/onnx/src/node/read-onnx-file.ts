import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { decodeModel } from "../decode.ts";
import { MOST_BYTES } from "../file-limit.ts";
import { externalTensors, outside, requireInside } from "../import/external.ts";
import type { OnnxFile } from "../import/import-model.ts";
import { invalid } from "../invalid.ts";
import type { ExternalData } from "../messages.ts";
import { fileCall } from "./file-call.ts";

export interface ReadOnnxOptions {
  /** What becomes of data that lie beside the model: they are read, only looked for (there, and long enough), or left alone. Default: `read`. */
  readonly external?: "read" | "find" | "leave";
}

/**
 * An ONNX file with the data that lie beside it. Only ordinary files in the model's own folder are read, and of them the
 * parts that tensors name; together no more than these files are large.
 *
 * @throws RangeError bad options
 * @throws IsthmusError `FILE_READ`; `ONNX_INVALID` bytes that are no ONNX file, more of them than protobuf allows, data that
 *   lie elsewhere, behind a link, or are not that long
 */
export async function readOnnxFile(path: string, { external = "read" }: ReadOnnxOptions = {}): Promise<OnnxFile> {
  if (!["read", "find", "leave"].includes(external)) {
    throw new RangeError(`"external" expected read, find or leave, got ${String(external)}`);
  }
  const bytes = await readModelBytes(path);
  const tensors = externalTensors(decodeModel(bytes));
  if (tensors.length === 0 || external === "leave") return { bytes };
  const folder = await fileCall("FILE_READ", path, () => realpath(dirname(path)));
  const parts = new Map<string, Uint8Array>();
  await visitFiles(folder, tensors, async (file, size, places) => {
    if (external === "find") return;
    for (const place of places) parts.set(keyOf(place), await readPart(file, place, size));
  });
  if (external === "find") return { bytes };
  return { bytes, external: (data) => parts.get(keyOf(data)) ?? new Uint8Array() };
}

async function readModelBytes(path: string): Promise<Uint8Array> {
  const file = await fileCall("FILE_READ", path, () => open(path));
  try {
    const { size } = await file.stat();
    if (size > MOST_BYTES) {
      throw invalid(`the file has ${size} bytes; protobuf allows ${MOST_BYTES}, larger weights belong beside it`, {
        size,
      });
    }
    return new Uint8Array(await fileCall("FILE_READ", path, () => file.readFile()));
  } finally {
    await file.close();
  }
}

const keyOf = ({ location, offset, length }: ExternalData): string => `${offset} ${length ?? "end"} ${location}`;

type Visit = (file: FileHandle, size: number, places: readonly ExternalData[]) => Promise<void>;

/** Opens each file once, with the places in it that tensors name, each once. */
async function visitFiles(folder: string, tensors: readonly ExternalData[], visit: Visit): Promise<void> {
  const distinct = [...new Map(tensors.map((data) => [keyOf(data), data])).values()];
  for (const location of new Set(distinct.map((data) => data.location))) {
    const file = await openInside(folder, location);
    try {
      const { size } = await file.stat();
      const places = distinct.filter((data) => data.location === location);
      requireNoMore(location, size, places);
      await visit(file, size, places);
    } finally {
      await file.close();
    }
  }
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
  const real = await fileCall("FILE_READ", path, () => realpath(path));
  if (real !== path || !real.startsWith(folder + sep)) throw outside(location);
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await fileCall("FILE_READ", path, () => open(path, flags));
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw outside(location);
}

/** One array holds no more. */
const MOST_OF_A_PART = 2 ** 32;

/** One read takes less than 2 GiB. */
const PIECE = 2 ** 30;

async function readPart(file: FileHandle, place: ExternalData, size: number): Promise<Uint8Array> {
  const { location, offset } = place;
  const length = lengthOf(place, size);
  if (length > MOST_OF_A_PART) throw invalid(`a tensor takes ${length} bytes of "${location}"`, { location, offset });
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const count = Math.min(PIECE, length - done);
    const { bytesRead } = await fileCall("FILE_READ", location, () => file.read(bytes, done, count, offset + done));
    if (bytesRead === 0) throw invalid(`"${location}" became shorter while it was read`, { location, offset });
    done += bytesRead;
  }
  return bytes;
}
