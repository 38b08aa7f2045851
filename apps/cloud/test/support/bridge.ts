import { join } from "node:path";
import { Registry } from "prom-client";
import { onTestFinished } from "vitest";
import { Ingest } from "../../src/ingest/ingest.ts";
import { brokerOf } from "../../src/mqtt/broker.ts";
import { MqttBridge, type MqttBridgeOptions } from "../../src/mqtt/mqtt-bridge.ts";
import { MqttMetrics } from "../../src/mqtt/mqtt-metrics.ts";
import type { FrameStore } from "../../src/store/frame-store.ts";
import { SqliteStore } from "../../src/store/sqlite-store.ts";
import { temporaryFolder } from "./folder.ts";
import { oneModel } from "./frames.ts";

/** A bridge to a broker, with what it counted and said. */
export interface RunningBridge {
  readonly bridge: MqttBridge;
  /** Lines of the log, as level and message. */
  readonly log: string[];
  /** Resolves when the log has had a line that the pattern matches. */
  readonly said: (pattern: RegExp) => Promise<void>;
  /** Resolves when it takes part in the subscription. */
  readonly subscribed: () => Promise<void>;
  readonly count: (name: string, labels?: Readonly<Record<string, string>>) => Promise<number>;
}

/** A store in SQLite, in a folder of the test. */
export async function sqliteStore(): Promise<FrameStore> {
  const store = await SqliteStore.open(join(await temporaryFolder(), "frames.db"));
  onTestFinished(() => store.close());
  return store;
}

let started = 0;

/** It is closed when the test ends, and tries quickly. */
export async function startBridge(
  url: string,
  store: Pick<FrameStore, "put">,
  options: Partial<MqttBridgeOptions> = {},
): Promise<RunningBridge> {
  const registry = new Registry();
  const log: string[] = [];
  const waiting = new Set<() => void>();
  const write = (level: string) => (details: object, message: string) => {
    log.push(`${level} ${message} ${JSON.stringify(details)}`);
    for (const look of waiting) look();
  };
  const bridge = await MqttBridge.start({
    broker: brokerOf(url),
    clientId: `instance${started++}`,
    ingest: new Ingest({ store, models: oneModel }),
    metrics: new MqttMetrics(registry),
    log: { info: write("info"), warn: write("warn"), error: write("error") },
    backoff: { first: 20, most: 100 },
    ...options,
  });
  onTestFinished(() => bridge.close(1000));
  const said = (pattern: RegExp, from = 0): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!log.slice(from).some((line) => pattern.test(line))) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    bridge,
    log,
    said: (pattern) => said(pattern),
    subscribed: () => (bridge.connected ? Promise.resolve() : said(/subscribed at the broker/, log.length)),
    count: async (name, labels = {}) => {
      const { values } = await registry.getSingleMetric(name)!.get();
      const found = values.find((value) => Object.entries(labels).every(([key, text]) => value.labels[key] === text));
      return found?.value ?? 0;
    },
  };
}
