import { IsthmusError } from "@isthmus/math";
import { importOnnx } from "../../src/index.ts";

const CODES: ReadonlySet<string> = new Set(["ONNX_INVALID", "ONNX_OPERATION", "ONNX_LIMIT"]);

/** What JavaScript itself says when code did not look before it leapt. */
const MISHAP = /undefined|null|not a function|not iterable|not an Object|stack size|allocation|Invalid (array|typed)/;

/** What is wrong with how bytes were read: nothing, if they are a network or were refused with a code and for a reason. */
export function mishap(bytes: Uint8Array): string | undefined {
  try {
    importOnnx(bytes);
    return undefined;
  } catch (error) {
    if (!(error instanceof IsthmusError) || !CODES.has(error.code)) return String(error);
    const cause = error.cause instanceof Error ? error.cause.message : "";
    return MISHAP.test(cause) || MISHAP.test(error.message) ? `${error.message} ${cause}` : undefined;
  }
}
