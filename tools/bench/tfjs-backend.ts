import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import type { ContestantFacts } from "./protocol.ts";

/** Stock TensorFlow.js on the backend of that name; resolves to what the report says of it. */
export async function startBackend(backend: string): Promise<ContestantFacts> {
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no ${backend} backend here`);
  const { node, v8 } = process.versions;
  const facts = { node, v8, tfjs: tf.version_core, backend };
  const simd = (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) ? "yes" : "no";
  return backend === "wasm" ? { ...facts, simd, threads: 1 } : facts;
}
