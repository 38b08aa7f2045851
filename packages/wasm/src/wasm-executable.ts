import { type Executable, type HostArray, type Program, resolveBatch, type RunOptions } from "@isthmus/graph";
import { requireKernels } from "./bound-call.ts";
import { disposed } from "./disposed.ts";
import { type PlanSummary, summarise } from "./plan-summary.ts";
import { makePlan, prepare, type Prepared } from "./planner/make-plan.ts";
import { normalise } from "./planner/normalise.ts";
import type { Plan } from "./planner/plan.ts";
import { WasmResult } from "./run-result.ts";
import type { Runtime } from "./runtime.ts";
import { requireFits, Specialisation } from "./specialisation.ts";
import type { WasmState } from "./wasm-state.ts";

/** How many batch sizes stay ready; the one not used for longest makes room. */
const KEPT = 8;

/** A program against one state, ready for any batch size. */
export class WasmExecutable implements Executable {
  private readonly program: Program;
  private readonly prepared: Prepared;
  /** Names of the tensors that a run replaces. */
  private readonly updated: readonly string[];
  private readonly runtime: Runtime;
  private readonly state: WasmState;
  /** By batch size, the latest used last. */
  private readonly ready = new Map<number, Specialisation>();
  private current: Specialisation | undefined;
  private alive = true;

  /** @throws IsthmusError `ENGINE_OPERATION`, `ENGINE_MEMORY` */
  constructor(program: Program, state: WasmState, runtime: Runtime) {
    this.program = program;
    this.prepared = prepare(normalise(program));
    this.updated = Object.keys(program.updates);
    this.runtime = runtime;
    this.state = state;
    requireKernels(this.planFor(1), runtime.kernels);
  }

  async run(inputs: Readonly<Record<string, HostArray>>, options?: RunOptions): Promise<WasmResult> {
    options?.signal?.throwIfAborted();
    this.requireAlive();
    const specialisation = this.specialise(resolveBatch(this.program, inputs, options?.batch));
    this.runtime.runs++;
    const committed = specialisation.run(inputs);
    if (committed) this.state.replaced(this.updated);
    return new WasmResult(committed, this.runtime, specialisation);
  }

  /**
   * What a run at `batch` does, call by call.
   *
   * @throws RangeError unless `batch` is a positive integer; IsthmusError `ENGINE_OPERATION`, `ENGINE_MEMORY`
   */
  plan(batch = 1): PlanSummary {
    this.requireAlive();
    return summarise(this.planFor(batch));
  }

  dispose(): void {
    for (const specialisation of this.ready.values()) specialisation.dispose();
    this.ready.clear();
    this.current = undefined;
    this.alive = false;
  }

  private requireAlive(): void {
    if (!this.alive) throw disposed("executable");
    this.state.requireRegion();
  }

  private planFor(batch: number): Plan {
    if (!Number.isSafeInteger(batch) || batch < 1) {
      throw new RangeError(`"batch" expected a positive integer, got ${batch}`);
    }
    const plan = makePlan(this.prepared, batch, this.runtime.scratch, this.runtime.threads);
    requireFits(plan, this.runtime.heap);
    return plan;
  }

  private specialise(batch: number): Specialisation {
    if (this.current?.plan.batch === batch) return this.current;
    const found = this.ready.get(batch) ?? this.makeReady(batch);
    this.ready.delete(batch);
    this.ready.set(batch, found);
    this.current = found;
    return found;
  }

  private makeReady(batch: number): Specialisation {
    const plan = this.planFor(batch);
    const [oldest] = this.ready;
    if (oldest && this.ready.size >= KEPT) {
      this.ready.delete(oldest[0]);
      oldest[1].dispose();
    }
    return new Specialisation(plan, this.state, this.runtime);
  }
}
