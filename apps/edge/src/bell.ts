/** Lets one part wait until another says that something changed. */
export class Bell {
  #waiting: (() => void)[] = [];

  ring(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves at the next ring, after `ms` or when `signal` is aborted, whatever is first. Timers know nothing of the wall clock. */
  heard({ ms, signal }: { readonly ms?: number; readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(wake, Math.min(ms, LONGEST_TIMER));
      const waiting = this.#waiting;
      function wake(): void {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        const at = waiting.indexOf(wake);
        if (at >= 0) waiting.splice(at, 1);
        resolve();
      }
      waiting.push(wake);
      signal?.addEventListener("abort", wake);
    });
  }
}

const LONGEST_TIMER = 2 ** 31 - 1;

/** Resolves after `ms`, or at once when `signal` is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await new Bell().heard({ ms, signal });
}
