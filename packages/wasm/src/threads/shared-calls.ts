import { addressesOf, BoundCall, execute, type Kernels } from "../bound-call.ts";
import type { CallList } from "../call-list.ts";
import type { Heap } from "../heap.ts";
import { align } from "../planner/arena.ts";
import type { Buffer, Plan, PlannedCall } from "../planner/plan.ts";
import { type Phase, planPhases, type Step } from "./phases.ts";
import type { Pool } from "./pool.ts";

/** Elements of the table per call: the kernel's number and its arguments. */
const ENTRY = 14;

/** A worker that takes longer than this, and is slower than this many FLOP per millisecond, is taken for lost. */
const PATIENCE_MS = 10_000;
const LEAST_SPEED = 10_000;

/** A phase with its calls: undivided ones for this thread, shares for whoever takes them; in the table they begin at `start`. */
interface ReadyPhase {
  readonly steps: Phase;
  readonly own: readonly BoundCall[];
  readonly shares: readonly BoundCall[];
  readonly start: number;
  readonly patience: number;
}

/** Calls run by all threads of a pool, phase by phase. The table of shares lies in shared memory: kernel, a0 ... a12 of each, as float64. */
export class SharedCalls implements CallList {
  readonly bytes: number;
  private readonly pool: Pool;
  private readonly heap: Heap;
  private readonly kernelNumbers: ReadonlyMap<string, number>;
  private readonly phases: readonly ReadyPhase[];
  /** The last phase that is shared, -1 if none is. */
  private readonly lastShared: number;
  /** The table's first element in a float64 view of the memory. */
  private base = 0;

  constructor(calls: readonly PlannedCall[], plan: Plan, kernels: Kernels, heap: Heap, pool: Pool) {
    let end = 0;
    this.pool = pool;
    this.heap = heap;
    this.kernelNumbers = new Map(Object.keys(kernels).map((name, index) => [name, index]));
    this.phases = planPhases(calls, plan, pool.count).map((steps) => {
      const start = end;
      const ready = (step: Step) => new BoundCall(step.call, kernels);
      const own = steps.filter((step) => !step.divisible).map(ready);
      const shares = steps
        .filter((step) => step.divisible)
        .flatMap((step) => Array.from({ length: pool.count }, () => ready(step)));
      end += ENTRY * shares.length;
      const flops = steps.reduce((sum, { call }) => sum + call.flops, 0);
      return { steps, own, shares, start, patience: PATIENCE_MS + flops / LEAST_SPEED };
    });
    this.lastShared = this.phases.findLastIndex(({ shares }) => shares.length > 0);
    this.bytes = align(8 * end);
  }

  bind(addressOf: (buffer: Buffer) => number, memory: number): void {
    const table = new Float64Array(this.heap.requireMemory().buffer);
    this.base = memory / 8;
    for (const { steps, own, shares, start } of this.phases) {
      let [owned, shared] = [0, 0];
      for (const { call, divisible } of steps) {
        const args = addressesOf(call, addressOf);
        if (!divisible) own[owned++]!.set(args);
        for (let index = 0; divisible && index < this.pool.count; index++) {
          const share = divisible.share(args, index, this.pool.count);
          table.set([this.kernelNumbers.get(call.kernel)!, ...share], this.base + start + ENTRY * shared);
          shares[shared++]!.set(share);
        }
      }
    }
  }

  announce(): void {
    if (this.lastShared >= 0) this.pool.rouse();
  }

  /** @throws IsthmusError `ENGINE_THREADS` */
  run(): void {
    for (let i = 0; i < this.phases.length; i++) {
      const { own, shares, start, patience } = this.phases[i]!;
      // An empty list keeps workers looking for the next one.
      if (i <= this.lastShared) this.pool.run(own, shares, this.base + start, patience);
      else execute(own);
    }
  }
}
