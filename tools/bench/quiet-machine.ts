import { setTimeout } from "node:timers/promises";
import { FLOPS_PER_TURN, registerLoop, spinOf } from "./register-loop.ts";
import { quantile } from "./statistics.ts";

/** How much others disturbed the rounds of a run. */
export interface Quiet {
  /** Part of its best rate that the loop had to keep. */
  readonly share: number;
  /** Minutes that the run would have waited, and those that it did. */
  readonly patience: number;
  readonly waited: number;
  /** Rounds, and those among them that began although others took part of the cores. */
  readonly rounds: number;
  readonly disturbed: number;
}

/** GFLOP/s of several short loops, one after the other. */
export type Look = (loops: number) => readonly number[];

type Pause = (milliseconds: number) => Promise<unknown>;

/** Part of its best rate, which lasts for moments only, that a loop keeps where nobody else uses the core. */
export const QUIET = 0.9;

const LOOPS = 9;
/** Some two seconds, in which even a busy neighbour leaves a core alone for the millisecond that shows its best rate. */
const FIRST_LOOPS = 1500;
const PAUSE = 500;

/**
 * Waits for a machine that does nothing else. On a rented one neighbours may take instructions from our cores without any load that could be seen here.
 * A loop of multiplications and additions in registers shows it, as it needs nearly all that a core can begin at a time.
 */
export class QuietMachine {
  private readonly patience: number;
  private readonly look: Look;
  private readonly pause: Pause;
  private best = 0;
  private waited = 0;
  private rounds = 0;
  private disturbed = 0;

  /** @param patience milliseconds to wait in all */
  constructor(patience: number, look: Look = lookAtRegisters(), pause: Pause = setTimeout) {
    this.patience = patience;
    this.look = look;
    this.pause = pause;
    this.rates(FIRST_LOOPS);
  }

  /** Resolves when a round can begin: on quiet cores, or when all patience is used up. */
  async wait(): Promise<void> {
    this.rounds++;
    while (quantile(this.rates(LOOPS), 0.5) < QUIET * this.best) {
      if (this.waited >= this.patience) {
        this.disturbed++;
        return;
      }
      this.waited += PAUSE;
      await this.pause(PAUSE);
    }
  }

  private rates(loops: number): readonly number[] {
    const rates = this.look(loops);
    for (const rate of rates) this.best = Math.max(this.best, rate);
    return rates;
  }

  soFar(): Quiet {
    const { patience, waited, rounds, disturbed } = this;
    return { share: QUIET, patience: patience / 60_000, waited: waited / 60_000, rounds, disturbed };
  }
}

/** About a millisecond. */
const TURNS = 500_000;

export function lookAtRegisters(): Look {
  const spin = spinOf(new WebAssembly.Module(registerLoop("simd128")));
  return (loops) =>
    Array.from({ length: loops }, () => {
      const start = performance.now();
      spin(TURNS);
      return (TURNS * FLOPS_PER_TURN) / (performance.now() - start) / 1e6;
    });
}
