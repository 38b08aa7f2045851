import { setTimeout as sleep } from "node:timers/promises";
import type { CloudServer } from "../services/cloud-server.ts";
import type { Victim } from "./conductor.ts";

/** So often a service that ends instead of serving is started again, as whatever supervises it would: its database may be down. */
const STARTS = 60;
const PAUSE_MS = 500;

/** An instance of the service, with what it counted before each of its deaths. */
export class CloudInstance implements Victim {
  readonly name: string;
  readonly server: CloudServer;
  /** Starts that ended without serving. */
  failedStarts = 0;
  readonly #before = new Map<string, number>();
  #hasServed = false;

  constructor(name: string, server: CloudServer) {
    this.name = name;
    this.server = server;
  }

  async start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.server.start();
        this.#hasServed = true;
        return;
      } catch (error) {
        if (tries === STARTS || !this.#hasServed) throw error;
        this.failedStarts++;
        await sleep(PAUSE_MS);
      }
    }
  }

  async kill(): Promise<void> {
    await this.#count();
    await this.server.kill();
  }

  /** Resolves to its exit code. */
  async stop(): Promise<number | null> {
    await this.#count();
    return this.server.stop();
  }

  /** A counter over all lives: what it stood at just before each death. */
  counted(metric: RegExp): ReadonlyMap<string, number> {
    return new Map([...this.#before].filter(([name]) => metric.test(name)));
  }

  async #count(): Promise<void> {
    if (!this.server.isRunning) return;
    const metrics = await this.server.metrics().catch(() => new Map<string, number>());
    for (const [name, value] of metrics) this.#before.set(name, (this.#before.get(name) ?? 0) + value);
  }
}
