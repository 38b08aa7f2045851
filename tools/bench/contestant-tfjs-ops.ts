// usage: contestant-tfjs-ops.ts <backend> <folder>
import * as tf from "@tensorflow/tfjs-core";
import { operationCase } from "./operations.ts";
import { pattern } from "./pattern.ts";
import { keepingLast, magnitude, serve } from "./serve.ts";
import { startBackend } from "./tfjs-backend.ts";

await serve(await startBackend(process.argv[2]!), ({ work }) => {
  const { operands, tfjs } = operationCase(work);
  const [x, y = x!] = operands.map(({ rows, columns, low, high, ids }, i) =>
    tf.tensor2d(pattern(rows * columns, low, high, 500 * i), [rows, columns], ids ? "int32" : "float32"),
  );
  const operation = keepingLast(
    () => tf.tidy(() => tfjs(tf, x!, y)),
    (result) => result.dispose(),
    async (result) => magnitude(await result.data()),
  );
  return { ...operation, dispose: () => (operation.dispose!(), tf.dispose([x!, y])) };
});
