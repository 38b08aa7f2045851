// usage: contestant-isthmus-gemm.ts <build> <folder>
import { kernelBytes, loadKernels } from "@isthmus/kernels";
import type { BuildName } from "./contestants.ts";
import { pattern } from "./pattern.ts";
import { magnitude, repeated, serve } from "./serve.ts";

const build = process.argv[2] as BuildName;
const { node, v8 } = process.versions;
const PAGE = 65_536;

const { length } = await kernelBytes(build);
await serve({ node, v8, build, threads: 1, "wasm bytes": length }, async (request) => {
  const { m, n, k, transA, transB } = request as unknown as Record<"m" | "n" | "k" | "transA" | "transB", number>;
  const { exports, memory } = await loadKernels({ build });
  const a = PAGE;
  const b = a + 4 * m * k;
  const c = b + 4 * k * n;
  const scratch = c + 4 * m * n;
  const bytes = scratch + exports.gemmScratch(transA, transB, m, n, k);
  memory.grow(Math.max(0, Math.ceil((bytes - memory.buffer.byteLength) / PAGE)));
  new Float32Array(memory.buffer, a, m * k).set(pattern(m * k, -1, 1));
  new Float32Array(memory.buffer, b, k * n).set(pattern(k * n, -1, 1, 500));
  return {
    run: repeated(() => exports.gemm(transA, transB, m, n, k, a, b, c, 0, 0, scratch)),
    value: () => magnitude(new Float32Array(memory.buffer, c, m * n)),
  };
});
