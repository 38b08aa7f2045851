import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseNpy } from "@isthmus/data";
import { isthmusQuietly } from "../../services/programs.ts";
import type { Codec } from "../codec.ts";
import { deviceName } from "../edge-agent.ts";
import type { Expected } from "./check-stored.ts";
import { pageOf } from "./page-of.ts";

export interface ServedCheck {
  readonly frames: number;
  /** The greatest difference of a decoded value from the one that `isthmus decode` came to, in parts of the greatest value. */
  readonly apart: number;
  readonly problems: readonly string[];
}

interface Page {
  readonly frames: readonly {
    readonly sequence: number;
    readonly items?: readonly { readonly values: readonly number[]; readonly code: readonly number[] }[];
  }[];
  readonly next?: string;
}

/**
 * Two engines, each of float32 with sums of at most some tens of products: their results differ by some tens of roundings of 2^-24 of the largest
 * term. A thousand leaves room for terms that cancel.
 */
const MOST_APART = 1000 * 2 ** -24;
const PAGE = 500;

/**
 * Reads all frames of all devices through the service: each once, with the integers that its device encoded, and with the values that the command line
 * tool's own engine decodes of the same bytes.
 *
 * @param base e.g. `http://127.0.0.1:8080`
 * @param token a reader's
 */
export async function checkServed(
  base: string,
  token: string,
  folder: string,
  codec: Codec,
  expected: Expected,
): Promise<ServedCheck> {
  const problems: string[] = [];
  let [frames, apart] = [0, 0];
  for (let device = 0; device < expected.devices; device++) {
    const name = deviceName(device);
    const served = await framesOf(base, token, name);
    frames += served.length;
    if (served.length !== expected.items)
      problems.push(`${name}: ${served.length} frames are served, ${expected.items} were encoded`);
    if (new Set(served.map(({ sequence }) => sequence)).size !== served.length)
      problems.push(`${name}: a frame is served twice`);
    const items = served.toSorted((a, b) => a.sequence - b.sequence).map((frame) => frame.items?.[0]);
    const wrong = items.findIndex((item, i) => !item || String(item.code) !== String([...codec.symbols(device, i)]));
    if (wrong >= 0) problems.push(`${name}: frame ${wrong} does not decode to the integers that were encoded`);
    const values = items.flatMap((item) => item?.values.flat() ?? []);
    apart = Math.max(apart, largestDifference(values, await decodedElsewhere(folder, codec, device, expected.items)));
  }
  if (!(apart <= MOST_APART)) problems.push(`values differ by ${apart} of the largest from those of isthmus decode`);
  return { frames, apart, problems };
}

async function framesOf(base: string, token: string, device: string): Promise<Page["frames"]> {
  const frames: Page["frames"][number][] = [];
  for (let after: string | undefined, more = true; more;) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(after !== undefined && { after }) });
    const page = await pageOf<Page>(`${base}/v1/devices/${device}/items?${query}`, token);
    // Of a device that has sent nothing the service knows nothing.
    if (!page) return [];
    frames.push(...page.frames);
    after = page.next;
    more = after !== undefined;
  }
  return frames;
}

/** The same streams, as this process encodes them, by `isthmus decode`. */
async function decodedElsewhere(
  folder: string,
  codec: Codec,
  device: number,
  items: number,
): Promise<ArrayLike<number>> {
  const [stream, out] = [join(folder, "device.isth"), join(folder, "device.npy")];
  await writeFile(stream, Buffer.concat(Array.from({ length: items }, (_, item) => codec.stream(device, item))));
  await isthmusQuietly("decode", codec.modelPath, stream, "-o", out);
  return parseNpy(new Uint8Array(await readFile(out))).values as ArrayLike<number>;
}

/** In parts of the greatest magnitude. */
function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let [difference, magnitude] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    magnitude = Math.max(magnitude, Math.abs(b[i]!));
  }
  return difference / magnitude;
}
