import { uint32Sequence } from "@isthmus/math";

/** What is drawn of a seed for one purpose: the same in every run. */
export class Draws {
  readonly #seed: number;
  readonly #purpose: string;
  readonly #words: () => number;

  constructor(seed: number, purpose: string) {
    this.#seed = seed;
    this.#purpose = purpose;
    this.#words = uint32Sequence({ seed, stream: purpose });
  }

  /** Independent of these, under a name of its own below this purpose. */
  of(name: string): Draws {
    return new Draws(this.#seed, `${this.#purpose}.${name}`);
  }

  chance(share: number): boolean {
    return this.between(0, 1) < share;
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * (this.#words() / 2 ** 32);
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.between(0, n));
  }

  /** A waiting time whose mean is given: exponential, as between events that know nothing of each other. */
  waiting(mean: number): number {
    return -mean * Math.log(1 - this.between(0, 1));
  }
}
