import { IsthmusError } from "@isthmus/math";
import type { ErrorCounts } from "./blocks.ts";
import { requirePositive } from "./checks.ts";
import { binomialCdf } from "./intervals.ts";
import { spherePackingBound, type EnergyOf } from "./limits.ts";
import { qFunction } from "./q-function.ts";
import { ebNoFromDb, type Link } from "./units.ts";

export interface GuardOptions {
  /** How many standard deviations of chance are let pass. Default: 3. */
  readonly sigmas?: number;
  /** Default: `equal`. */
  readonly energy?: EnergyOf;
}

/**
 * Holds simulated points to what no code can do: fewer wrong blocks than the sphere-packing bound allows, by more than chance, mean that more
 * power was sent or less noise added than was said.
 *
 * @throws IsthmusError `CHANNEL_BELOW_BOUND` naming the first such point, with figures.
 */
export function requireAboveSpherePacking(
  link: Link,
  points: readonly (Pick<ErrorCounts, "blocks" | "blockErrors"> & { readonly ebNoDb: number })[],
  { sigmas = 3, energy = "equal" }: GuardOptions = {},
): void {
  requirePositive("sigmas", sigmas);
  for (const { ebNoDb, blocks, blockErrors } of points) {
    const bound = spherePackingBound(link, ebNoFromDb(ebNoDb), energy);
    const chance = binomialCdf(blockErrors, blocks, bound);
    if (chance >= qFunction(sigmas)) continue;
    throw new IsthmusError(
      "CHANNEL_BELOW_BOUND",
      `${blockErrors} wrong of ${blocks} blocks at Eb/N0 ${ebNoDb} dB are fewer than any code of this energy has: ` +
        `at least ${bound.toPrecision(4)} of them are wrong, and chance ${chance.toPrecision(2)} is below ${sigmas} sigma`,
      { ebNoDb, blocks, blockErrors, bound, chance },
    );
  }
}
