import { readParcels } from "@isthmus/codec";
import type { Draws } from "./draws.ts";

/** Damages and doubles parcels in flight, a given share of each, and counts them. */
export class Harm {
  readonly #share: number;
  readonly #draws: Draws;
  #damaged = 0;
  #doubled = 0;

  constructor(share: number, draws: Draws) {
    this.#share = share;
    this.#draws = draws;
  }

  /** Parcels that were damaged so far. */
  get damaged(): number {
    return this.#damaged;
  }

  /** Parcels that were sent on a second time so far, as part of a whole body. */
  get doubled(): number {
    return this.#doubled;
  }

  /** A body of parcels with bits of one byte flipped in each parcel that is hit. */
  damage(body: Uint8Array): Uint8Array {
    const damaged = Uint8Array.from(body);
    for (const found of readParcels(body)) {
      if ("error" in found || !this.#draws.chance(this.#share)) continue;
      damaged[found.offset + this.#draws.below(found.length)]! ^= 1 + this.#draws.below(255);
      this.#damaged++;
    }
    return damaged;
  }

  /** Whether a body is to be sent on twice. */
  doubles(body: Uint8Array): boolean {
    if (!this.#draws.chance(this.#share)) return false;
    this.#doubled += [...readParcels(body)].length;
    return true;
  }
}
