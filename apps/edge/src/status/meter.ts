const SECONDS = 60;

/** How many of something there were, in all and in the last minute. */
export class Meter {
  total = 0;
  /** Of each second its count, by the second modulo 60. */
  readonly #counts = new Float64Array(SECONDS);
  #second = nowSeconds();
  readonly #begun: number = nowSeconds();

  add(count: number): void {
    this.#advance();
    this.total += count;
    this.#counts[this.#second % SECONDS]! += count;
  }

  /** Over the last minute, or the time since the start where that is less. */
  get perSecond(): number {
    this.#advance();
    const span = Math.min(SECONDS, this.#second - this.#begun + 1);
    return this.#counts.reduce((sum, count) => sum + count, 0) / span;
  }

  #advance(): void {
    const now = nowSeconds();
    for (let gone = Math.min(SECONDS, now - this.#second); gone > 0; gone--)
      this.#counts[(now - gone + 1) % SECONDS] = 0;
    this.#second = now;
  }
}

function nowSeconds(): number {
  return Math.floor(performance.now() / 1000);
}
