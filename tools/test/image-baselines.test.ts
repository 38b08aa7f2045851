import { conditionalVae } from "@isthmus/models";
import { referenceEngine } from "@isthmus/graph";
import { describe, expect, it } from "vitest";
import { bicubicTwice, continuedRight } from "../reproduce/bicubic.ts";
import { type Halves, halvesOf, meanHalf, nearestHalf, regressedHalf } from "../reproduce/half-baselines.ts";

describe("bicubic interpolation by sharp", () => {
  // Cubic interpolation reproduces a ramp, away from the edges.
  const side = 12;
  const ramp = (direction: "across" | "down") =>
    Uint8Array.from({ length: side * side }, (_, i) => 16 * (direction === "across" ? i % side : Math.floor(i / side)));
  const middle = async (direction: "across" | "down", how: "resize" | "centred"): Promise<number> => {
    const larger = await bicubicTwice({ width: side, height: side, pixels: ramp(direction) }, how);
    expect(larger).toHaveLength(4 * side * side);
    return larger[side * 2 * side + side]!;
  };

  it.each(["across", "down"] as const)(
    "lies where the means of blocks belong, %s, or as resize puts it",
    async (way) => {
      // The middle of output pixel 12 is 6.25 input pixels from the left, and pixel i's middle at i + 0.5.
      expect(await middle(way, "centred")).toBe(16 * 5.75);
      expect(await middle(way, "resize")).toBe(16 * 5.5);
    },
  );

  it("goes on with the last column beyond the edge", async () => {
    const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6);
    expect([...(await continuedRight({ width: 3, height: 2, pixels }, 2))]).toEqual([3, 3, 6, 6]);
  });
});

describe("baselines for a hidden half", () => {
  const known = Float32Array.of(0, 0, 1, 0, 0, 1, 1, 1, 0.5, 0);
  const items = 5;
  // hidden = 0.1 + 0.3 a + 0.2 b
  const hidden = Float32Array.from({ length: items }, (_, i) => 0.1 + 0.3 * known[2 * i]! + 0.2 * known[2 * i + 1]!);
  const repeated = (values: Float32Array, times: number): Float32Array =>
    Float32Array.from({ length: values.length * times }, (_, i) => values[i % values.length]!);
  const train: Halves = { items, known, hidden };

  it("are cut where the model's condition is", () => {
    const { condition } = conditionalVae({ inputShape: [2, 2, 1], condition: "right" });
    const values = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const dataset = { name: "", items: 2, shape: [2, 2, 1], values, scale: 1, provenance: { source: "" } };
    const cut = halvesOf(dataset, condition!);
    expect([[...cut.known], [...cut.hidden]]).toEqual([
      [2, 4, 6, 8],
      [1, 3, 5, 7],
    ]);
  });

  it("are the mean, the nearest and the regression's", async () => {
    const asked: Halves = { items: 2, known: Float32Array.of(0.9, 0.2, 0.1, 0.7), hidden: new Float32Array(2) };
    const mean = hidden.reduce((a, b) => a + b) / items;
    for (const value of meanHalf(train, 2)) expect(value).toBeCloseTo(mean, 6);
    expect([...(await nearestHalf(referenceEngine(), train, asked))]).toEqual([hidden[1], hidden[2]]);
    const many = { items: items * 20_000, known: repeated(known, 20_000), hidden: repeated(hidden, 20_000) };
    const [one, two] = regressedHalf(many, asked);
    // The ridge is a hundred-thousandth of what the images weigh.
    expect(one).toBeCloseTo(0.1 + 0.3 * 0.9 + 0.2 * 0.2, 4);
    expect(two).toBeCloseTo(0.1 + 0.3 * 0.1 + 0.2 * 0.7, 4);
  });
});
