import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { CIFAR10_CLASSES, parseCifar10 } from "../src/index.ts";
import { loadCifar10 } from "../src/node.ts";
import { isthmusError } from "./support/error.ts";
import { temporaryFolder } from "./support/folder.ts";
import { CIFAR10_FOLDER } from "./support/cifar10.ts";

const RECORD = 3073;

/** Records whose bytes tell where they stand: red is the row, green the column, blue the item. */
function records(items: number): Uint8Array {
  const bytes = new Uint8Array(items * RECORD);
  for (let item = 0; item < items; item++) {
    bytes[item * RECORD] = item % 10;
    for (let pixel = 0; pixel < 1024; pixel++) {
      const at = item * RECORD + 1 + pixel;
      bytes[at] = Math.floor(pixel / 32);
      bytes[at + 1024] = pixel % 32;
      bytes[at + 2048] = item;
    }
  }
  return bytes;
}

describe("parseCifar10", () => {
  it("interleaves the planes of each record and keeps its label", () => {
    const { items, values, labels } = parseCifar10(records(12));
    expect(items).toBe(12);
    expect([...labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
    const pixel = (item: number, row: number, column: number) => {
      const at = ((item * 32 + row) * 32 + column) * 3;
      return [...values.subarray(at, at + 3)];
    };
    expect(pixel(0, 0, 0)).toEqual([0, 0, 0]);
    expect(pixel(3, 31, 7)).toEqual([31, 7, 3]);
    expect(pixel(11, 5, 30)).toEqual([5, 30, 11]);
  });

  it.each([0, 1, RECORD - 1, RECORD + 1, 10_001 * RECORD])("refuses %i bytes", async (length) => {
    const error = await isthmusError(() => parseCifar10(new Uint8Array(length), "x.bin"));
    expect(error.code).toBe("DATA_CIFAR");
    expect(error.message).toBe(
      `x.bin: expected 1 to 10000 records of 3073 bytes, got ${length} bytes (at byte ${length - (length % RECORD)})`,
    );
  });

  it("refuses a label above 9, naming the record", async () => {
    const error = await isthmusError(() => parseCifar10(records(3).with(2 * RECORD, 10), "x.bin"));
    expect(error.message).toBe(`x.bin: record 2: expected a label from 0 to 9, got 10 (at byte ${2 * RECORD})`);
  });
});

describe("loadCifar10", () => {
  it("joins the training files that are there, plain or gzip, and says how many images that is", async () => {
    const dataDir = await temporaryFolder();
    await mkdir(join(dataDir, "cifar10"));
    await writeFile(join(dataDir, "cifar10", "data_batch_1.bin.gz"), gzipSync(records(3)));
    await writeFile(join(dataDir, "cifar10", "data_batch_4.bin"), records(2));
    const { items, shape, labels, classNames, provenance } = await loadCifar10({ dataDir, split: "train" });
    expect({ items, shape, classNames }).toEqual({ items: 5, shape: [32, 32, 3], classNames: CIFAR10_CLASSES });
    expect([...labels!]).toEqual([0, 1, 2, 0, 1]);
    expect(provenance.note).toBe("a subset: 5 of 50000 images");
  });

  it("says what it expected where a named folder has none", async () => {
    const dataDir = await temporaryFolder();
    const error = await isthmusError(() => loadCifar10({ dataDir, split: "test" }));
    expect(error.code).toBe("DATA_MISSING");
    expect(error.message).toContain(`no CIFAR-10 test files in ${dataDir}: expected test_batch.bin, plain or .gz`);
  });

  it("refuses a compressed file that inflates to more than a batch", async () => {
    const dataDir = await temporaryFolder();
    await writeFile(join(dataDir, "test_batch.bin.gz"), gzipSync(new Uint8Array(10_001 * RECORD)));
    expect((await isthmusError(() => loadCifar10({ dataDir, split: "test" }))).code).toBe("DATA_GZIP");
  });

  it.skipIf(CIFAR10_FOLDER === undefined)(
    "reads the published images, bytes unchanged (skipped where no data folder is found)",
    async () => {
      const dataset = await loadCifar10({ dataDir: CIFAR10_FOLDER!, split: "test" });
      const raw = gunzipSync(readFileSync(join(CIFAR10_FOLDER!, "cifar10", "test_batch.bin.gz")));
      expect(dataset.items).toBe(raw.length / RECORD);
      // The first test image is a cat; sums over a plane do not depend on the order inside it.
      expect(CIFAR10_CLASSES[dataset.labels![0]!]).toBe("cat");
      const sum = (values: Uint8Array) => values.reduce((total, value) => total + value, 0);
      for (const [channel, start] of [1, 1025, 2049].entries()) {
        const ours = dataset.values.subarray(0, 3072).filter((_, i) => i % 3 === channel) as Uint8Array;
        expect(sum(ours)).toBe(sum(raw.subarray(start, start + 1024)));
      }
    },
  );
});
