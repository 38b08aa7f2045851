import type { Steps } from "@isthmus/codec";
import type { Turns } from "./turns.ts";

/** So long work goes on before others have their turn. */
const SLICE_MS = 5;

/** Work of the event loop's own that may take long, in slices: however much of it there is, others are heard in between. */
export class LongWork {
  private readonly turns: Pick<Turns, "mine">;
  private readonly now: () => number;
  private began: number;

  /** @param now milliseconds; default: a clock that does not jump */
  constructor(turns: Pick<Turns, "mine">, now: () => number = () => performance.now()) {
    this.turns = turns;
    this.now = now;
    this.began = now();
  }

  /** Called between steps: resolves when the work may go on, which is at once while its slice lasts. */
  async rest(): Promise<void> {
    if (!this.isOver()) return;
    await this.turns.mine();
    this.began = this.now();
  }

  /** Does all steps, and throws what they throw. */
  async run<R>(steps: Steps<R>): Promise<R> {
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
      if (this.isOver()) await this.rest();
    }
  }

  private isOver(): boolean {
    return this.now() - this.began > SLICE_MS;
  }
}
