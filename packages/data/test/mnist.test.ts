import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { writeIdx } from "../src/index.ts";
import type { Dataset } from "../src/index.ts";
import { loadMnist, loadMnistSplits } from "../src/node.ts";
import { MNIST_FILES } from "../src/node/mnist-files.ts";
import { isthmusError } from "./support/error.ts";
import { IMAGES, LABELS, MNIST_FOLDER, nowhere, writeSmall } from "./support/mnist.ts";
import { serve } from "./support/server.ts";

describe.skipIf(MNIST_FOLDER === undefined)("the real MNIST (skipped where no data folder is found)", () => {
  const load = () => loadMnistSplits({ dataDir: MNIST_FOLDER!, cacheDir: "/nonexistent", mirrors: [] });
  const countsOf = (labels: ArrayLike<number>): number[] => {
    const counts = new Array<number>(10).fill(0);
    for (const label of Array.from(labels)) counts[label]!++;
    return counts;
  };

  const mean = ({ values, scale }: Dataset): number => {
    let sum = 0;
    for (const value of values) sum += value;
    return (sum * scale) / values.length;
  };

  it("has the published label counts, sizes and mean pixels", async () => {
    const { train, test } = await load();
    expect([train.items, test.items]).toEqual([60_000, 10_000]);
    expect(train).toMatchObject({ name: "mnist", shape: [28, 28, 1], scale: 1 / 255, classes: 10 });
    expect(countsOf(train.labels!)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(countsOf(test.labels!)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect([...train.labels!.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    // The mean everyone normalises with, 0.1307, to its four digits.
    expect(mean(train).toFixed(4)).toBe("0.1307");
    expect(mean(test)).toBeCloseTo(0.13251, 5);
  });

  it("says whether its images are the published ones", async () => {
    const { train, test } = await load();
    for (const [dataset, split] of [
      [train, "train"],
      [test, "test"],
    ] as const) {
      const published = dataset.provenance.sha256 === MNIST_FILES[split].images.sha256;
      expect(dataset.provenance.note).toBe(published ? undefined : "the images differ from the published file");
    }
    expect(test.provenance.sha256).toBe(MNIST_FILES.test.images.sha256);
    for (const { labels } of [MNIST_FILES.train, MNIST_FILES.test]) {
      const path = ["", "mnist"].map((inner) => join(MNIST_FOLDER!, inner, `${labels.name}.gz`)).find(existsSync)!;
      expect(
        createHash("sha256")
          .update(gunzipSync(await readFile(path)))
          .digest("hex"),
      ).toBe(labels.sha256);
    }
  });
});

describe("loadMnist finds", () => {
  it("a named folder or its mnist folder, plain or gzip, by argument or ISTHMUS_DATA", async () => {
    const options = await nowhere();
    const plain = await writeSmall(join(options.cwd, "plain"));
    await writeSmall(join(options.cwd, "zipped", "mnist"), { gzip: true });
    const first = await loadMnist({ ...options, split: "test", dataDir: plain });
    const second = await loadMnist({ ...options, split: "test", env: { ISTHMUS_DATA: join(options.cwd, "zipped") } });
    expect(first.provenance.source).toBe(`MNIST test set from ${plain}`);
    expect(second.provenance.source).toBe(`MNIST test set from ${join(options.cwd, "zipped", "mnist")}`);
    expect({ ...first, provenance: 0 }).toEqual({ ...second, provenance: 0 });
    expect([...first.labels!]).toEqual([7, 2]);
    expect(first.values).toEqual(new Uint8Array(2 * 784).fill(51));
  });

  it("the argument before ISTHMUS_DATA", async () => {
    const options = await nowhere();
    const dataDir = await writeSmall(join(options.cwd, "plain"));
    const env = { ISTHMUS_DATA: join(options.cwd, "missing") };
    expect((await loadMnist({ ...options, split: "test", dataDir, env })).name).toBe("mnist");
  });

  it("a data folder beside the checkout, from anywhere inside it", async () => {
    const options = await nowhere();
    const cwd = join(options.cwd, "checkout", "packages", "deep");
    await mkdir(cwd, { recursive: true });
    await writeFile(join(options.cwd, "checkout", "pnpm-workspace.yaml"), "");
    const place = await writeSmall(join(options.cwd, "shared", "data", "mnist"));
    expect((await loadMnist({ ...options, cwd, split: "test" })).provenance.source).toBe(
      `MNIST test set from ${place}`,
    );
  });

  it("nothing, and then draws digits and says so", async () => {
    const { train, test } = await loadMnistSplits({ ...(await nowhere()), download: false });
    expect([train.name, test.name]).toEqual(["synthetic-digits", "synthetic-digits"]);
    expect([train.items, test.items]).toEqual([60_000, 10_000]);
    const note = "MNIST was not found and could not be downloaded: downloading was turned off";
    expect([train.provenance.note, test.provenance.note]).toEqual([note, note]);
  });

  it("that mirrors fail, and names each in the note of the drawn digits", async () => {
    const { url, ranges } = await serve((_request, response) => response.writeHead(503).end());
    const dataset = await loadMnist({ ...(await nowhere()), mirrors: [url, url], split: "test" });
    const { host } = new URL(url);
    expect(dataset.name).toBe("synthetic-digits");
    expect(dataset.provenance.note).toBe(
      "MNIST was not found and could not be downloaded: " +
        `cannot download train-images-idx3-ubyte.gz: ${host}: answered 503; ${host}: answered 503`,
    );
    expect(ranges).toHaveLength(2);
  });
});

describe("loadMnist refuses", () => {
  it("a named folder without the files, naming folder and files", async () => {
    const options = await nowhere();
    const error = await isthmusError(() => loadMnist({ ...options, split: "train", dataDir: options.cwd }));
    expect(error.code).toBe("DATA_MISSING");
    expect(error.message).toBe(
      `no MNIST train files in ${options.cwd}: expected train-images-idx3-ubyte and train-labels-idx1-ubyte, ` +
        "plain or .gz, in it or in its mnist folder",
    );
    const env = { ISTHMUS_DATA: options.cwd };
    const fromEnv = await isthmusError(() => loadMnist({ ...options, split: "train", env }));
    expect(fromEnv.message).toContain(`${options.cwd} (ISTHMUS_DATA)`);
  });

  it("files that do not belong together", async () => {
    const options = await nowhere();
    const u8 = (shape: number[], values: Uint8Array): Uint8Array => writeIdx({ type: "u8", shape, values });
    const cases = {
      count: { labels: u8([3], Uint8Array.of(1, 2, 3)) },
      class: { labels: u8([2], Uint8Array.of(1, 10)) },
      size: { images: u8([2, 27, 28], new Uint8Array(2 * 27 * 28)) },
      swapped: { images: LABELS, labels: IMAGES },
    };
    for (const [name, files] of Object.entries(cases)) {
      const dataDir = await writeSmall(join(options.cwd, name), files);
      const error = await isthmusError(() => loadMnist({ ...options, split: "test", dataDir }));
      expect(error.code).toBe("DATA_MNIST");
      expect(error.message).toContain(dataDir);
    }
  });

  it("a damaged file in a named folder, naming it", async () => {
    const options = await nowhere();
    const dataDir = await writeSmall(join(options.cwd, "cut"), { images: IMAGES.subarray(0, 1000) });
    const error = await isthmusError(() => loadMnist({ ...options, split: "test", dataDir }));
    expect(error.code).toBe("DATA_IDX");
    expect(error.message).toContain(join(dataDir, "t10k-images-idx3-ubyte"));
  });
});

describe("the cache", () => {
  it("passes over a damaged file and asks for it again", async () => {
    const options = await nowhere();
    await writeSmall(join(options.cacheDir, "mnist"), { gzip: true });
    const { url, ranges } = await serve((_request, response) => response.writeHead(503).end());
    const dataset = await loadMnist({ ...options, mirrors: [url], split: "test" });
    expect(dataset.name).toBe("synthetic-digits");
    expect(ranges).toHaveLength(1);
  });

  it("is $XDG_CACHE_HOME/isthmus by default, and a wrong file never stays in it", async () => {
    const { cwd } = await nowhere();
    const { url } = await serve((_request, response) => response.end("not MNIST"));
    const env = { XDG_CACHE_HOME: join(cwd, "xdg") };
    const { provenance } = await loadMnist({ cwd, env, mirrors: [url], split: "test" });
    expect(provenance.note).toContain("the connection ended at byte 9 of 9912422");
    expect(await readdir(join(cwd, "xdg", "isthmus", "mnist"))).toEqual(["train-images-idx3-ubyte.gz.part"]);
  });

  it("that cannot be written leaves drawn digits that say so", async () => {
    const options = await nowhere();
    const blocked = join(options.cwd, "file");
    await writeFile(blocked, "");
    const { name, provenance } = await loadMnist({ ...options, cacheDir: blocked, split: "test" });
    expect(name).toBe("synthetic-digits");
    expect(provenance.note).toContain(`cannot write ${join(blocked, "mnist")}: part of the path is a file`);
  });

  it("aborts with the caller's reason instead of drawing digits", async () => {
    const { url } = await serve(() => undefined);
    const abort = AbortSignal.timeout(50);
    const options = { ...(await nowhere()), mirrors: [url], signal: abort };
    await expect(loadMnist({ ...options, split: "test" })).rejects.toMatchObject({ name: "TimeoutError" });
  });
});
