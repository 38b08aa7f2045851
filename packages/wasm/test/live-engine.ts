// Trains a step on three threads and says so; ends without disposing of anything.
import { createWasmEngine } from "@isthmus/wasm";
import { trainedBits } from "./threaded-vae.ts";

const engine = await createWasmEngine({ build: "simd128", threads: 3 });
const bits = await trainedBits(engine, 1);
process.stdout.write(`${engine.threads.count} threads, ${bits.length} bytes`);
