import type { Model } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import { expect, it } from "vitest";
import { likelihoodDraws } from "../src/likelihood-draws.ts";

const SIZE = 2000;

it("draws of a predicted variance stray by that of their item and feature", () => {
  const { config } = vae({ inputShape: [SIZE], likelihood: { kind: "gaussian", variance: "predicted" } });
  // The first item's features have variances 0.01 and 1 by turns, the second's 1 and 4.
  const variance = (at: number): number => [0.01, 1, 1, 4][(at < SIZE ? 0 : 2) + (at % 2)]!;
  const reconstruction = Float32Array.from({ length: 2 * SIZE }, (_, at) => at / SIZE);
  const logVar = reconstruction.map((_, at) => Math.log(variance(at)));
  const draws = likelihoodDraws(
    { kind: "vae", config } as unknown as Model,
    { reconstruction, logVar },
    { items: 2, seed: 1 },
  );
  for (let first = 0; first < 4; first++) {
    const begin = first < 2 ? 0 : SIZE;
    const mine = draws.map((value, at) => value - reconstruction[at]!).slice(begin, begin + SIZE);
    const squares = mine
      .filter((_, at) => at % 2 === first % 2)
      .map((value) => value ** 2 / variance(begin + (first % 2)));
    const mean = squares.reduce((sum, value) => sum + value) / squares.length;
    // Five standard errors of a mean of 1000 squares of N(0, 1), whose variance is 2.
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(2 / squares.length));
  }
});
