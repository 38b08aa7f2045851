import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { itemSize, syntheticDigits, take } from "../src/index.ts";
import type { Dataset } from "../src/index.ts";

const train = syntheticDigits({ items: 3000, seed: 1 });
const test = syntheticDigits({ items: 1000, seed: 1, split: "test" });

function image(dataset: Dataset, item: number): string {
  return Buffer.from(take(dataset, item, item + 1).values as Uint8Array).toString("base64");
}

/** Mean image of each class, `[10][784]`. */
function classMeans(dataset: Dataset): Float64Array[] {
  const size = itemSize(dataset);
  const means = Array.from({ length: 10 }, () => new Float64Array(size));
  const counts = new Array<number>(10).fill(0);
  dataset.labels!.forEach((label, item) => {
    counts[label]!++;
    for (let i = 0; i < size; i++) means[label]![i]! += dataset.values[item * size + i]!;
  });
  means.forEach((mean, label) => mean.forEach((sum, i) => (mean[i] = sum / counts[label]!)));
  return means;
}

function nearest(means: readonly Float64Array[], dataset: Dataset, item: number): number {
  const size = itemSize(dataset);
  const distances = means.map((mean) =>
    mean.reduce((sum, value, i) => sum + (value - dataset.values[item * size + i]!) ** 2, 0),
  );
  return distances.indexOf(Math.min(...distances));
}

describe("syntheticDigits", () => {
  it("are 28 x 28 x 1 u8 with labels 0 to 9", () => {
    expect(train).toMatchObject({
      name: "synthetic-digits",
      items: 3000,
      shape: [28, 28, 1],
      scale: 1 / 255,
      classes: 10,
    });
    expect(train.values).toBeInstanceOf(Uint8Array);
    expect(train.values.length).toBe(3000 * 784);
    expect(train.provenance.source).toContain("drawn by code");
  });

  it("are a pure function of seed, split and item: a longer set begins with the shorter one", () => {
    expect(take(train, 0, 100)).toEqual(syntheticDigits({ items: 100, seed: 1 }));
  });

  it("differ between seeds, and no test image is a training image", () => {
    const images = new Set(Array.from({ length: train.items }, (_, i) => image(train, i)));
    expect(images.size).toBe(train.items);
    expect(Array.from({ length: test.items }, (_, i) => image(test, i)).filter((one) => images.has(one))).toEqual([]);
    expect(syntheticDigits({ items: 100, seed: 2 }).values).not.toEqual(take(train, 0, 100).values);
  });

  it("hold every digit about equally often", () => {
    const counts = new Array<number>(10).fill(0);
    for (const label of train.labels!) counts[label]!++;
    // Binomial(3000, 0.1): mean 300, standard deviation 16.4; five of them.
    for (const n of counts) expect(Math.abs(n - 300)).toBeLessThan(83);
  });

  it("are written with strokes inside the image, thin to thick", () => {
    for (let item = 0; item < test.items; item++) {
      const pixels = Array.from(take(test, item, item + 1).values);
      const ink = pixels.reduce((sum, value) => sum + value, 0) / 255;
      expect(Math.max(...pixels)).toBe(255);
      // The thinnest pen covers 1.5 pixels across a stroke of at least 15; a filled image would be 784.
      expect(ink).toBeGreaterThan(20);
      expect(ink).toBeLessThan(300);
    }
  });

  it("have labels that the images show: the nearest class mean of other images is right for most", () => {
    const means = classMeans(train);
    const right = Array.from(test.labels!).reduce(
      (sum, label, item) => sum + (nearest(means, test, item) === label ? 1 : 0),
      0,
    );
    // Chance is 10 %; shuffled labels fail by far.
    expect(right / test.items).toBeGreaterThan(0.7);
  });

  it("keep their golden bytes", () => {
    const sha256 = createHash("sha256").update(train.values).update(train.labels!).digest("hex");
    expect(sha256).toBe("3aaa66a72984326aeb37e979f7f78714cf8d77b06664dc04a2fa16239cd80c19");
  });

  it.each([-1, 1.5])("refuse %d items", (items) => {
    expect(() => syntheticDigits({ items })).toThrow(RangeError);
  });
});
