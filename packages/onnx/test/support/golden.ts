import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web/wasm";
import type { RunSample } from "../../src/index.ts";

web.env.wasm.numThreads = 1;
web.env.logLevel = "error";

/** Runs a file as a user would: tensors of the sample's own types, elements and shapes. */
function runner({ InferenceSession, Tensor }: Pick<typeof native, "InferenceSession" | "Tensor">) {
  return (bytes: Uint8Array): RunSample =>
    async (inputs) => {
      const session = await InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
      const feeds = Object.entries(inputs).map(([name, { dtype, data, shape }]) => {
        return [name, new Tensor(dtype, data as Float32Array, shape)] as const;
      });
      const outputs = await session.run(Object.fromEntries(feeds));
      await session.release();
      return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]));
    };
}

/** Both packages have the same interface, though not the same types. */
export const sampleRunners: Readonly<Record<string, (bytes: Uint8Array) => RunSample>> = {
  "onnxruntime-node": runner(native),
  "onnxruntime-web": runner(web as unknown as typeof native),
};
