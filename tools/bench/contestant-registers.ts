// usage: contestant-registers.ts <build> <folder>
// The multiplications and additions of a case, in registers alone.
import type { BuildName } from "./contestants.ts";
import { FLOPS_PER_TURN, registerLoop } from "./register-loop.ts";
import { serve } from "./serve.ts";

const build = process.argv[2] as BuildName;
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(registerLoop(build)));
const spin = exports["spin"] as (turns: number) => number;

const { node, v8 } = process.versions;
await serve({ node, v8, build }, ({ flops }) => {
  const turns = Math.max(1, Math.round((flops as number) / FLOPS_PER_TURN));
  let sum = 0;
  return {
    run: (steps) => {
      for (let i = 0; i < steps; i++) sum = spin(turns);
    },
    value: () => sum,
  };
});
