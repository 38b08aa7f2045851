import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { bundled } from "../lib/bundled.ts";
import { ANOMALY_FILES } from "./anomaly-names.ts";
import type { PeerName } from "./peers.ts";
import { type Size, sizeOfFiles } from "./sizes.ts";

const require = createRequire(import.meta.url);

/** Our runtime as a bundler leaves it, its WebAssembly inside. */
export async function runtimeSizes(): Promise<Size[]> {
  const of = (names: string) => bundled(`export { ${names} } from "@isthmus/edge";`);
  return [
    sizeOfFiles("@isthmus/edge: loadEncoder, WebAssembly and JavaScript", [await of("loadEncoder")]),
    sizeOfFiles("@isthmus/edge: javascriptEncoder alone", [await of("javascriptEncoder")]),
  ];
}

/** What each has to load for the encoder of the folder. */
export async function edgeSizes(folder: string, peers: readonly PeerName[]): Promise<Size[]> {
  const model = (what: string, name: string): Size => sizeOfFiles(what, [readFileSync(join(folder, name))]);
  return [
    ...(await runtimeSizes()),
    model("the encoder, .isthb, int8", ANOMALY_FILES.int8),
    model("the encoder, .isthb, float32", ANOMALY_FILES.float),
    ...(peers.includes("tfjs")
      ? [sizeOfFiles("TensorFlow.js: core and the wasm backend, with SIMD", await loadedFiles.tfjs())]
      : []),
    ...(peers.includes("ort") ? [sizeOfFiles("onnxruntime-web: its wasm build alone", await loadedFiles.ort())] : []),
    ...(peers.length > 0
      ? [
          model("the encoder, .onnx, float32", ANOMALY_FILES.onnx),
          model("the encoder, .onnx, int8", ANOMALY_FILES.onnxInt8),
        ]
      : []),
  ];
}

/** What a page loads of a peer: code and WebAssembly. */
export const loadedFiles = { ort: ortFiles, tfjs: tfjsFiles } as const;

/** Of core what a program of dense layers uses. */
async function tfjsFiles(): Promise<Uint8Array[]> {
  const code = await bundled(`
    export { fused, ready, setBackend, tensor1d, tensor2d, tidy } from "@tensorflow/tfjs-core";
    export { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";`);
  const folder = dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  return [code, readFileSync(join(folder, "dist", "tfjs-backend-wasm-simd.wasm"))];
}

async function ortFiles(): Promise<Uint8Array[]> {
  const folder = dirname(require.resolve("onnxruntime-web/wasm"));
  const names = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}
