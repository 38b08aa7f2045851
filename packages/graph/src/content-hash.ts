import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

/** SHA-256, as lower-case hex, of the parts one after another: texts as UTF-8, arrays as their bytes in memory. */
export function contentHash(...parts: readonly (string | ArrayBufferView)[]): string {
  const hash = sha256.create();
  for (const part of parts) {
    hash.update(
      typeof part === "string"
        ? new TextEncoder().encode(part)
        : new Uint8Array(part.buffer as ArrayBuffer, part.byteOffset, part.byteLength),
    );
  }
  return bytesToHex(hash.digest());
}
