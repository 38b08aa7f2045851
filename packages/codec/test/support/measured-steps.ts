import type { Steps } from "../../src/steps.ts";

/** Does work step by step: how many steps it had, and by how many bytes array buffers had grown after one at the most. */
export function measuredSteps(work: Steps<unknown>): { readonly steps: number; readonly mostBytes: number } {
  const before = process.memoryUsage().arrayBuffers;
  let [steps, mostBytes] = [0, 0];
  while (!work.next().done) {
    steps++;
    mostBytes = Math.max(mostBytes, process.memoryUsage().arrayBuffers - before);
  }
  return { steps, mostBytes };
}
