interface Hold {
  readonly until: number;
  readonly tries: number;
}

/** More than these are forgotten, the first ones first: they are then tried earlier than they would be. */
const MOST = 10_000;

/** What is not to be tried before some time, told by a clock that nobody sets. */
export class Holds {
  readonly #holds: Map<string, Hold> = new Map();

  has(key: string): boolean {
    return (this.#holds.get(key)?.until ?? 0) > performance.now();
  }

  /** Holds it once more; returns how often that was. */
  add(key: string, msOf: (tries: number) => number): number {
    const tries = (this.#holds.get(key)?.tries ?? 0) + 1;
    this.#holds.delete(key);
    this.#holds.set(key, { tries, until: performance.now() + msOf(tries) });
    const [first] = this.#holds.keys();
    if (this.#holds.size > MOST) this.#holds.delete(first!);
    return tries;
  }

  delete(key: string): void {
    this.#holds.delete(key);
  }

  /** Until the next may be tried again. */
  get nextMs(): number | undefined {
    const now = performance.now();
    const left = [...this.#holds.values()].flatMap(({ until }) => (until > now ? [until - now] : []));
    return left.length === 0 ? undefined : Math.min(...left) + 1;
  }
}
