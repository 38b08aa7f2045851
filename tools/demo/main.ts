/**
 * The main job on real digits, command by command: train, measure, compress, export, decode elsewhere, look.
 * Takes no argument; writes to `out/`.
 */
import { type Dataset, gather, itemSize, parseNpy, take } from "@isthmus/data";
import { loadMnistSplits, readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import { pngGrid } from "@isthmus/plot/png";
import { encode as encodePng } from "fast-png";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { isthmus } from "./isthmus.ts";
import { firstComponents, fitPca } from "./pca.ts";
import { type PcaStream, pcaStream } from "./pca-codec.ts";

const COMPRESSED_ITEMS = 1000;
const SHOWN_ITEMS = 16;
const LATENT = 20;
/** About the number at which PCA does best at the rate of the VAE's stream. */
const MORE_COMPONENTS = 40;

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
  const [model, stream, decoder] = [out("vae.safetensors"), out("digits.isth"), out("decoder.onnx")];

  await isthmus(["train", "vae"], { data, epochs: 2, latent: LATENT, out: model }).then(printTest);
  const encoded = await isthmus(["encode", model], { data, range: `0:${COMPRESSED_ITEMS}`, out: stream });
  await isthmus(["export", model], { part: "decoder", out: decoder }).then(printParity);
  await isthmus(["decode", model, stream], { onnx: decoder, out: out("digits.npy") });
  await isthmus(["sample", model], { count: 64, out: out("samples.png") });

  const decoded = parseNpy(await readFileBytes(out("digits.npy"))).values as Float32Array;
  print("", "The same digits by principal components, at the same rate, through the same quantiser and coder ...");
  const pca = fitPca(train, MORE_COMPONENTS);
  const [few, more] = [LATENT, MORE_COMPONENTS].map((components) =>
    pcaStream(firstComponents(pca, components), train, items, encoded["bitsPerItem"] as number),
  ) as [PcaStream, PcaStream];
  printTable(items, encoded as unknown as EncodeResult, decoded, few, more);
  await writeFileAtomic(out("reconstructions.png"), comparison(items, [decoded, few.reconstructions]));
  print(
    "",
    `out/reconstructions.png  rows: originals, VAE, PCA of ${LATENT} components`,
    "out/samples.png          64 draws from the prior",
  );
  print(`${((performance.now() - started) / 1000).toFixed(0)} s in all`);
}

interface TestMetrics {
  readonly negElbo: number;
  readonly reconstruction: number;
  readonly kl: number;
  readonly convention: string;
}

function printTest({ test, seconds }: Record<string, unknown>): void {
  const { negElbo, reconstruction, kl, convention } = test as TestMetrics;
  print(
    `2 epochs in ${(seconds as number).toFixed(0)} s`,
    `test -ELBO ${negElbo.toFixed(2)} nats = reconstruction ${reconstruction.toFixed(2)} + KL ${kl.toFixed(2)}   (${convention})`,
  );
}

function printParity(exported: Record<string, unknown>): void {
  const error = exported["maxAbsError"] as number | null;
  print(
    error === null
      ? `parity ${String(exported["parity"])}`
      : `onnxruntime-node against our engine, logits included: max abs error ${error.toExponential(1)}`,
  );
}

interface EncodeResult {
  readonly items: number;
  readonly bytes: number;
  readonly rawBytes: number;
  readonly deflateBytes: number;
}

/** Bits per image, headers included, and squared error per image, pixels in [0, 1]. */
function printTable(items: Dataset, encoded: EncodeResult, vae: Float32Array, few: PcaStream, more: PcaStream): void {
  const line = (name: string, bits: string, error: string) =>
    `${name.padEnd(36)}${bits.padStart(14)}${error.padStart(15)}`;
  const bits = (bytes: number) => ((8 * bytes) / encoded.items).toFixed(1);
  const lossy = (name: string, bytes: number, values: Float32Array) =>
    line(name, bits(bytes), squaredError(items, values).toFixed(2));
  print(
    "",
    line("", "bits per image", "squared error"),
    line("raw, 8 bits a pixel", bits(encoded.rawBytes), "0"),
    line("PNG, one file an image", bits(pngBytes(items)), "0"),
    line("deflate -9, all in one", bits(encoded.deflateBytes), "0"),
    lossy(`PCA, ${LATENT} components`, few.bytes.length, few.reconstructions),
    lossy(`PCA, ${MORE_COMPONENTS} components, coarser steps`, more.bytes.length, more.reconstructions),
    lossy(`VAE, ${LATENT} latents, onnxruntime-node`, encoded.bytes, vae),
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
  return pngGrid({ shape: items.shape, values }, { columns: SHOWN_ITEMS });
}

await main();
