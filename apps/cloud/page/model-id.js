/** What a model file says that it is, so that nobody has to copy an id. The service makes the id from the content and compares. */

/** More than any model's description; what comes after is weights. */
const MOST_HEADER = 2 ** 24;

/**
 * The id of an Isthmus model: the first 8 bytes of SHA-256 over the hashes of encoder, tables and decoder.
 *
 * @param {Blob} file
 * @returns {Promise<string | undefined>} 16 hex digits; nothing where the file is no such model, or the browser has no hashes here (http that is not local)
 */
export async function modelIdOf(file) {
  if (!globalThis.isSecureContext) return undefined;
  try {
    const length = Number(new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
    if (length > MOST_HEADER) return undefined;
    const { __metadata__: metadata } = JSON.parse(await file.slice(8, 8 + length).text());
    const { encoder, tables, decoder } = JSON.parse(metadata.hashes);
    const digest = await crypto.subtle.digest("SHA-256", bytesOf(encoder + tables + decoder));
    return Array.from(new Uint8Array(digest, 0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    // Whatever it is, it is no model file; the service says so with its reasons.
    return undefined;
  }
}

/** @param {string} hex */
function bytesOf(hex) {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
