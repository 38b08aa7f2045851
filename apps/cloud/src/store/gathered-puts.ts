import type { Arrival, Put } from "./frame-store.ts";

interface Waiting {
  readonly arrivals: readonly Arrival[];
  readonly resolve: (puts: Put[]) => void;
  readonly reject: (error: unknown) => void;
}

/** What one statement may hold of several callers' arrivals; one caller's are never divided. */
const [MOST_ARRIVALS, MOST_BYTES] = [1000, 2 ** 22];

/**
 * Puts that come while one is under way are put together by the next, in the order in which they came: the more callers, the fewer
 * statements and waits for a disk for each.
 */
export class GatheredPuts {
  private readonly waiting: Waiting[] = [];
  private readonly putAll: (arrivals: readonly Arrival[]) => Promise<Put[]>;
  private running: Promise<void> | undefined;

  constructor(putAll: (arrivals: readonly Arrival[]) => Promise<Put[]>) {
    this.putAll = putAll;
  }

  put(arrivals: readonly Arrival[]): Promise<Put[]> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ arrivals, resolve, reject });
      this.running ??= this.run();
    });
  }

  /** Resolves when nothing is left to put. */
  async settled(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    // What is asked for in this turn of the event loop goes together.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.together(this.next());
    this.running = undefined;
  }

  private next(): Waiting[] {
    let [arrivals, bytes] = [0, 0];
    const end = this.waiting.findIndex((waiting) => {
      arrivals += waiting.arrivals.length;
      bytes += waiting.arrivals.reduce((sum, { stream }) => sum + stream.length, 0);
      return arrivals > MOST_ARRIVALS || bytes > MOST_BYTES;
    });
    return this.waiting.splice(0, end < 0 ? this.waiting.length : Math.max(end, 1));
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
