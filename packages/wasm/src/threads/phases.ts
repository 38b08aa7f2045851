import { type Buffer, buffersOf, type Plan, type PlannedCall } from "../planner/plan.ts";
import { type Divisible, divisibles } from "./divisible.ts";
import { MOST_CALLS } from "./pool.ts";

/** A call, and how it is divided if it is. */
export interface Step {
  readonly call: PlannedCall;
  readonly divisible: Divisible | undefined;
}

/** Steps that may run at the same time, but for undivided ones, which one thread runs in their order. */
export type Phase = readonly Step[];

/** From this much work on, some 40 microseconds of it, a call is divided: handing out and gathering takes a few. */
const WORTH_FLOPS = 1_000_000;
const WORTH_BYTES = 400_000;

/** What takes an exponential or a logarithm of each element counts as one operation for each, and takes the time of so many of a product. */
const TRANSCENDENTAL: ReadonlySet<string> = new Set(
  "exp expm1 log log1p sigmoid tanh softplus erf sigmoidCrossEntropy sigmoidCrossEntropyGrad sigmoidCrossEntropyBoth".split(
    " ",
  ),
);
const OPERATIONS_OF_ONE = 60;

/** Groups calls into phases: a step that needs what a divided one makes, or the other way round, starts the next. */
export function planPhases(calls: readonly PlannedCall[], { offsets }: Plan, threads: number): Phase[] {
  const phases: Step[][] = [];
  for (const call of calls) {
    const step = { call, divisible: isWorthwhile(call, threads) ? divisibles[call.kernel] : undefined };
    const current = phases.at(-1);
    const joins = (other: Step) =>
      !(step.divisible || other.divisible) || areIndependent(step.call, other.call, offsets);
    if (current && hasRoom(current, threads) && current.every(joins)) current.push(step);
    else phases.push([step]);
  }
  return phases;
}

function hasRoom(phase: Phase, threads: number): boolean {
  return (phase.filter(({ divisible }) => divisible).length + 1) * threads <= MOST_CALLS;
}

function isWorthwhile({ kernel, args, flops }: PlannedCall, threads: number): boolean {
  const sizes = args.map((arg) => (typeof arg === "number" ? arg : 0));
  if ((divisibles[kernel]?.pieces(sizes) ?? 1) < threads) return false;
  const bytes = buffersOf(args).reduce((sum, buffer) => sum + buffer.bytes, 0);
  const work = TRANSCENDENTAL.has(kernel) ? OPERATIONS_OF_ONE * flops : flops;
  return work >= WORTH_FLOPS || bytes >= WORTH_BYTES;
}

type Offsets = ReadonlyMap<Buffer, number>;

/** Neither writes what the other reads or writes. */
function areIndependent(a: PlannedCall, b: PlannedCall, offsets: Offsets): boolean {
  const meet = (written: readonly Buffer[], touched: readonly Buffer[]) =>
    written.some((one) => touched.some((other) => overlap(one, other, offsets)));
  return !meet(writtenBy(a), buffersOf(b.args)) && !meet(writtenBy(b), buffersOf(a.args));
}

/** All buffers of a kernel that we know nothing of, and all that a table leads to. */
function writtenBy(call: PlannedCall): Buffer[] {
  const writes = divisibles[call.kernel]?.writes;
  return buffersOf(writes ? writes.map((at) => call.args[at]!) : call.args);
}

function overlap(a: Buffer, b: Buffer, offsets: Offsets): boolean {
  if (a.place.kind !== b.place.kind) return false;
  if (a.place.kind === "state" && b.place.kind === "state") return a.place.name === b.place.name;
  const [start, other] = [offsets.get(a)!, offsets.get(b)!];
  return start < other + b.bytes && other < start + a.bytes;
}
