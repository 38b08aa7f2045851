import { IsthmusError } from "@isthmus/math";
import type { ErrorCounts } from "./blocks.ts";
import { requirePositive } from "./checks.ts";
import { binomialCdf } from "./intervals.ts";
import { spherePackingBound, type EnergyOf } from "./limits.ts";
import { qFunction } from "./q-function.ts";
import { ebNoFromDb, type Link } from "./units.ts";

export interface GuardOptions {
  /** How much chance is let pass, for all points together: Q(sigmas). Default: 3, once in 741 curves that meet the bound. */
  readonly sigmas?: number;
  /** Default: `equal`. */
  readonly energy?: EnergyOf;
}

/**
 * Holds simulated points to what no code can do: fewer wrong blocks than the sphere-packing bound allows, by more than chance, mean that more
 * power was sent or less noise added than was said. What chance is let pass is shared by the points in equal parts (Bonferroni), which holds
 * whether or not they have noise in common: with 3 sigma for each point, of honest curves of nine that meet the bound, as QPSK's does, one
 * in 83 would be refused.
 *
 * @throws IsthmusError `CHANNEL_BELOW_BOUND` naming the first such point, with figures.
 */
export function requireAboveSpherePacking(
  link: Link,
  points: readonly (Pick<ErrorCounts, "blocks" | "blockErrors"> & { readonly ebNoDb: number })[],
  { sigmas = 3, energy = "equal" }: GuardOptions = {},
): void {
  requirePositive("sigmas", sigmas);
  const least = qFunction(sigmas) / points.length;
  for (const { ebNoDb, blocks, blockErrors } of points) {
    const bound = spherePackingBound(link, ebNoFromDb(ebNoDb), energy);
    const chance = binomialCdf(blockErrors, blocks, bound);
    if (chance >= least) continue;
    throw new IsthmusError(
      "CHANNEL_BELOW_BOUND",
      `${blockErrors} wrong of ${blocks} blocks at Eb/N0 ${ebNoDb} dB are fewer than any code of this energy has: ` +
        `at least ${bound.toPrecision(4)} of them are wrong, and chance ${chance.toPrecision(2)} is below ` +
        `${least.toPrecision(2)}, a share of ${sigmas} sigma. Power or noise are not what they are said to be; another seed rules chance out`,
      { ebNoDb, blocks, blockErrors, bound, chance, least },
    );
  }
}
