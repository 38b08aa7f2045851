import { IsthmusError } from "@isthmus/math";

/** Images and labels of one binary file of CIFAR-10. */
export interface Cifar10Batch {
  readonly items: number;
  /** `[items, 32, 32, 3]`, channels red, green, blue last. */
  readonly values: Uint8Array<ArrayBuffer>;
  /** `[items]`, an index into `CIFAR10_CLASSES`. */
  readonly labels: Uint8Array<ArrayBuffer>;
}

/** What the ten labels stand for, in their order. */
export const CIFAR10_CLASSES: readonly string[] = "airplane automobile bird cat deer dog frog horse ship truck".split(
  " ",
);

const PLANE = 32 * 32;
const RECORD = 1 + 3 * PLANE;
/** The published files hold so many; a larger file is no CIFAR-10 batch. */
export const CIFAR10_RECORDS = 10_000;
/** The most bytes of a batch, uncompressed. */
export const CIFAR10_BYTES: number = CIFAR10_RECORDS * RECORD;

/**
 * Reads a plain binary batch of CIFAR-10 (Krizhevsky, 2009): records of one label byte and 32 x 32 red, green and blue
 * bytes, plane after plane. The planes are interleaved to channels last.
 *
 * @param name where the bytes came from, for messages.
 * @throws IsthmusError `DATA_CIFAR` (with `name`, `offset`) when the bytes are not 1 to 10,000 whole records or a label is
 * above 9.
 */
export function parseCifar10(bytes: Uint8Array, name?: string): Cifar10Batch {
  const items = bytes.length / RECORD;
  if (!Number.isInteger(items) || items < 1 || items > CIFAR10_RECORDS) {
    const expected = `expected 1 to ${CIFAR10_RECORDS} records of ${RECORD} bytes`;
    throw corrupt(`${expected}, got ${bytes.length} bytes`, bytes.length - (bytes.length % RECORD), name);
  }
  const values = new Uint8Array(items * 3 * PLANE);
  const labels = new Uint8Array(items);
  for (let item = 0; item < items; item++) {
    const start = item * RECORD;
    const label = bytes[start]!;
    if (label > 9) throw corrupt(`record ${item}: expected a label from 0 to 9, got ${label}`, start, name);
    labels[item] = label;
    interleave(bytes.subarray(start + 1, start + RECORD), values.subarray(item * 3 * PLANE, (item + 1) * 3 * PLANE));
  }
  return { items, values, labels };
}

function interleave(planes: Uint8Array, pixels: Uint8Array): void {
  for (let i = 0; i < PLANE; i++) {
    pixels[3 * i] = planes[i]!;
    pixels[3 * i + 1] = planes[PLANE + i]!;
    pixels[3 * i + 2] = planes[2 * PLANE + i]!;
  }
}

function corrupt(what: string, offset: number, name?: string): IsthmusError {
  return new IsthmusError("DATA_CIFAR", `${name ?? "CIFAR-10 data"}: ${what} (at byte ${offset})`, { name, offset });
}
