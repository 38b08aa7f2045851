/**
 * The main job on real digits, command by command: train, measure, compress, export, decode elsewhere, look.
 * Takes no argument; writes to `out/`.
 */
import { type Dataset, gather, itemSize, parseNpy, take } from "@isthmus/data";
import { loadMnistSplits, readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import { encode as encodePng } from "fast-png";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { pngGrid } from "../../apps/cli/src/images.ts";
import { isthmus } from "./isthmus.ts";
import { pcaStream } from "./pca-codec.ts";

const COMPRESSED_ITEMS = 1000;
const SHOWN_ITEMS = 16;
const LATENT = 20;

const out = (name: string) => fileURLToPath(new URL(`../../out/${name}`, import.meta.url));

function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

async function main(): Promise<void> {
  const started = performance.now();
  await mkdir(out(""), { recursive: true });
  const { train, test } = await loadMnistSplits({ cwd: fileURLToPath(new URL("../../", import.meta.url)) });
  print("Isthmus: train a VAE, compress digits with it, decode them with onnxruntime.");
  print(`Digits: ${train.provenance.source}${train.provenance.note ? ` (${train.provenance.note})` : ""}`);
  const data = train.name === "mnist" ? "mnist" : "synthetic";
  const items = take(test, 0, COMPRESSED_ITEMS);

  const trained = await isthmus(
    "train",
    "vae",
    "--data",
    data,
    "--epochs",
    "2",
    "--latent",
    `${LATENT}`,
    "-o",
    out("vae.safetensors"),
  );
  printTest(trained["test"] as TestMetrics, trained["seconds"] as number);

  const range = `0:${COMPRESSED_ITEMS}`;
  const encoded = await isthmus(
    "encode",
    out("vae.safetensors"),
    "--data",
    data,
    "--range",
    range,
    "-o",
    out("digits.isth"),
  );
  await isthmus("export", out("vae.safetensors"), "--part", "decoder", "-o", out("decoder.onnx")).then(printParity);
  await isthmus(
    "decode",
    out("vae.safetensors"),
    out("digits.isth"),
    "--onnx",
    out("decoder.onnx"),
    "-o",
    out("digits.npy"),
  );
  await isthmus("sample", out("vae.safetensors"), "-n", "64", "-o", out("samples.png"));

  const decoded = parseNpy(await readFileBytes(out("digits.npy"))).values as Float32Array;
  print("", "The same 1,000 digits by principal components, at the same rate, through the same coder ...");
  const pca = pcaStream(train, items, LATENT, encoded["bitsPerItem"] as number);
  printSizes(items, encoded as unknown as EncodeResult, pca.bytes.length);
  printErrors(items, decoded, pca.reconstructions);
  await writeFileAtomic(out("reconstructions.png"), comparison(items, [decoded, pca.reconstructions]));
  print("", "out/reconstructions.png  rows: originals, VAE, PCA", "out/samples.png          64 draws from the prior");
  print(`${((performance.now() - started) / 1000).toFixed(0)} s in all`);
}

interface TestMetrics {
  readonly negElbo: number;
  readonly reconstruction: number;
  readonly kl: number;
  readonly convention: string;
}

function printTest({ negElbo, reconstruction, kl, convention }: TestMetrics, seconds: number): void {
  print(
    `2 epochs in ${seconds.toFixed(0)} s`,
    `test -ELBO ${negElbo.toFixed(2)} nats = reconstruction ${reconstruction.toFixed(2)} + KL ${kl.toFixed(2)}   (${convention})`,
  );
}

function printParity(exported: Record<string, unknown>): void {
  const error = exported["maxAbsError"] as number | null;
  print(
    error === null
      ? `parity ${String(exported["parity"])}`
      : `onnxruntime-node against our engine: max abs error ${error.toExponential(1)}`,
  );
}

interface EncodeResult {
  readonly items: number;
  readonly bytes: number;
  readonly rawBytes: number;
  readonly deflateBytes: number;
}

function printSizes(items: Dataset, encoded: EncodeResult, pcaBytes: number): void {
  const line = (name: string, bytes: number) =>
    `${name.padEnd(34)} ${((8 * bytes) / encoded.items).toFixed(1).padStart(8)}`;
  print(
    "",
    `${"bits per image, headers included".padEnd(34)} ${"".padStart(8)}`,
    line("raw, 8 bits a pixel", encoded.rawBytes),
    line("PNG, one file an image (lossless)", pngBytes(items)),
    line("deflate -9, all in one (lossless)", encoded.deflateBytes),
    line(`PCA, ${LATENT} components (lossy)`, pcaBytes),
    line(`VAE, ${LATENT} latents (lossy)`, encoded.bytes),
  );
}

/** Each image as a PNG of its own, at the highest deflate level. */
function pngBytes(dataset: Dataset): number {
  const [height, width] = dataset.shape as [number, number];
  const size = itemSize(dataset);
  let total = 0;
  for (let item = 0; item < dataset.items; item++) {
    const data = dataset.values.slice(item * size, (item + 1) * size) as Uint8Array;
    total += encodePng({ width, height, channels: 1, depth: 8, data }, { zlib: { level: 9 } }).length;
  }
  return total;
}

function printErrors(items: Dataset, vae: Float32Array, pca: Float32Array): void {
  const line = (name: string, values: Float32Array) =>
    `${name.padEnd(34)} ${squaredError(items, values).toFixed(2).padStart(8)}`;
  print(
    "",
    "squared error per image (pixels 0..1)",
    line(`PCA, ${LATENT} components`, pca),
    line(`VAE, ${LATENT} latents, onnxruntime-node`, vae),
  );
}

function squaredError(items: Dataset, values: Float32Array): number {
  const originals = originalsOf(items);
  return originals.reduce((total, x, index) => total + (x - values[index]!) ** 2, 0) / items.items;
}

function originalsOf(items: Dataset): Float32Array {
  const values = new Float32Array(items.items * itemSize(items));
  gather(
    items,
    Int32Array.from({ length: items.items }, (_, index) => index),
    values,
  );
  return values;
}

/** Originals above what came back, column by column. */
function comparison(items: Dataset, versions: readonly Float32Array[]): Uint8Array {
  const rows = [originalsOf(items), ...versions].map((values) => values.subarray(0, SHOWN_ITEMS * itemSize(items)));
  const values = new Float32Array(rows.length * SHOWN_ITEMS * itemSize(items));
  rows.forEach((row, index) => values.set(row, index * row.length));
  return pngGrid({ shape: items.shape, values }, SHOWN_ITEMS);
}

await main();
