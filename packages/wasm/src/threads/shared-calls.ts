import { addressesOf, BoundCall, execute, type Kernels } from "../bound-call.ts";
import type { CallList } from "../call-list.ts";
import type { Heap } from "../heap.ts";
import { align } from "../planner/arena.ts";
import type { Buffer, Plan, PlannedCall } from "../planner/plan.ts";
import { type Phase, planPhases, type Step } from "./phases.ts";
import type { Pool } from "./pool.ts";

/** Elements of the table per call: the kernel's number and its arguments. */
const ENTRY = 13;

/** A worker that takes longer than this, and is slower than this many FLOP per millisecond, is taken for lost. */
const PATIENCE_MS = 10_000;
const LEAST_SPEED = 10_000;

/** A phase with this thread's calls; `start` is where the workers' lists begin in the table, -1 when they have none. */
interface ReadyPhase {
  readonly steps: Phase;
  readonly own: readonly BoundCall[];
  readonly start: number;
  readonly patience: number;
}

/**
 * Calls run by all threads of a pool, phase by phase. The workers' shares lie in shared memory, as float64 numbers:
 *
 *     per phase: per worker, where its list begins | per worker: number of calls, then kernel, a0 ... a11 of each
 */
export class SharedCalls implements CallList {
  readonly bytes: number;
  private readonly pool: Pool;
  private readonly heap: Heap;
  private readonly kernelNumbers: ReadonlyMap<string, number>;
  private readonly phases: readonly ReadyPhase[];
  /** The table's first element in a float64 view of the memory. */
  private base = 0;

  constructor(calls: readonly PlannedCall[], plan: Plan, kernels: Kernels, heap: Heap, pool: Pool) {
    let end = 0;
    this.pool = pool;
    this.heap = heap;
    this.kernelNumbers = new Map(Object.keys(kernels).map((name, index) => [name, index]));
    this.phases = planPhases(calls, plan, pool.count).map((steps) => {
      const divided = steps.filter(isDivided).length;
      const start = divided > 0 ? end : -1;
      if (divided > 0) end += (pool.count - 1) * (2 + ENTRY * divided);
      const flops = steps.reduce((sum, { call }) => sum + call.flops, 0);
      const own = steps.map(({ call }) => new BoundCall(call, kernels));
      return { steps, own, start, patience: PATIENCE_MS + flops / LEAST_SPEED };
    });
    this.bytes = align(8 * end);
  }

  bind(addressOf: (buffer: Buffer) => number, memory: number): void {
    const table = new Float64Array(this.heap.requireMemory().buffer);
    this.base = memory / 8;
    for (const { steps, own, start } of this.phases) {
      const all = steps.map(({ call }) => addressesOf(call, addressOf));
      own.forEach((call, i) => call.set(shareOf(steps[i]!, all[i]!, 0, this.pool.count)));
      if (start >= 0) this.writeLists(table, steps, all, this.base + start);
    }
  }

  private writeLists(table: Float64Array, steps: Phase, all: readonly (readonly number[])[], start: number): void {
    const { count } = this.pool;
    let end = start + count - 1;
    for (let worker = 1; worker < count; worker++) {
      table[start + worker - 1] = end;
      table[end++] = steps.filter(isDivided).length;
      for (const [i, step] of steps.entries()) {
        if (!isDivided(step)) continue;
        table.set([this.kernelNumbers.get(step.call.kernel)!, ...shareOf(step, all[i]!, worker, count)], end);
        end += ENTRY;
      }
    }
  }

  /** @throws IsthmusError `ENGINE_THREADS` */
  run(): void {
    for (let i = 0; i < this.phases.length; i++) {
      const { own, start, patience } = this.phases[i]!;
      if (start < 0) execute(own);
      else this.runTogether(own, this.base + start, patience);
    }
  }

  private runTogether(own: readonly BoundCall[], lists: number, patience: number): void {
    this.pool.begin(lists);
    execute(own);
    this.pool.finish(patience);
  }
}

function isDivided({ divisible }: Step): boolean {
  return divisible !== undefined;
}

/** Thread `index`'s arguments: all of an undivided call is the first's. */
function shareOf({ divisible }: Step, args: readonly number[], index: number, count: number): readonly number[] {
  return divisible ? divisible.share(args, index, count) : args;
}
