import { fields } from "./messages.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";

/** An ONNX file with one entry more behind its metadata; a message's fields may come in any order. */
export function appendMetadata(bytes: Uint8Array, key: string, value: string): Uint8Array {
  const entry = new ProtobufWriter().string(fields.entry.key, key).string(fields.entry.value, value);
  const added = new ProtobufWriter().message(fields.model.metadata, entry).finish();
  const whole = new Uint8Array(bytes.length + added.length);
  whole.set(bytes);
  whole.set(added, bytes.length);
  return whole;
}
