// usage: contestant-registers.ts <build> [threads] <folder>
// The multiplications and additions of a case, in registers alone, shared evenly by so many threads.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { BuildName } from "./contestants.ts";
import { FLOPS_PER_TURN, registerLoop, spinOf } from "./register-loop.ts";
import { serve } from "./serve.ts";

const [build, ...rest] = process.argv.slice(2) as [BuildName, ...string[]];
const threads = rest.length > 1 ? Number(rest[0]) : 1;
const module = new WebAssembly.Module(registerLoop(build));
const spin = spinOf(module);

/** Plain JavaScript, as no worker reads TypeScript on all versions of Node. */
const WORKER = `
const { parentPort, workerData } = require("node:worker_threads");
const { spin } = new WebAssembly.Instance(workerData).exports;
parentPort.on("message", ({ turns, steps }) => {
  for (let i = 0; i < steps; i++) spin(turns);
  parentPort.postMessage("done");
});`;
const others = Array.from({ length: threads - 1 }, () => new Worker(WORKER, { eval: true, workerData: module }));
for (const other of others) other.unref();

const { node, v8 } = process.versions;
await serve({ node, v8, build, threads }, ({ flops }) => {
  const turns = Math.max(1, Math.round((flops as number) / FLOPS_PER_TURN / threads));
  let sum = 0;
  return {
    run: async (steps) => {
      const answers = others.map((other) => {
        const answer = once(other, "message");
        other.postMessage({ turns, steps });
        return answer;
      });
      for (let i = 0; i < steps; i++) sum = spin(turns);
      await Promise.all(answers);
    },
    value: () => sum,
  };
});
