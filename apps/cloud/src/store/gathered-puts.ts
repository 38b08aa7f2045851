import type { Arrival, Put } from "./frame-store.ts";
import { Gathering } from "./gathering.ts";

interface Waiting {
  readonly arrivals: readonly Arrival[];
  readonly resolve: (puts: Put[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What one statement may hold of several callers' arrivals; one caller's are never divided. */
const [MOST_ARRIVALS, MOST_BYTES] = [1000, 2 ** 22];

/** Puts that come while one is under way are put together by the next: the more callers, the fewer statements and waits for a disk for each. */
export class GatheredPuts {
  private readonly gathering: Gathering<Waiting>;
  private readonly putAll: (arrivals: readonly Arrival[]) => Promise<Put[]>;

  constructor(putAll: (arrivals: readonly Arrival[]) => Promise<Put[]>) {
    this.putAll = putAll;
    this.gathering = new Gathering((callers) => this.together(callers), beyondOneStatement);
  }

  put(arrivals: readonly Arrival[]): Promise<Put[]> {
    return new Promise((resolve, reject) => this.gathering.add({ arrivals, resolve, reject }));
  }

  /** Resolves when nothing is left to put. */
  settled(): Promise<void> {
    return this.gathering.settled();
  }

  private async together(callers: readonly Waiting[]): Promise<void> {
    try {
      const puts = await this.putAll(callers.flatMap(({ arrivals }) => arrivals));
      let at = 0;
      for (const { arrivals, resolve } of callers) resolve(puts.slice(at, (at += arrivals.length)));
    } catch (error) {
      for (const { reject } of callers) reject(error);
    }
  }
}

function beyondOneStatement(): (waiting: Waiting) => boolean {
  let [count, bytes] = [0, 0];
  return ({ arrivals }) => {
    count += arrivals.length;
    bytes += arrivals.reduce((sum, { stream }) => sum + stream.length, 0);
    return count > MOST_ARRIVALS || bytes > MOST_BYTES;
  };
}
