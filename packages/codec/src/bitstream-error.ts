import { IsthmusError } from "@isthmus/math";

/** Every way in which a stream can be refused; `docs/format.md` says what each means. */
export type BitstreamErrorCode =
  | "BITSTREAM_MAGIC"
  | "BITSTREAM_VERSION"
  | "BITSTREAM_TRUNCATED"
  | "BITSTREAM_LIMIT"
  | "BITSTREAM_CRC"
  | "BITSTREAM_UNSUPPORTED"
  | "BITSTREAM_TLV"
  | "BITSTREAM_SEQUENCE"
  | "BITSTREAM_MODEL"
  | "BITSTREAM_QUALITY"
  | "BITSTREAM_DIMS"
  | "BITSTREAM_GEOMETRY"
  | "BITSTREAM_SESSION"
  | "BITSTREAM_FRAGMENT"
  | "BITSTREAM_PAYLOAD"
  | "BITSTREAM_STATE"
  | "BITSTREAM_SYMBOL"
  | "BITSTREAM_DEFLATE"
  | "BITSTREAM_END"
  | "BITSTREAM_ITEMS";

/** The error for bytes that cannot be decoded: `offset` is absolute in the bytes the caller passed. */
export function bitstreamError(
  code: BitstreamErrorCode,
  offset: number,
  what: string,
  details: Readonly<Record<string, unknown>> = {},
): IsthmusError {
  return new IsthmusError(code, `byte ${offset}: ${what}`, { offset, ...details });
}
