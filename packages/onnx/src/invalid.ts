import { IsthmusError } from "@isthmus/math";

/** The error for bytes that are not an ONNX file, or not a sound one. */
export function invalid(message: string, details: Readonly<Record<string, unknown>> = {}): IsthmusError {
  return new IsthmusError("ONNX_INVALID", `onnx: ${message}`, details);
}
