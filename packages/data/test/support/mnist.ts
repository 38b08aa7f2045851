import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { writeIdx } from "../../src/index.ts";
import type { MnistOptions } from "../../src/node.ts";
import { temporaryFolder } from "./folder.ts";

const BESIDE = fileURLToPath(new URL("../../../../../shared/data", import.meta.url));

/** A folder with the real digits, or undefined: the tests that need them are then skipped. */
export const MNIST_FOLDER: string | undefined = [process.env["ISTHMUS_DATA"], BESIDE].find(
  (folder) =>
    folder !== undefined &&
    ["", "mnist"].some((inner) => existsSync(join(folder, inner, "train-images-idx3-ubyte.gz"))),
);

/** Options that look nowhere outside a fresh folder and ask no network. */
export async function nowhere(): Promise<Required<Pick<MnistOptions, "cwd" | "cacheDir" | "env" | "mirrors">>> {
  const cwd = await temporaryFolder();
  return { cwd, cacheDir: join(cwd, "cache"), env: {}, mirrors: [] };
}

/** A set of two items: the uncompressed files. */
export const IMAGES: Uint8Array = writeIdx({
  type: "u8",
  shape: [2, 28, 28],
  values: new Uint8Array(2 * 784).fill(51),
});
export const LABELS: Uint8Array = writeIdx({ type: "u8", shape: [2], values: Uint8Array.of(7, 2) });

/** Writes a two-item test set to `folder`. */
export async function writeSmall(
  folder: string,
  { images = IMAGES, labels = LABELS, gzip = false } = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const [pack, end] = gzip ? [gzipSync, ".gz"] : [(bytes: Uint8Array) => bytes, ""];
  await writeFile(join(folder, `t10k-images-idx3-ubyte${end}`), pack(images));
  await writeFile(join(folder, `t10k-labels-idx1-ubyte${end}`), pack(labels));
  return folder;
}
