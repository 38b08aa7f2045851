import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import { lookAtHandshakes } from "./handshakes.ts";
import { FLOPS_PER_TURN, registerLoop, spinOf } from "./register-loop.ts";
import { quantile } from "./statistics.ts";

/** How much others disturbed the rounds of a run. */
export interface Quiet {
  /** Part of its best rate that the loop in registers had to keep. */
  readonly share: number;
  /** The same of handshakes, where there are two cores. */
  readonly handshakes?: number;
  /** Minutes that the run would have waited, and those that it did. */
  readonly patience: number;
  readonly waited: number;
  /** Rounds, and those among them that began although others took part of the cores. */
  readonly rounds: number;
  readonly disturbed: number;
}

/** Rates of several short loops, one after the other. */
export type Look = (loops: number) => readonly number[];

/** What is looked at, and the part of its best rate that it has to keep. */
interface Watch {
  readonly look: Look;
  readonly share: number;
  best: number;
}

type Pause = (milliseconds: number) => Promise<unknown>;

/** Part of its best rate, which lasts for moments only, that a loop keeps where nobody else uses the core. */
export const QUIET = 0.9;
/** The same of handshakes, which are less even, and take five times as long where a cache is not shared. */
export const NEAR = 0.5;

const LOOPS = 9;
/** Some two seconds, in which even a busy neighbour leaves a core alone for the millisecond that shows its best rate. */
const FIRST_LOOPS = 1500;
const PAUSE = 500;

/**
 * Waits for a machine that does nothing else. On a rented one neighbours may take instructions from our cores without any load that could be seen here.
 * A loop of multiplications and additions in registers shows it, as it needs nearly all that a core can begin at a time. And hosts move our cores:
 * for minutes two of them may be far from each other, which handshakes show.
 */
export class QuietMachine {
  private readonly patience: number;
  private readonly watches: readonly Watch[];
  private readonly pause: Pause;
  private waited = 0;
  private rounds = 0;
  private disturbed = 0;

  /**
   * @param patience milliseconds to wait in all
   * @param registers GFLOP/s of loops in registers
   * @param handshakes of two threads a microsecond, where there are two cores
   */
  constructor(patience: number, registers: Look, handshakes?: Look, pause: Pause = setTimeout) {
    this.patience = patience;
    this.pause = pause;
    this.watches = [
      { look: registers, share: QUIET, best: 0 },
      ...(handshakes ? [{ look: handshakes, share: NEAR, best: 0 }] : []),
    ];
    for (const watch of this.watches) rates(watch, FIRST_LOOPS);
  }

  /** Looks at this machine. */
  static async open(patience: number): Promise<QuietMachine> {
    return new QuietMachine(
      patience,
      lookAtRegisters(),
      availableParallelism() > 1 ? await lookAtHandshakes() : undefined,
    );
  }

  /** Resolves when a round can begin: on quiet cores near each other, or when all patience is used up. */
  async wait(): Promise<void> {
    this.rounds++;
    while (!this.watches.every(isAtEase)) {
      if (this.waited >= this.patience) {
        this.disturbed++;
        return;
      }
      this.waited += PAUSE;
      await this.pause(PAUSE);
    }
  }

  soFar(): Quiet {
    const { patience, waited, rounds, disturbed, watches } = this;
    const shares = { share: QUIET, ...(watches.length > 1 && { handshakes: NEAR }) };
    return { ...shares, patience: patience / 60_000, waited: waited / 60_000, rounds, disturbed };
  }
}

function rates(watch: Watch, loops: number): readonly number[] {
  const found = watch.look(loops);
  for (const rate of found) watch.best = Math.max(watch.best, rate);
  return found;
}

function isAtEase(watch: Watch): boolean {
  return quantile(rates(watch, LOOPS), 0.5) >= watch.share * watch.best;
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
