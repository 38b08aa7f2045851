import { crc32c } from "@isthmus/codec";
import { BUNDLE_HEADER_BYTES } from "@isthmus/edge/format";

/** A bundle's sums made anew, in place, over what was changed in it; its SHA-256 aside. */
export function repaired(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = BUNDLE_HEADER_BYTES + 12 * bytes[3]!;
  for (let i = 0, at = directory; i < bytes[3]! && at <= bytes.length; i++) {
    const entry = BUNDLE_HEADER_BYTES + 12 * i;
    const length = view.getUint32(entry + 4, true);
    view.setUint32(entry + 8, crc32c(bytes.subarray(at, at + length)), true);
    at += length;
  }
  view.setUint32(8, crc32c(bytes.subarray(12, directory), crc32c(bytes.subarray(0, 8))), true);
  return bytes;
}
