import { decodeLossless, type LosslessItems, notesOf } from "@isthmus/codec";
import { UsageError } from "@isthmus/command-line/node";
import { joinTiles, type TileShape } from "@isthmus/compress";
import { writeNpy } from "@isthmus/data";
import { readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import { isImageShape, pngOf } from "@isthmus/plot/png";
import type { Command } from "commander";
import { extname } from "node:path";
import { grouped, type Report } from "../console.ts";
import { namingFile } from "../errors.ts";
import { isBinary, openCoder, type OpenedCoder } from "../lossless-files.ts";
import { requireNewFolder, writeNewFolder } from "../new-folder.ts";
import { outOption } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { ProgressLine } from "../progress.ts";
import { coderOption } from "./compress.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface DecompressOptions {
  readonly model: string;
  readonly out: string;
}

export function decompressCommand(context: Context): Command {
  return describeCommand({
    name: "decompress",
    summary:
      "Bring back what isthmus compress --lossless compressed: a folder of PNG pictures, or a .npy file of bytes.",
    examples: [
      "isthmus decompress digits.isth -m coder.safetensors -o digits.npy",
      "isthmus decompress digits.isth -m coder.safetensors -o photos",
    ],
  })
    .argument("<stream>", ".isth file")
    .addOption(coderOption())
    .addOption(outOption("a folder that is not there yet, or y.npy"))
    .action(reporting(context, (path: string, options: DecompressOptions) => decompress(context, path, options)));
}

async function decompress({ console }: Context, path: string, options: DecompressOptions): Promise<Report> {
  const { out } = options;
  const isNpy = extname(out).toLowerCase() === ".npy";
  if (!isNpy && extname(out) !== "")
    throw new UsageError(`--out expected a folder or a name ending in .npy, got ${out}`);
  const coder = await openCoder(options.model);
  if (isNpy) await requireWritable(out, [path, options.model]);
  else await requireNewFolder(out);
  const bytes = await readFileBytes(path);
  const progress = new ProgressLine(console);
  const onProgress = (items: number): void => progress.show(() => `${grouped(items)} items`);
  const decoded = namingFile(path, () => decodeLossless(bytes, { ...coder, onProgress }));
  progress.clear();
  const pictures = picturesOf(decoded, coder);
  if (isNpy) await writeFileAtomic(out, npyOf(pictures, coder));
  else await writePictures(out, pictures);
  const items = pictures.reduce((sum, one) => sum + one.items, 0);
  return { json: { items, out }, lines: [`${grouped(items)} items, each as it was -> ${out}`] };
}

/** Items of one shape that came out of one stream. */
interface Decoded {
  readonly items: number;
  readonly shape: readonly number[];
  readonly values: Uint8Array;
}

function picturesOf({ streams, pixels, values }: LosslessItems, { file }: OpenedCoder): Decoded[] {
  let at = 0;
  return streams.map(({ items, ancillary }) => {
    const own = values.subarray(at, (at += items * pixels));
    const bytes = isBinary(file) ? own.map((value) => 255 * value) : own;
    const { geometry } = notesOf(ancillary);
    if (!geometry) return { items, shape: file.shape, values: bytes };
    const whole = joinTiles(Float32Array.from(bytes), geometry, file.shape as TileShape);
    return {
      items: 1,
      shape: [geometry.height, geometry.width, geometry.channels],
      values: Uint8Array.from(whole.values),
    };
  });
}

function npyOf(decoded: readonly Decoded[], { file }: OpenedCoder): Uint8Array {
  const shape = decoded[0]?.shape ?? file.shape;
  const other = decoded.find((one) => String(one.shape) !== String(shape));
  if (other) {
    throw new UsageError(
      `the pictures have several sizes, [${shape.join(", ")}] and [${other.shape.join(", ")}]; name a folder`,
    );
  }
  const items = decoded.reduce((sum, one) => sum + one.items, 0);
  return writeNpy({
    shape: [items, ...shape],
    values: new Uint8Array(Buffer.concat(decoded.map(({ values }) => values))),
  });
}

async function writePictures(out: string, decoded: readonly Decoded[]): Promise<void> {
  const strange = decoded.find(({ shape }) => !isImageShape(shape));
  if (strange) throw new UsageError(`items of shape [${strange.shape.join(", ")}] are no pictures; name a .npy file`);
  const total = decoded.reduce((sum, { items }) => sum + items, 0);
  const digits = String(total).length;
  await writeNewFolder(out, async (put) => {
    let count = 0;
    for (const { items, shape, values } of decoded) {
      const [height, width, channels] = shape as TileShape;
      const size = values.length / Math.max(items, 1);
      for (let item = 0; item < items; item++) {
        const pixels = values.subarray(item * size, (item + 1) * size);
        await put(`${String(++count).padStart(digits, "0")}.png`, pngOf({ height, width, channels, pixels }));
      }
    }
  });
}
