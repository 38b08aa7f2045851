/** Why a parcel, or a whole request, is refused; `docs/protocol.md` says what a device does about each. */
export const RESULT_REASONS = [
  "bad-frame",
  "unauthorised",
  "other-device",
  "unknown-model",
  "sequence-taken",
  "too-large",
  "unsupported-media-type",
  "overloaded",
  "unavailable",
] as const;

export type RefusalReason = (typeof RESULT_REASONS)[number];

interface Accepted {
  readonly device: string;
  readonly sequence: number;
  readonly status: "stored" | "duplicate";
}

export interface Refused {
  /** Of a parcel that could be read; `offset` says where one stands that could not. */
  readonly device?: string;
  readonly sequence?: number;
  readonly status: "refused";
  readonly reason: RefusalReason;
  /** For people. */
  readonly detail: string;
  /** Of what is wrong with the bytes, and where in the body. */
  readonly code?: string;
  readonly offset?: number;
  /** 16 hex digits. */
  readonly model?: string;
  /** Above all sequences that the service has of the device. */
  readonly next?: number;
  /** Bytes. */
  readonly limit?: number;
}

/** What became of a parcel. */
export type Result = Accepted | Refused;
