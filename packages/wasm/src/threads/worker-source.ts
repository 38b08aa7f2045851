/**
 * What a worker runs: plain JavaScript for `worker_threads` and for Web Workers. It waits for a ticket, takes call after call from the
 * list in shared memory until none is left, and waits again: looking for a while, then asleep in `Atomics.wait`, where it costs nothing.
 *
 * Serve this text from your own origin and pass its address as `workerUrl` where a page's policy forbids blob workers.
 */
export const workerSource: string = `"use strict";
const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
const port = threads?.parentPort ?? self;
port.onmessage = ({ data: { module, memory, control, fields, spins, index } }) => {
  const { TICKET, CLAIM, COUNT, LIST, DONE, SLEEPING, QUIT, FAILED, MASK } = fields;
  const state = new Int32Array(control);
  const kernels = Object.values(new WebAssembly.Instance(module, { env: { memory } }).exports);
  let table = new Float64Array(memory.buffer);

  const call = (at) => kernels[table[at]](
    table[at + 1], table[at + 2], table[at + 3], table[at + 4], table[at + 5], table[at + 6],
    table[at + 7], table[at + 8], table[at + 9], table[at + 10], table[at + 11], table[at + 12],
    table[at + 13],
  );

  const work = () => {
    for (;;) {
      const claim = Atomics.load(state, CLAIM);
      const list = Atomics.load(state, LIST);
      const count = Atomics.load(state, COUNT);
      if ((claim & MASK) >= count) return;
      if (Atomics.compareExchange(state, CLAIM, claim, claim + 1) !== claim) continue;
      try {
        if (table.buffer !== memory.buffer) table = new Float64Array(memory.buffer);
        call(list + 14 * (claim & MASK));
      } catch {
        Atomics.store(state, FAILED, index);
      }
      if (Atomics.add(state, DONE, 1) === count - 1) Atomics.notify(state, DONE);
    }
  };

  let seen = Atomics.load(state, TICKET);
  port.postMessage("ready");
  for (;;) {
    for (let spin = 0; spin < spins && Atomics.load(state, TICKET) === seen; spin++);
    if (Atomics.load(state, TICKET) === seen) {
      Atomics.add(state, SLEEPING, 1);
      Atomics.wait(state, TICKET, seen);
      Atomics.sub(state, SLEEPING, 1);
      continue;
    }
    seen = Atomics.load(state, TICKET);
    if (Atomics.load(state, QUIT)) return port.close();
    work();
  }
};
`;
