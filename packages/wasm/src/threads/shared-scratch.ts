import type { Scratch } from "../planner/plan-builder.ts";

/** Room for the shares of all `threads` in calls whose kernels cut them themselves. */
export function sharedScratch(
  { gemmScratch, sparseGemmScratch, gatedGemmScratch, ...undivided }: Scratch,
  threads: number,
): Scratch {
  return {
    ...undivided,
    gemmScratch: (...product) => threads * gemmScratch(...product),
    sparseGemmScratch: (...product) => threads * sparseGemmScratch(...product),
    gatedGemmScratch: (...product) => threads * gatedGemmScratch(...product),
  };
}
