import type { Draws } from "./draws.ts";

/** One death on the schedule. */
export interface Death {
  readonly name: string;
  /** Milliseconds from the beginning. */
  readonly at: number;
  /** Milliseconds until it is started again. */
  readonly down: number;
}

export interface Mortal {
  readonly name: string;
  /** How often it dies. */
  readonly deaths: number;
  /** Milliseconds that it stays down, at the least and at the most. */
  readonly down: readonly [least: number, most: number];
}

/** When everyone dies within a span of milliseconds: the n-th time somewhere in the n-th part of it, never twice at once. */
export function schedule(mortals: readonly Mortal[], span: number, draws: Draws): Death[] {
  return mortals
    .flatMap(({ name, deaths, down }) => {
      const own = draws.of(name);
      const part = span / deaths;
      return Array.from({ length: deaths }, (_, n) => {
        const stays = own.between(...down);
        return { name, at: part * n + own.between(0, Math.max(0, part - stays)), down: stays };
      });
    })
    .toSorted((a, b) => a.at - b.at);
}
