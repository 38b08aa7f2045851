import { IsthmusError } from "@isthmus/math";

/** What can be disposed of. */
export class Life {
  private readonly what: string;
  private alive = true;

  constructor(what: string) {
    this.what = what;
  }

  /** @throws IsthmusError `ENGINE_DISPOSED` */
  requireAlive(): void {
    if (this.alive) return;
    throw new IsthmusError("ENGINE_DISPOSED", `this ${this.what} was disposed of; make a new one`, { what: this.what });
  }

  /** Whether it lived until now. */
  end(): boolean {
    const was = this.alive;
    this.alive = false;
    return was;
  }
}
