import type { Device, Value } from "./device.ts";
import { Life } from "./life.ts";

/** What an engine's states and executables share. */
export class Runtime {
  readonly device: Device;
  readonly life: Life = new Life("engine");
  /** The number of the latest run. */
  runs = 0;
  private tail: Promise<unknown> = Promise.resolve();
  private results: readonly Value[] = [];
  private readonly owners = new Set<Disposable>();

  constructor(device: Device) {
    this.device = device;
  }

  /** @throws IsthmusError `ENGINE_DISPOSED`, or `TFJS_BACKEND_LOST` where the backend is another one by now */
  requireAlive(): void {
    this.life.requireAlive();
    this.device.requireBound();
  }

  /** Runs `body` when all that was asked for before is done: a run waits for its guard, and nothing may come between. */
  turn<R>(body: () => Promise<R>): Promise<R> {
    const own = this.tail.then(body);
    this.tail = own.catch(() => undefined);
    return own;
  }

  /** Begins a run: the results of the one before are no more. */
  begin(): number {
    this.forget();
    return ++this.runs;
  }

  /** Keeps a run's results until the next. */
  keep(results: readonly Value[]): void {
    this.results = results;
  }

  /** Is disposed of with the engine. */
  adopt(owner: Disposable): void {
    this.owners.add(owner);
  }

  drop(owner: Disposable): void {
    this.owners.delete(owner);
  }

  dispose(): void {
    if (!this.life.end()) return;
    this.forget();
    for (const owner of this.owners) owner.dispose();
    this.device.close();
  }

  private forget(): void {
    for (const value of this.results) this.device.release(value);
    this.results = [];
  }
}

interface Disposable {
  dispose(): void;
}
