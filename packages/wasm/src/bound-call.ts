import { IsthmusError } from "@isthmus/math";
import type { Buffer, Plan, PlannedCall } from "./planner/plan.ts";

export type Kernel = (...args: number[]) => unknown;

/** A module's exports. */
export type Kernels = Readonly<Record<string, unknown>>;

/** As many as any kernel takes. */
const ARGUMENTS = 13;

/** The arguments of a call, all thirteen, with an address for each buffer. */
export function addressesOf({ args }: PlannedCall, addressOf: (buffer: Buffer) => number): number[] {
  return Array.from({ length: ARGUMENTS }, (_, index) => {
    const arg = args[index] ?? 0;
    return typeof arg === "number" ? arg : addressOf(arg);
  });
}

/**
 * A kernel call with addresses. Arguments are fields, not an array, so that calling spreads and allocates nothing;
 * a kernel ignores those beyond its own.
 */
export class BoundCall {
  readonly kernel: Kernel;
  a0 = 0;
  a1 = 0;
  a2 = 0;
  a3 = 0;
  a4 = 0;
  a5 = 0;
  a6 = 0;
  a7 = 0;
  a8 = 0;
  a9 = 0;
  a10 = 0;
  a11 = 0;
  a12 = 0;
  private readonly planned: PlannedCall;

  constructor(planned: PlannedCall, kernels: Kernels) {
    this.planned = planned;
    this.kernel = kernels[planned.kernel] as Kernel;
  }

  /** Takes over where every buffer lies now. */
  bind(addressOf: (buffer: Buffer) => number): void {
    this.set(addressesOf(this.planned, addressOf));
  }

  /** @param args all thirteen */
  set(args: readonly number[]): void {
    [this.a0, this.a1, this.a2, this.a3, this.a4, this.a5] = args as Six;
    [this.a6, this.a7, this.a8, this.a9, this.a10, this.a11] = args.slice(6) as Six;
    this.a12 = args[12]!;
  }

  run(): void {
    this.kernel(
      this.a0,
      this.a1,
      this.a2,
      this.a3,
      this.a4,
      this.a5,
      this.a6,
      this.a7,
      this.a8,
      this.a9,
      this.a10,
      this.a11,
      this.a12,
    );
  }
}

type Six = [number, number, number, number, number, number];

export interface Runnable {
  run(): void;
}

/** Runs calls one after the other. */
export function execute(calls: readonly Runnable[]): void {
  for (let i = 0; i < calls.length; i++) calls[i]!.run();
}

/** @throws IsthmusError `ENGINE_OPERATION` when a plan calls a kernel that the loaded module does not export */
export function requireKernels(plan: Plan, kernels: Kernels): void {
  for (const { kernel, nodes } of plan.calls) {
    if (typeof kernels[kernel] === "function") continue;
    const message = `the kernels have no "${kernel}", which "${nodes.at(-1)}" needs; load the full build`;
    throw new IsthmusError("ENGINE_OPERATION", message, { kernel, nodes });
  }
}
