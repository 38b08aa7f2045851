import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Dataset, itemSize } from "@isthmus/data";
import { pngGrid } from "@isthmus/plot/png";
import { encode as encodePng } from "fast-png";

/** Puts the first pictures of a data set into a folder, as a camera would: each whole under its name, or not at all. Resolves to their bytes. */
export async function takePictures(folder: string, digits: Dataset, count: number): Promise<number> {
  await mkdir(folder, { recursive: true });
  const [height, width] = digits.shape as [number, number];
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const png = encodePng({ width, height, channels: 1, depth: 8, data: pixelsOf(digits, i) }, { zlib: { level: 9 } });
    const path = join(folder, pictureName(i));
    await writeFile(`${path}.part`, png);
    await rename(`${path}.part`, path);
    bytes += png.length;
  }
  return bytes;
}

function pictureName(index: number): string {
  return `picture-${String(index).padStart(3, "0")}.png`;
}

function pixelsOf(digits: Dataset, index: number): Uint8Array {
  const size = itemSize(digits);
  return digits.values.slice(index * size, (index + 1) * size) as Uint8Array;
}

/** Each picture above what came back of it, in two lines of so many: a PNG. */
export function beforeAndAfter(digits: Dataset, decoded: readonly (readonly number[])[]): Uint8Array {
  const size = itemSize(digits);
  const values = new Float32Array(2 * decoded.length * size);
  decoded.forEach((pixels, i) => {
    values.set(
      Float32Array.from(pixelsOf(digits, i), (byte) => byte / 255),
      i * size,
    );
    values.set(
      pixels.map((byte) => byte / 255),
      (decoded.length + i) * size,
    );
  });
  return pngGrid({ shape: digits.shape, values }, { columns: decoded.length });
}
