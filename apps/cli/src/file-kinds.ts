export type FileKind = "NPY" | "PNG" | "safetensors" | "an .isth stream" | "an .isthb bundle" | "ONNX";

/** The kind of a file by its first bytes, where they tell. */
export function fileKind(bytes: Uint8Array): FileKind | undefined {
  if (startsWith(bytes, [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59])) return "NPY";
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47])) return "PNG";
  if (isSafetensors(bytes)) return "safetensors";
  if (startsWith(bytes, [0xc9, 0x53])) return "an .isth stream";
  if (startsWith(bytes, [0xc9, 0x42])) return "an .isthb bundle";
  return startsWith(bytes, ONNX_FIRST_FIELD) ? "ONNX" : undefined;
}

/** Field 1, varint: `ir_version`, which has one byte so far. */
const ONNX_FIRST_FIELD = [0x08] as const;

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte);
}

/** A small 64-bit length and the brace of a JSON object. */
function isSafetensors(bytes: Uint8Array): boolean {
  return bytes.length > 8 && bytes[8] === 0x7b && bytes[6] === 0 && bytes[7] === 0;
}
