import { invalid } from "./invalid.ts";

/** Characters that are made at once: arguments of a call are limited. */
const PIECE = 0x8000;

export function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE) pieces.push(String.fromCharCode(...bytes.subarray(at, at + PIECE)));
  return btoa(pieces.join(""));
}

/** @throws IsthmusError `ONNX_INVALID` for text that is not base64 */
export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw invalid("the golden sample has data that are not base64", { cause });
  }
}
