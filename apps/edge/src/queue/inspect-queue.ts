import type { QueueSnapshot } from "../status/snapshot.ts";
import { Models, queueClock, readContents } from "./contents.ts";
import { realDisk } from "./disk.ts";

/** What lies in the folder of a queue that nobody has open; changes nothing. */
export function inspectQueue(folder: string, limitBytes: number): QueueSnapshot {
  const now = queueClock();
  const { segments, above } = readContents(realDisk, folder, new Models(), now);
  const sum = (of: (segment: (typeof segments)[number]) => number): number =>
    segments.reduce((total, one) => total + of(one), 0);
  const since = segments.flatMap((segment) => segment.oldest() ?? []);
  return {
    frames: sum(({ live }) => live),
    bytes: sum(({ bytes }) => bytes),
    limitBytes,
    oldestSeconds: since.length === 0 ? 0 : now - Math.min(...since),
    nextSequence: above,
  };
}
