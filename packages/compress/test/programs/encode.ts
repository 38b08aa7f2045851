/** The device's program: `encode.ts model stream threads`. */
import { readFileSync, writeFileSync } from "node:fs";
import { batches, syntheticDigits } from "@isthmus/data";
import { readModelFile } from "@isthmus/graph";
import { createWasmEngine } from "@isthmus/wasm";
import { encodeStream } from "../../src/index.ts";

const [model, stream, threads] = process.argv.slice(2) as [string, string, string];
const engine = await createWasmEngine({ build: "simd128", threads: Number(threads) });
const digits = syntheticDigits({ items: 1200, seed: 5, split: "test" });
const input = batches(digits, { batchSize: 100 });
writeFileSync(stream, await encodeStream(engine, readModelFile(readFileSync(model)), input, { payloads: 2 }));
engine.dispose();
