import { readFileSync } from "node:fs";
import { join } from "node:path";

export const FEATURES = 784;

/** A file of float32 in the folder that everyone works on. */
export function readFloats(folder: string, name: string): Float32Array {
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, name));
  return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}
