import { IsthmusError } from "@isthmus/math";

export interface BacklogOptions {
  /** About how long anybody may wait, in milliseconds. Default: 300. */
  readonly waitMs?: number;
  /** So many at once are never too many, however long they take. Default: 64. */
  readonly alwaysTaken?: number;
  /** Resolves when work may be begun. Default: at once. */
  readonly mayBegin?: () => Promise<void>;
  /** Milliseconds. Default: a clock that does not jump. */
  readonly now?: () => number;
}

/**
 * Work of one kind that was begun and is not done. It is kept to as much as was lately done in as long as anybody may wait, so that who comes last
 * waits about so long (Little's law); what is beyond is refused at once, which costs little.
 */
export class Backlog {
  private readonly waitMs: number;
  private readonly alwaysTaken: number;
  private readonly now: () => number;
  private readonly mayBegin: () => Promise<void>;
  private underWay = 0;
  /** How much was done in the last `waitMs` of those in which there was something to do: what is longer ago counts ever less. */
  private doneLately = 0;
  private asOf = 0;

  constructor({ waitMs = 300, alwaysTaken = 64, mayBegin, now }: BacklogOptions = {}) {
    this.waitMs = waitMs;
    this.alwaysTaken = alwaysTaken;
    this.mayBegin = mayBegin ?? (() => Promise.resolve());
    this.now = now ?? (() => performance.now());
  }

  /** @throws IsthmusError `OVERLOADED` where work would wait too long */
  requireRoom(): void {
    this.forget();
    if (this.underWay >= Math.max(this.alwaysTaken, this.doneLately))
      throw new IsthmusError("OVERLOADED", "the service has more to do than it can");
  }

  /**
   * Does work, where there is room for it. Work that fails does not count as done: it is refused quickly, and tells nothing of the rest.
   *
   * @throws IsthmusError `OVERLOADED` where it would wait too long; what the work throws
   */
  async take<R>(work: () => Promise<R>): Promise<R> {
    this.requireRoom();
    this.underWay++;
    try {
      await this.mayBegin();
      const result = await work();
      this.forget();
      this.doneLately++;
      return result;
    } finally {
      this.forget();
      this.underWay--;
    }
  }

  /** While nothing is to be done nothing is learnt of how fast it would be. */
  private forget(): void {
    const now = this.now();
    if (this.underWay > 0) this.doneLately *= Math.exp((this.asOf - now) / this.waitMs);
    this.asOf = now;
  }
}
