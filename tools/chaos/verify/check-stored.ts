import type { Codec } from "../codec.ts";
import { deviceName } from "../edge-agent.ts";
import type { StoredRow } from "./stored-rows.ts";

export interface StoredCheck {
  /** Distinct (device, sequence) pairs. */
  readonly pairs: number;
  /** What is wrong, a line each. */
  readonly problems: readonly string[];
}

/** How many devices there are, and how many items each of them encoded. */
export interface Expected {
  readonly devices: number;
  readonly items: number;
}

/**
 * Holds what a database has against what devices measured: of each device as many frames as it filled windows, no pair twice, and in the order of
 * their sequences the very bytes that an encoder in this process writes of the same samples.
 */
export function checkStored(rows: readonly StoredRow[], codec: Codec, { devices, items }: Expected): StoredCheck {
  const problems: string[] = [];
  const pairs = new Set(rows.map(({ device, sequence }) => `${device} ${sequence}`)).size;
  if (pairs !== rows.length) problems.push(`${rows.length - pairs} frames are stored more than once`);
  let known = 0;
  for (let device = 0; device < devices; device++) {
    const name = deviceName(device);
    const own = rows.filter((row) => row.device === name).toSorted((a, b) => a.sequence - b.sequence);
    known += own.length;
    if (own.length !== items) problems.push(`${name}: ${own.length} frames are stored, ${items} were encoded`);
    const wrong = own.findIndex(({ stream }, item) => Buffer.compare(stream, codec.stream(device, item)) !== 0);
    if (wrong >= 0) problems.push(`${name}: frame ${wrong} is not what it encoded`);
  }
  if (known !== rows.length) problems.push(`${rows.length - known} frames are of devices that do not exist`);
  return { pairs, problems };
}
