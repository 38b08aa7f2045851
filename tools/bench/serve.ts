import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { ContestantFacts, StepReply, StepRequest } from "./protocol.ts";

export const FEATURES = 784;

/** The contestant's end of the line: does `request.steps` steps at a time, for as long as the bench asks. */
export async function serve(ready: ContestantFacts, steps: (request: StepRequest) => Promise<number>): Promise<void> {
  const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
  say({ ready });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as StepRequest;
    const started = performance.now();
    const loss = await steps(request);
    const reply: StepReply = { msPerStep: (performance.now() - started) / request.steps, loss };
    say(reply);
  }
}

/** The items the bench wrote for its contestants, f32 [items, 784]. */
export function readItems(path: string): Float32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** The first item of the `index`-th batch, when full batches go round and round. */
export function batchStart(index: number, batch: number, items: number): number {
  return (index % Math.floor(items / batch)) * batch;
}
