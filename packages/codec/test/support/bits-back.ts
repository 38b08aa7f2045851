import { hash32 } from "@isthmus/math";
import { type BitsBackModel, makeBitsBackTables, numbersPerPixel } from "../../src/index.ts";

export const WILD_PIXELS = 12;
export const WILD_LATENTS = 5;
const scaleOf = (w: number): number => 25 * Math.exp(w) + 1 / 32;
export const seedBits = [0, 1, 3, 8, 4];

export const kinds = {
  bernoulli: { kind: "bernoulli" },
  logisticMixture: { kind: "logisticMixture", logistics: 3, scaleOf },
} as const;

/** Networks whose numbers depend on every input, wildly, far outside all grids now and then. */
export function wildModel(kind: keyof typeof kinds, salt: number): BitsBackModel {
  const tables = makeBitsBackTables({ seedBits, inputScale: 1 / 32, pixels: kinds[kind] });
  const network = (outputs: number, name: string): BitsBackModel["posterior"] => ({
    run: (item) => {
      const seen = `${salt} ${name} ${item.join(" ")} `;
      return Int32Array.from({ length: outputs }, (_, i) => {
        const [wide, spread] = [hash32(`${seen}${i}w`) % 20 === 0, hash32(`${seen}${i}`) | 0];
        return wide ? spread : spread % 600;
      });
    },
  });
  const said = WILD_PIXELS * numbersPerPixel(tables.pixels);
  return { pixels: WILD_PIXELS, posterior: network(2 * WILD_LATENTS, "q"), likelihood: network(said, "p"), tables };
}

/** Whole items of these bytes, as the likelihood has them. */
export function wildItems(kind: keyof typeof kinds, bytes: readonly number[]): Uint8Array {
  const whole = bytes.slice(0, bytes.length - (bytes.length % WILD_PIXELS));
  return Uint8Array.from(whole, (value) => (kind === "bernoulli" ? value & 1 : value > 99 ? value : 0));
}
