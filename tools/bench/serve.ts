import { createInterface } from "node:readline";
import type { PlanCounts } from "./counts.ts";
import type { ContestantFacts, StepReply, StepRequest } from "./protocol.ts";

/** A case made ready: weights, matrices. */
export interface Prepared {
  /** Does that many steps and waits until they are done; may say how many milliseconds count, where these are not all that it took. */
  readonly run: (steps: number) => void | number | Promise<void | number>;
  /** What the last step came to; not timed. */
  readonly value: () => number | Promise<number>;
  /** The work of the last step, where it is counted. */
  readonly counts?: () => PlanCounts;
  readonly dispose?: () => void;
}

/** The contestant's end of the line: does what it is asked for, one case ready at a time. */
export async function serve(
  ready: ContestantFacts,
  prepare: (request: StepRequest) => Prepared | Promise<Prepared>,
): Promise<void> {
  const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
  let current: { readonly key: string; readonly prepared: Prepared } | undefined;
  say({ ready });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as StepRequest;
    const key = JSON.stringify({ ...request, steps: 0 });
    try {
      if (current?.key !== key) {
        current?.prepared.dispose?.();
        current = undefined;
        current = { key, prepared: await prepare(request) };
      }
      say(await timed(current.prepared, request.steps));
    } catch (error) {
      say({ unable: (error as Error).message });
    }
  }
}

async function timed({ run, value, counts }: Prepared, steps: number): Promise<StepReply> {
  const started = performance.now();
  const counted = await run(steps);
  const msPerStep = (counted ?? performance.now() - started) / steps;
  return { msPerStep, value: await value(), ...(counts && { counts: counts() }) };
}

/** For steps that leave their result in a place of their own. */
export function repeated(step: () => void): (steps: number) => void {
  return (steps) => {
    for (let i = 0; i < steps; i++) step();
  };
}

/** For libraries that make a new object each step: keeps the last, throws away the others. */
export function keepingLast<T>(
  step: () => T,
  free: (result: T) => void,
  value: (result: T) => Promise<number>,
): Prepared {
  let last: T | undefined;
  const forget = (): void => {
    if (last !== undefined) free(last);
    last = undefined;
  };
  return {
    run: repeated(() => {
      forget();
      last = step();
    }),
    value: () => value(last as T),
    dispose: forget,
  };
}

/** By which a result is compared with the others': the sum of magnitudes, in double precision. */
export function magnitude(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return sum;
}

/** The first item of the `index`-th batch, when full batches go round and round. */
export function batchStart(index: number, batch: number, items: number): number {
  return (index % Math.floor(items / batch)) * batch;
}
