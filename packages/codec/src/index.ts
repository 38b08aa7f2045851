export { decodeBitsBack, encodeBitsBack } from "./bits-back.ts";
export type { BitsBackModel, IntegerNetwork } from "./bits-back.ts";
export { decodeLossless, encodeLossless } from "./bits-back-stream.ts";
export type {
  DecodeLosslessOptions,
  EncodeLosslessOptions,
  LosslessCoder,
  LosslessItems,
  LosslessStream,
} from "./bits-back-stream.ts";
export { GRID, numbersPerPixel, packBitsBackTables, unpackBitsBackTables } from "./bits-back-tables.ts";
export type { BitsBackTables, PixelTables } from "./bits-back-tables.ts";
export { makeBitsBackTables } from "./bits-back-tables-from-floats.ts";
export type { BitsBackTablesOptions } from "./bits-back-tables-from-floats.ts";
export type { BitstreamErrorCode } from "./bitstream-error.ts";
export { crc32c } from "./crc32c.ts";
export { noteFields, notesOf } from "./fields.ts";
export type { AncillaryField, Geometry, StreamNotes } from "./fields.ts";
export {
  FRAME_HEADER_BYTES,
  FRAME_LIMITS,
  mostFrameBytes,
  readFrame,
  readFrames,
  SYMBOLS_PER_FRAME,
  writeFrame,
} from "./frame.ts";
export type { FoundPayload, Frame, FrameLimits, PayloadCoding, Profile, ReadFrame, ReadOptions } from "./frame.ts";
export {
  countSymbols,
  fitFrequencyTable,
  fitFrequencyTables,
  frequencyTable,
  medianSymbol,
  packTables,
  unpackTables,
} from "./frequency-table.ts";
export type { FitOptions, FrequencyTable, Histogram } from "./frequency-table.ts";
export { checkLatents, decodeLatents, encodeLatents } from "./latent-stream.ts";
export type {
  DecodeLatentsOptions,
  EncodeLatentsOptions,
  LatentStream,
  LatentFacts,
  Latents,
  LatentTables,
  LostPayload,
} from "./latent-stream.ts";
export { LatentWriter } from "./latent-writer.ts";
export type { LatentWriterOptions } from "./latent-writer.ts";
export { numberAt, numberBytes } from "./numbers.ts";
export { isDeviceId, PARCEL_HEADER_BYTES, PARCEL_STREAM_BYTES, readParcels, writeParcel } from "./parcel.ts";
export type { FoundParcel, Parcel } from "./parcel.ts";
export { dequantise, quantise, uniformQuantiser } from "./quantiser.ts";
export type { UniformQuantiser } from "./quantiser.ts";
export type { ScaledCdf } from "./scaled-cdf.ts";
export type { Steps } from "./steps.ts";
export { codeLengthBits, decodeSymbols, encodeSymbols } from "./rans.ts";
export type { FragmentOptions } from "./fragments.ts";
export { joinSessions, openSession, streamPackets } from "./session.ts";
export type {
  HelloEvent,
  JoinSessionsOptions,
  LatentsEvent,
  LostEvent,
  OpenSessionOptions,
  SessionEvent,
  SessionReceiver,
  StreamEvent,
} from "./session.ts";
export { helloBody, sessionSender } from "./session-sender.ts";
export type { Message, SessionModel, SessionOptions, SessionSender } from "./session-sender.ts";
