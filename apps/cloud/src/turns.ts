import { setImmediate as nextTurn } from "node:timers/promises";

/** In one turn of the event loop work is begun for so long, and for so long it waits for connections to be let in. */
const TURN_MS = 10;

/**
 * Keeps turns of the event loop short while much is to be begun, and lets in first whoever knocks: Node accepts one connection a turn, so that others would
 * wait where nobody sees them.
 */
export class Turns {
  private readonly now: () => number;
  /** When the first of this turn asked. */
  private turn: number | undefined;
  private hasBegun = false;
  /** Of the last turn in which work was begun. */
  private lastEnded = -Infinity;
  private connections = { now: 0, before: 0 };
  private bringsConnection = false;

  /** @param now milliseconds; default: a clock that does not jump */
  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** Told of every connection that is let in. */
  connected = (): void => {
    this.connections.now++;
  };

  /** Resolves when work may be begun, in the order in which it was asked for. */
  async mine(): Promise<void> {
    do await nextTurn();
    while (!this.mayBegin());
  }

  private mayBegin(): boolean {
    const now = this.now();
    this.turn ??= this.beginTurn(now);
    const mayBegin = this.bringsConnection
      ? !this.hasBegun && now - this.lastEnded > TURN_MS
      : now - this.turn <= TURN_MS;
    this.hasBegun ||= mayBegin;
    return mayBegin;
  }

  private beginTurn(now: number): number {
    const { connections } = this;
    this.bringsConnection = connections.now > connections.before;
    connections.before = connections.now;
    // Those who wait are asked again after this.
    setImmediate(() => this.endTurn());
    return now;
  }

  private endTurn(): void {
    if (this.hasBegun) this.lastEnded = this.now();
    this.hasBegun = false;
    this.turn = undefined;
  }
}
