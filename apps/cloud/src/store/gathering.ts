/** What may go together, asked job by job from the first on: whether it would be too much with this one. */
export type TooMuch<Job> = () => (job: Job) => boolean;

/**
 * Does what was asked for while the jobs before were done together, in the order in which it came: a lone caller waits for nobody, and many share
 * one statement and one flush of the disk. Nobody waits for a clock.
 */
export class Gathering<Job> {
  private readonly waiting: Job[] = [];
  private readonly together: (jobs: readonly Job[]) => Promise<void>;
  private readonly tooMuch: TooMuch<Job>;
  private running: Promise<void> | undefined;

  /** @param together never rejects: it tells each job's caller what became of it */
  constructor(together: (jobs: readonly Job[]) => Promise<void>, tooMuch: TooMuch<Job>) {
    this.together = together;
    this.tooMuch = tooMuch;
  }

  add(job: Job): void {
    this.waiting.push(job);
    this.running ??= this.run();
  }

  /** Resolves when nothing is left to do. */
  async settled(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    // What is asked for in this turn of the event loop goes together.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.together(this.next());
    this.running = undefined;
  }

  /** At least one. */
  private next(): Job[] {
    const end = this.waiting.findIndex(this.tooMuch());
    return this.waiting.splice(0, end < 0 ? this.waiting.length : Math.max(end, 1));
  }
}
