/**
 * Something that came from outside (bytes, files, a machine, a diverging run) was not as it must be.
 * A caller's own mistake is a `TypeError` or `RangeError` instead.
 *
 * @example
 * try { decode(bytes) } catch (error) {
 *   if (error instanceof IsthmusError && error.code === "BITSTREAM_CRC") askAgain(error.details.offset);
 * }
 */
export class IsthmusError extends Error {
  override readonly name = "IsthmusError";
  /** Stable, upper case, with the family first: `BITSTREAM_CRC`, `MODEL_FILE_HEADER`, `TRAIN_NON_FINITE`. */
  readonly code: string;
  /** What a program would want to know: offsets, names, sizes. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, details: Readonly<Record<string, unknown>> = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}
