import type { Dataset } from "@isthmus/data";
import { requireWhole } from "../checks.ts";

export interface MessagesOptions {
  /** Bits per message. */
  readonly k: number;
  /** Items; a multiple of 2^k, so that every message comes equally often. */
  readonly items: number;
}

/**
 * All 2^k messages, equally often: items of k bits, the lowest of the message's number first, labelled with that number. Noise is not in it:
 * the link draws it anew at every step.
 *
 * @throws TypeError, RangeError naming the option.
 */
export function messages({ k, items }: MessagesOptions): Dataset {
  requireWhole("k", k, 1, 16);
  const classes = 2 ** k;
  requireWhole("items", items, classes);
  if (items % classes !== 0)
    throw new RangeError(`"items" expected a multiple of the ${classes} messages, got ${items}`);
  const labels = Int32Array.from({ length: items }, (_, item) => item % classes);
  return {
    name: `messages-${k}`,
    items,
    shape: [k],
    values: Uint8Array.from({ length: items * k }, (_, at) => (labels[Math.floor(at / k)]! >> (at % k)) & 1),
    scale: 1,
    labels,
    classes,
    provenance: { source: `all ${classes} messages of ${k} bits, ${items / classes} times each` },
  };
}
