export { fitCoding, fitTables } from "./fit-coding.ts";
export type { FitCodingOptions } from "./fit-coding.ts";
export { inferLatents, latentDims } from "./latents.ts";
export type { Batches, EncoderModel, InferredLatents } from "./latents.ts";
export { openNetwork } from "./network.ts";
export type { Network } from "./network.ts";
export { decodeInBatches, decodeItems, decodeStreamLatents, encodeStream } from "./stream.ts";
export type { DecodedLatents, DecodedStream, EncodeStreamOptions } from "./stream.ts";
