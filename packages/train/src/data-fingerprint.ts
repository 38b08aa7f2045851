import type { Dataset } from "@isthmus/data";
import { canonicalJson, contentHash } from "@isthmus/graph";

/** A hash of the items in their order: equal fingerprints give equal batches of `x`. */
export function dataFingerprint({ shape, scale, values }: Dataset): string {
  return contentHash(`${canonicalJson({ shape, scale, type: values.constructor.name })}\n`, values);
}

/** A hash of the labels, whatever type they are stored in. */
export function labelFingerprint({ labels }: Dataset): string {
  return contentHash("labels\n", Int32Array.from(labels ?? []));
}
