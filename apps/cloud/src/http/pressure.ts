const EVERY_MS = 50;

/** How late the event loop is, which is how long a request waits before anybody looks at it. */
export class Pressure {
  private readonly timer: NodeJS.Timeout;
  private due = performance.now() + EVERY_MS;
  private smoothed = 0;

  constructor() {
    this.timer = setInterval(() => this.look(), EVERY_MS).unref();
  }

  private look(): void {
    const now = performance.now();
    this.smoothed += (Math.max(0, now - this.due) - this.smoothed) / 4;
    this.due = now + EVERY_MS;
  }

  /** Milliseconds, smoothed over a few looks. */
  get lateMs(): number {
    return this.smoothed;
  }

  close(): void {
    clearInterval(this.timer);
  }
}
