import { expect, it } from "vitest";
import { clusterAccuracy } from "../reproduce/cluster-accuracy.ts";

const labels = Int32Array.from({ length: 300 }, (_, i) => ((i * i + 3 * i) % 7) % 4);

it("is 1 for clusters that are the classes by other names", () => {
  const renamed = labels.map((label) => [2, 0, 3, 1][label]!);
  expect(clusterAccuracy(renamed, labels, 4)).toBe(1);
});

it("is the best of all assignments, found by trying each", () => {
  const clusters = labels.map((label, i) => (label + ((i * 7) % 5 > 2 ? 1 : 0) + ((i * 3) % 11 > 8 ? 2 : 0)) % 4);
  const orders = (rest: readonly number[]): number[][] =>
    rest.length === 0
      ? [[]]
      : rest.flatMap((first) => orders(rest.filter((one) => one !== first)).map((order) => [first, ...order]));
  const shares = orders([0, 1, 2, 3]).map(
    (order) => clusters.reduce((hits, cluster, i) => hits + (order[cluster] === labels[i] ? 1 : 0), 0) / labels.length,
  );
  expect(clusterAccuracy(clusters, labels, 4)).toBe(Math.max(...shares));
  expect(new Set(shares).size).toBeGreaterThan(5);
});

it("gives no more than the largest class to a single cluster", () => {
  const counts = [0, 1, 2, 3].map((label) => labels.filter((one) => one === label).length);
  expect(clusterAccuracy(new Int32Array(300), labels, 4)).toBe(Math.max(...counts) / 300);
});
