import type { Choice, PlanSummary } from "@isthmus/wasm";

/** The work of one step. */
export interface Counts {
  /** Multiplications and additions. */
  readonly flops?: number;
  /** Read and written. */
  readonly bytes?: number;
}

/** What a plan of ours asks for. */
export interface PlanCounts extends Required<Counts> {
  /** `flops` less those on zeros that the last run left out, each zero by itself, those of relu's slope among them. */
  readonly neededFlops: number;
}

/** The counts of a plan, the last run of which chose so. */
export function planCounts({ flops, bytes, calls }: PlanSummary, choices: readonly Choice[]): PlanCounts {
  const sparse = choices.filter(({ path }) => path === "sparse");
  const zeros = new Map(sparse.map(({ operand, density }) => [operand, 1 - density]));
  const leftOut = calls.map((call) => {
    const taken = call.choices.find(({ operand }) => zeros.has(operand));
    return taken ? call.flops * zeros.get(taken.operand)! : 0;
  });
  return { flops, bytes, neededFlops: Math.round(flops - leftOut.reduce((sum, each) => sum + each, 0)) };
}
