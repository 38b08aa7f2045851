export { fitCoding, fitTables } from "./fit-coding.ts";
export type { FitCodingOptions } from "./fit-coding.ts";
export { learnedCoding } from "./learned-coding.ts";
export type { LearnedBins } from "./learned-coding.ts";
export { inferLatents, latentDims } from "./latents.ts";
export type { Batches, EncoderModel, InferredLatents } from "./latents.ts";
export { isLosslessFile, LOSSLESS_FILE_VERSION, readLosslessFile, writeLosslessFile } from "./lossless-file.ts";
export type { LosslessFile } from "./lossless-file.ts";
export { fitLossless, openLossless } from "./lossless.ts";
export type { LosslessCoding, LosslessModel } from "./lossless.ts";
export { openNetwork } from "./network.ts";
export type { Network } from "./network.ts";
export { decodePictures, encodePicture, tileShape } from "./picture.ts";
export type { EncodePictureOptions } from "./picture.ts";
export {
  decodeInBatches,
  decodeItems,
  decodeStreamLatents,
  encodeStream,
  latentChecker,
  latentDecoder,
  streamCodec,
} from "./stream.ts";
export type { DecodedLatents, DecodedStream, DecodedSymbols, EncodeStreamOptions, StreamCodec } from "./stream.ts";
export { cutTiles, joinTiles, requireGeometry, tileBatches, tileGrid } from "./tiles.ts";
export type { Picture, TileShape } from "./tiles.ts";
export { pictureRun } from "./whole-picture.ts";
export type { OnShare, PictureRun } from "./whole-picture.ts";
