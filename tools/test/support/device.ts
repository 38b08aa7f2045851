/**
 * What a device has: the plan of an encoder, tables, the model's id, and no more than these two packages. Given items, it answers with a
 * stream; given a stream of a lossless coder, with its items.
 */
import { parentPort, workerData } from "node:worker_threads";
import { decodeLossless, encodeLatents, type LosslessCoder, unpackTables } from "@isthmus/codec";
import { type IntegerPlan, loadExecutor } from "@isthmus/edge";

export interface DeviceTask {
  readonly plan: IntegerPlan;
  readonly kernels: "wasm" | "javascript";
  readonly tables: Int32Array;
  readonly modelId: Uint8Array;
  /** [items, pixels] */
  readonly items: Uint8Array;
  readonly lossless: {
    readonly stream: Uint8Array;
    readonly modelId: Uint8Array;
    readonly model: Pick<LosslessCoder["model"], "pixels" | "tables">;
    readonly posterior: IntegerPlan;
    readonly likelihood: IntegerPlan;
  };
}

export interface DeviceAnswer {
  readonly stream: Uint8Array;
  readonly values: Uint8Array;
}

const { plan, kernels, tables, modelId, items, lossless } = workerData as DeviceTask;
const encoder = await loadExecutor(plan, { kernels });
const pixels = plan.input.length;
const symbols = Array.from({ length: items.length / pixels }, (_, i) => [
  ...encoder.run(items.subarray(i * pixels, (i + 1) * pixels)),
]);
const stream = encodeLatents(Int32Array.from(symbols.flat()), { tables: unpackTables(tables), modelId });
const [posterior, likelihood] = [
  await loadExecutor(lossless.posterior, { kernels }),
  await loadExecutor(lossless.likelihood, { kernels }),
];
const model = { ...lossless.model, posterior, likelihood };
const { values } = decodeLossless(lossless.stream, { model, modelId: lossless.modelId });
parentPort!.postMessage({ stream, values } satisfies DeviceAnswer);
