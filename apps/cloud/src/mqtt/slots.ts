/** So many at once; others wait for their turn, first come, first served. */
export class Slots {
  /** Changes how many; who has a slot keeps it. */
  limit: number;
  private taken = 0;
  private waiting: ((got: boolean) => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Resolves to whether a slot was had; it was not where everybody was sent away. */
  take(): Promise<boolean> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.go();
    });
  }

  give(): void {
    this.taken--;
    this.go();
  }

  /** Those who wait go without. */
  sendAway(): void {
    for (const resolve of this.waiting.splice(0)) resolve(false);
  }

  private go(): void {
    while (this.taken < this.limit && this.waiting.length > 0) {
      this.taken++;
      this.waiting.shift()!(true);
    }
  }
}
