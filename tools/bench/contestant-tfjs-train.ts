// usage: contestant-tfjs-train.ts cpu|wasm|accelerated|accelerated-adam <folder>
import * as tf from "@tensorflow/tfjs-core";
import { readFloats } from "./floats.ts";
import { batchStart, type Prepared, serve } from "./serve.ts";
import { startBackend } from "./tfjs-backend.ts";
import { lossOf } from "./tfjs-networks.ts";
import { itemsOf, type Workload } from "./workloads.ts";

const [backend, folder] = process.argv.slice(2) as [string, string];
const accelerated = backend.startsWith("accelerated") ? await accelerate() : undefined;
const digits = readFloats(folder, "items.f32");

function prepared(work: Workload, batch: number): Prepared {
  tf.disposeVariables();
  const { values, width } = itemsOf(work, digits);
  const items = tf.tensor2d(values, [values.length / width, width]);
  const loss = lossOf(work);
  const optimizer = backend === "accelerated-adam" ? accelerated!.adam({ learningRate: 1e-3 }) : tf.train.adam(1e-3);
  // Layers make their variables when first applied, and the optimizer looks for variables before it applies them.
  tf.tidy(() => loss(tf.slice(items, 0, 1)));
  let done = 0;
  let last = NaN;

  const train = (): tf.Scalar =>
    tf.tidy(() => {
      const x = tf.slice(items, [batchStart(done++, batch, items.shape[0]), 0], [batch, width]);
      return optimizer.minimize(() => loss(x), true)!;
    });

  return {
    run: async (steps) => {
      for (let i = 1; i < steps; i++) train().dispose();
      const scalar = train();
      last = (await scalar.data())[0]!;
      scalar.dispose();
    },
    value: () => last,
    dispose: () => (optimizer.dispose(), items.dispose()),
  };
}

async function accelerate() {
  const { installAcceleratedWasm } = await import("@isthmus/tfjs/accelerated-wasm");
  return installAcceleratedWasm();
}

const facts = await startBackend(accelerated ? "wasm" : backend);
await serve({ ...facts, ...(accelerated && { build: accelerated.build }) }, ({ work, batch }) =>
  prepared(work as Workload, batch as number),
);
