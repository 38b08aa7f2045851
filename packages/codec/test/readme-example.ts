import { decodeLatents, dequantise, encodeLatents, fitFrequencyTables, quantise, uniformQuantiser } from "@isthmus/codec";

// Latents of 1000 items with 2 dimensions, as an encoder would give them.
const latents = Float32Array.from({ length: 2000 }, (_, i) => Math.sin(i) * (1 + (i % 2)));

const quantiser = uniformQuantiser([0.25, 0.25]);
const symbols = quantise(latents, quantiser); // int32, [1000, 2]
const tables = fitFrequencyTables(symbols, 2); // stored with the model, never recomputed
const modelId = new Uint8Array(8); // the first bytes of the model's hash

export const bytes: Uint8Array = encodeLatents(symbols, { tables, modelId });
export const decoded = decodeLatents(bytes, { tables, modelId }); // { items: 1000, dims: 2, symbols }
export const values: Float32Array = dequantise(decoded.symbols, quantiser); // within half a step of the latents
