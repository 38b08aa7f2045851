import { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Draws } from "../draws.ts";

/** What befalls the bytes of a connection on their way. */
export interface LineFaults {
  /** The chance of each chunk that the connection is cut instead of carrying it. */
  readonly cut: number;
  /** Milliseconds that a chunk waits: up to so many, each of them as likely. */
  readonly delay: number;
  /** The share of connections that carry few bytes a second, and how many those. */
  readonly slow: { readonly share: number; readonly bytesPerSecond: number };
}

/** Carries chunks in order, late; calls `cut` once in place of one of them, and carries nothing more. */
export function line(faults: LineFaults, draws: Draws, cut: () => void): Transform {
  const perSecond = draws.chance(faults.slow.share) ? faults.slow.bytesPerSecond : Infinity;
  const carry = async (chunk: Buffer): Promise<Buffer | undefined> => {
    if (draws.chance(faults.cut)) {
      cut();
      return undefined;
    }
    await sleep(draws.between(0, faults.delay) + (1000 * chunk.length) / perSecond);
    return chunk;
  };
  return new Transform({
    transform(chunk: Buffer, _, done) {
      carry(chunk).then((carried) => done(null, carried), done);
    },
  });
}
