import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Look } from "./quiet-machine.ts";

/** Words of the shared memory, each in a cache line of its own. */
const at = { TICKET: 0, ASKED: 64, ANSWERED: 128 } as const;

/** In a loop, which takes from a quarter of a millisecond to some. */
const HANDSHAKES = 2000;
/** Milliseconds after which a look ends early: a thread that gets no core answers late. */
const LONGEST_LOOK = 2000;

/** Plain JavaScript, as no worker reads TypeScript on all versions of Node. It sleeps between loops. */
const WORKER = `
const { parentPort, workerData: { state, at, count } } = require("node:worker_threads");
parentPort.postMessage("ready");
for (let ticket = 0; ; ticket++) {
  while (Atomics.load(state, at.TICKET) === ticket) Atomics.wait(state, at.TICKET, ticket);
  for (let i = 1; i <= count; i++) {
    while (Atomics.load(state, at.ASKED) !== i);
    Atomics.store(state, at.ANSWERED, i);
  }
}`;

/**
 * Handshakes of two threads a microsecond, for each of several loops: a line of the cache goes to the other thread and back. This takes five times as
 * long where the host has put our two cores on parts of the processor that do not share a cache, which no work of a single thread would show.
 */
export async function lookAtHandshakes(): Promise<Look> {
  const state = new Int32Array(new SharedArrayBuffer(1024));
  const worker = new Worker(WORKER, { eval: true, workerData: { state, at, count: HANDSHAKES } });
  await once(worker, "message");
  worker.unref();
  const shake = (first: number, last: number): void => {
    for (let i = first; i <= last; i++) {
      Atomics.store(state, at.ASKED, i);
      while (Atomics.load(state, at.ANSWERED) !== i);
    }
  };
  const loop = (): number => {
    Atomics.store(state, at.ASKED, 0);
    Atomics.store(state, at.ANSWERED, 0);
    Atomics.add(state, at.TICKET, 1);
    Atomics.notify(state, at.TICKET);
    shake(1, 1);
    const start = performance.now();
    shake(2, HANDSHAKES);
    return (HANDSHAKES - 1) / (performance.now() - start) / 1000;
  };
  return (loops) => {
    const rates = [loop()];
    const end = performance.now() + LONGEST_LOOK;
    while (rates.length < loops && performance.now() < end) rates.push(loop());
    return rates;
  };
}
