// usage: contestant-tfjs-gemm.ts <backend> <folder>
import * as tf from "@tensorflow/tfjs-core";
import { pattern } from "./pattern.ts";
import { keepingLast, magnitude, serve } from "./serve.ts";
import { startBackend } from "./tfjs-backend.ts";

await serve(await startBackend(process.argv[2]!), (request) => {
  const { m, n, k, transA, transB } = request as unknown as Record<"m" | "n" | "k" | "transA" | "transB", number>;
  const a = tf.tensor2d(pattern(m * k, -1, 1), transA ? [k, m] : [m, k]);
  const b = tf.tensor2d(pattern(k * n, -1, 1, 500), transB ? [n, k] : [k, n]);
  const product = keepingLast(
    () => tf.matMul(a, b, transA === 1, transB === 1),
    (c) => c.dispose(),
    async (c) => magnitude(await c.data()),
  );
  return { ...product, dispose: () => (product.dispose!(), a.dispose(), b.dispose()) };
});
