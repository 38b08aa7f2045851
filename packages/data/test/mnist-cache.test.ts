/** The way from a mirror to the cache and back, with a published set of two items. */
import { createHash } from "node:crypto";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it, vi } from "vitest";
import { loadMnist, loadMnistSplits } from "../src/node.ts";
import type { MnistFile } from "../src/node/mnist-files.ts";
import { IMAGES, LABELS, nowhere } from "./support/mnist.ts";
import { serve, whole } from "./support/server.ts";

const published = vi.hoisted(() => ({ train: {}, test: {} }));
vi.mock("../src/node/mnist-files.ts", () => ({ MNIST_FILES: published, MNIST_MIRRORS: [] }));

const NAMES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
];
const gzips = new Map(NAMES.map((name) => [`/${name}.gz`, gzipSync(name.includes("images") ? IMAGES : LABELS)]));
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const file = (name: string): MnistFile => {
  const gzip = gzips.get(`/${name}.gz`)!;
  const plain = name.includes("images") ? IMAGES : LABELS;
  return { name, sha256: sha256(plain), gzipSha256: sha256(gzip), gzipBytes: gzip.length };
};
Object.assign(published.train, { images: file(NAMES[0]!), labels: file(NAMES[1]!) });
Object.assign(published.test, { images: file(NAMES[2]!), labels: file(NAMES[3]!) });

const mirror = () => serve((request, response, count) => whole(gzips.get(request.url!)!)(request, response, count));

it("one download fills the cache for both splits; afterwards the network is not asked", async () => {
  const { url, ranges } = await mirror();
  const options = { ...(await nowhere()), mirrors: [url] };
  const first = await loadMnistSplits(options);
  expect(ranges).toHaveLength(4);
  expect((await readdir(join(options.cacheDir, "mnist"))).sort()).toEqual(NAMES.map((name) => `${name}.gz`).sort());
  expect(await loadMnistSplits({ ...options, download: false })).toEqual(first);
  expect(first.test.provenance).toEqual({
    source: `MNIST test set from ${join(options.cacheDir, "mnist")}`,
    sha256: sha256(IMAGES),
  });
  expect(ranges).toHaveLength(4);
});

it("a damaged file in the cache is fetched again, the others are not", async () => {
  const { url, ranges } = await mirror();
  const options = { ...(await nowhere()), mirrors: [url] };
  const first = await loadMnist({ ...options, split: "test" });
  await writeFile(join(options.cacheDir, "mnist", "t10k-labels-idx1-ubyte.gz"), gzipSync(LABELS.with(8, 3)));
  expect(await loadMnist({ ...options, split: "test" })).toEqual(first);
  expect(ranges).toHaveLength(5);
});
