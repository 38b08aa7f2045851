import type { Handle, RunResult } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import type { PlannedOutput } from "./planner/plan.ts";
import type { Runtime } from "./runtime.ts";
import type { Specialisation } from "./specialisation.ts";
import { sizeOf } from "./planner/view.ts";

/** What a run found in an operand, and what it did. */
export interface Choice {
  /** Name of the node. */
  readonly operand: string;
  /** The part of its elements that is not zero. */
  readonly density: number;
  /** Whether products left out its zeros, unless those of their other operand, and gradients what relu ended. */
  readonly path: "sparse" | "dense";
}

/** What a run leaves: one small object; handles are made only for those who look at `outputs`. */
export class WasmResult implements RunResult {
  readonly committed: boolean;
  private readonly runtime: Runtime;
  private readonly source: Specialisation;
  private readonly run: number;
  private handles: Readonly<Record<string, Handle>> | undefined;

  constructor(committed: boolean, runtime: Runtime, source: Specialisation) {
    this.committed = committed;
    this.runtime = runtime;
    this.source = source;
    this.run = runtime.runs;
    this.handles = undefined;
  }

  get outputs(): Readonly<Record<string, Handle>> {
    this.handles ??= Object.fromEntries(this.source.plan.outputs.map((output) => [output.name, this.handle(output)]));
    return this.handles;
  }

  /**
   * How the products of this run were made that have an operand that was counted, as it is data or relu or its gradient made it, and the gradients back through that relu: one
   * entry for each such operand.
   *
   * @throws IsthmusError `ENGINE_STALE_HANDLE` after a later run
   */
  get choices(): readonly Choice[] {
    this.requireFresh();
    return this.source.choices();
  }

  private requireFresh(): void {
    if (this.run === this.runtime.runs) return;
    throw new IsthmusError("ENGINE_STALE_HANDLE", "this result was replaced by a later run; read it before");
  }

  private handle({ shape, buffer }: PlannedOutput): Handle {
    return {
      shape,
      read: async () => {
        this.requireFresh();
        return this.source.read(buffer, sizeOf(shape));
      },
    };
  }
}
