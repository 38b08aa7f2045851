/** Milliseconds of work between two turns of the host. */
const INTERVAL = 100;

/**
 * Lets the host's timers, signals and screen have a turn now and then. Awaiting promises that are already settled, as a
 * synchronous engine's are, never reaches them: an abort from outside could not arrive.
 */
export class HostTurn {
  private last = performance.now();

  get due(): boolean {
    return performance.now() - this.last >= INTERVAL;
  }

  async give(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    this.last = performance.now();
  }
}
