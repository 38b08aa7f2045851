/** Twenty thousand steps of the standard VAE, checkpoints and test metrics included: memory stays where it was. */
import { syntheticDigits } from "@isthmus/data";
import { vae } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { expect, it } from "vitest";
import { fit } from "../src/index.ts";

const EPOCHS = 100;
const STEPS_EACH = 200;

it(`${EPOCHS * STEPS_EACH} steps go on learning in memory that does not grow`, async () => {
  const engine = await createWasmEngine({ build: "simd128" });
  const train = syntheticDigits({ items: STEPS_EACH * 128, seed: 1 });
  const test = syntheticDigits({ items: 500, seed: 2 });
  const memory: { heap: number; buffers: number; engine: number }[] = [];
  const losses: number[] = [];
  let checkpointBytes = 0;
  const { steps } = await fit(
    vae(),
    { train, test },
    {
      engine,
      epochs: EPOCHS,
      checkpoint: async (bytes) => {
        checkpointBytes = bytes.length;
      },
      onEpoch: async ({ train: { loss } }) => {
        losses.push(loss!);
        for (let i = 0; i < 5; i++) {
          globalThis.gc!();
          await new Promise((resolve) => setImmediate(resolve));
        }
        const { heapUsed, arrayBuffers } = process.memoryUsage();
        memory.push({ heap: heapUsed, buffers: arrayBuffers, engine: engine.memoryBytes });
      },
    },
  );
  engine.dispose();
  expect(steps).toBe(EPOCHS * STEPS_EACH);
  // Noise moves an epoch's mean loss by far less than ten epochs of learning do.
  const mean = (from: number): number => losses.slice(from, from + 10).reduce((sum, loss) => sum + loss / 10, 0);
  expect(mean(EPOCHS - 10)).toBeLessThan(mean(10));
  const [early, late] = [memory[EPOCHS / 10]!, memory.at(-1)!];
  expect(late.engine).toBe(early.engine);
  // The history grows by one record an epoch and nothing by the step, of which there are 18,000 in between.
  expect(late.heap - early.heap).toBeLessThan(16 * 18_000);
  expect(late.buffers - early.buffers).toBeLessThan(checkpointBytes / 2);
});
