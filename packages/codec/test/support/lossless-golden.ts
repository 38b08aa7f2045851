import type { BitsBackModel, BitsBackTables } from "../../src/index.ts";
import { uniforms } from "./index.ts";

const PIXELS = 16;

/** Three latents of 16 pixels, by networks that anyone can write down: sums of what they are fed. */
export function goldenModel(tables: BitsBackTables): BitsBackModel {
  const isBits = tables.pixels.kind === "bernoulli";
  const sum = (item: Int8Array | Uint8Array): number => Array.from(item).reduce((total, value) => total + value, 0);
  return {
    pixels: PIXELS,
    tables,
    posterior: {
      run: (item) => {
        const half = Math.floor(sum(item.subarray(0, 8)) / (isBits ? 1 : 100));
        return Int32Array.of(32 * half - 100, half, -half, -16, -3, 0);
      },
    },
    likelihood: {
      run: (latents) => {
        const z = latents[0]!;
        // Bits: logits that follow the first latent. Bytes: locations 0 and 200 levels, scales, and the share of the second.
        const numbers = isBits ? [z] : [-100, 16 * 200 + z, -20, -8, z >> 2];
        return Int32Array.from({ length: numbers.length * PIXELS }, (_, i) => numbers[Math.floor(i / PIXELS)]!);
      },
    },
  };
}

/** Items of a generator: rarely anything but 0, or about 200. */
export function goldenItems(kind: "bernoulli" | "logisticMixture"): Uint8Array {
  const uniform = uniforms(8);
  return Uint8Array.from({ length: 200 * PIXELS }, () => {
    const u = uniform();
    if (kind === "bernoulli") return u < 0.45 ? 1 : 0;
    return u < 0.4 ? 0 : Math.floor(170 + 60 * uniform());
  });
}
