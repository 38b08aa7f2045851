import { convolutions } from "./convolutions.ts";
import { depthwise } from "./depthwise.ts";
import { elementwise } from "./elementwise.ts";
import { greatest } from "./greatest.ts";
import type { Kernels } from "./kernel.ts";
import { pools } from "./pools.ts";
import { products } from "./products.ts";
import { reductions } from "./reductions.ts";
import { rows } from "./rows.ts";
import { volumes } from "./volumes.ts";

/** What is replaced in, or added to, tfjs's wasm backend. */
export const kernels: Kernels = {
  ...convolutions,
  ...depthwise,
  ...elementwise,
  ...greatest,
  ...pools,
  ...products,
  ...reductions,
  ...rows,
  ...volumes,
};
