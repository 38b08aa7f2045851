import { invalid } from "./invalid.ts";

/**
 * What a file's metadata hold as JSON under a key; undefined where they hold nothing.
 *
 * @throws IsthmusError `ONNX_INVALID` for text that is no JSON object
 */
export function storedJson(
  metadata: Readonly<Record<string, string>>,
  key: string,
): Readonly<Record<string, unknown>> | undefined {
  const text = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  if (text === undefined) return undefined;
  const value = parsed(text, key);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(`metadata "${key}" is no JSON object`);
}

function parsed(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(`metadata "${key}" is not JSON`, { cause });
  }
}
