import { IsthmusError } from "@isthmus/math";
import type { EncoderFacts } from "../encoder/protocol.ts";
import type { Settings } from "../settings.ts";
import { sizeOf } from "../shape.ts";
import { wanted } from "./service.ts";

/** What a service decoded a stream to. */
export interface Decoded {
  /** [items, numbers of an item], of pictures 0 to 255; a name of a category is not a number. */
  readonly values: Float64Array;
  /** From asking to having it. */
  readonly milliseconds: number;
}

const STREAM = "application/vnd.isthmus.stream";

/** @throws IsthmusError `SERVICE_*`; nothing is stored there */
export async function fetchDecoded(
  { service, readerToken, deviceToken }: Settings,
  stream: Uint8Array<ArrayBuffer>,
  { shape }: Pick<EncoderFacts, "shape">,
): Promise<Decoded> {
  const before = performance.now();
  const headers = { "Content-Type": STREAM, Accept: "application/json" };
  const response = await wanted(service, "/v1/decode", readerToken || deviceToken, {
    method: "POST",
    body: stream,
    headers,
  });
  const values = valuesOf(await response.json().catch(() => undefined));
  if (values.length === 0 || values.length % sizeOf(shape) !== 0) {
    throw new IsthmusError(
      "SERVICE_ANSWER",
      `the service answered with ${values.length} numbers, an item has ${sizeOf(shape)}`,
    );
  }
  return { values, milliseconds: performance.now() - before };
}

function valuesOf(answer: unknown): Float64Array {
  const { items } = (answer ?? {}) as { readonly items?: unknown };
  if (!Array.isArray(items)) return new Float64Array(0);
  const numbers = items.flatMap((item: { readonly values?: unknown } | null) =>
    Array.isArray(item?.values) ? item.values.flat(3) : [],
  );
  return Float64Array.from(numbers, (value) => (typeof value === "number" ? value : NaN));
}
