/** Tokens that come in at a steady rate and are taken one for each request; a bucket that nobody used is forgotten when it is full. */
interface Bucket {
  tokens: number;
  at: number;
}

const MOST_BUCKETS = 100_000;

/** How often each of many may ask: `rate` times a second, and `burst` times at once. */
export class RateLimit {
  private readonly buckets = new Map<string, Bucket>();
  private readonly rate: number;
  private readonly burst: number;
  private readonly now: () => number;

  /** @param now milliseconds; default: a clock that does not jump */
  constructor(rate: number, burst: number, now: () => number = () => performance.now()) {
    this.rate = rate;
    this.burst = burst;
    this.now = now;
  }

  /** Takes one; returns 0, or how many seconds there is none. */
  take(who: string): number {
    const bucket = this.bucketOf(who);
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.rate);
    bucket.tokens -= 1;
    return 0;
  }

  private bucketOf(who: string): Bucket {
    const now = this.now();
    const known = this.buckets.get(who);
    if (!known) {
      if (this.buckets.size >= MOST_BUCKETS) this.forgetFull(now);
      const fresh = { tokens: this.burst, at: now };
      this.buckets.set(who, fresh);
      return fresh;
    }
    known.tokens = this.filled(known, now);
    known.at = now;
    return known;
  }

  private filled({ tokens, at }: Bucket, now: number): number {
    return Math.min(this.burst, tokens + ((now - at) / 1000) * this.rate);
  }

  /** Where all are in use, all begin anew: memory is what must not run out. */
  private forgetFull(now: number): void {
    for (const [who, bucket] of this.buckets) if (this.filled(bucket, now) >= this.burst) this.buckets.delete(who);
    if (this.buckets.size >= MOST_BUCKETS) this.buckets.clear();
  }
}
