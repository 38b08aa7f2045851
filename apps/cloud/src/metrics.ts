import type { Server } from "node:http";
import { promisify } from "node:util";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Result } from "./ingest/result.ts";
import type { Arrival, FrameStore, StoreTotals } from "./store/frame-store.ts";

/** What `/metrics` tells; other parts add theirs to `registry`. No label takes a value that a stranger chooses. */
export class Metrics {
  readonly registry: Registry = new Registry();
  private readonly frames = this.counter("isthmus_frames_total", "Frames received, by what became of them", [
    "result",
    "reason",
  ]);
  private readonly bytes = this.counter("isthmus_stored_bytes_total", "Bytes of streams stored by this instance");
  private readonly raw = this.counter("isthmus_stored_raw_bytes_total", "Bytes that these were before encoding");
  private readonly requests = this.counter("isthmus_http_requests_total", "Requests answered", [
    "method",
    "route",
    "status",
  ]);
  private readonly seconds = this.histogram("isthmus_http_request_seconds", "Time to answer", ["route"]);
  private readonly items = this.counter("isthmus_decoded_items_total", "Items decoded in batches");
  private readonly batchItems = new Histogram({
    ...{ name: "isthmus_decode_batch_items", help: "Items of a batch", registers: [this.registry] },
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 1024],
  });
  private readonly batchSeconds = this.histogram("isthmus_decode_batch_seconds", "Time of a batch, waiting included");

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  private counter<L extends string>(name: string, help: string, labelNames: L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  private histogram<L extends string>(name: string, help: string, labelNames: L[] = []): Histogram<L> {
    const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }

  /** Shows what all instances have stored together, asked for when the metrics are. */
  watchStore(store: Pick<FrameStore, "totals">): void {
    let asked: Promise<StoreTotals | undefined> | undefined;
    // All gauges of a scrape share one question; it is answered without them while the store cannot be reached.
    const totals = (): Promise<StoreTotals | undefined> =>
      (asked ??= store
        .totals()
        .catch(() => undefined)
        .finally(() => (asked = undefined)));
    for (const name of ["devices", "frames", "items", "bytes", "rawBytes"] as const) {
      new Gauge({
        name: `isthmus_store_${name === "rawBytes" ? "raw_bytes" : name}`,
        help: `${name} in the store, of all instances`,
        registers: [this.registry],
        async collect() {
          const found = await totals();
          if (found) this.set(found[name]);
        },
      });
    }
  }

  /** Shows how much waits. */
  watchQueue(name: string, help: string, length: () => number): void {
    new Gauge({
      ...{ name, help, registers: [this.registry] },
      collect() {
        this.set(length());
      },
    });
  }

  /** Shows how many connections there are. */
  watchConnections(server: Server): void {
    const open = promisify(server.getConnections.bind(server));
    new Gauge({
      ...{ name: "isthmus_http_connections", help: "Connections that are open", registers: [this.registry] },
      async collect() {
        this.set(await open());
      },
    });
    const dropped = this.counter(
      "isthmus_http_connections_dropped_total",
      "Connections closed at once, as too many were",
    );
    server.on("drop", () => dropped.inc());
  }

  onResult = (result: Result, stored?: Arrival): void => {
    this.frames.inc({ result: result.status, reason: result.status === "refused" ? result.reason : "" });
    if (!stored) return;
    this.bytes.inc(stored.stream.length);
    this.raw.inc(stored.rawBytes);
  };

  onBatch = (items: number, milliseconds: number): void => {
    this.items.inc(items);
    this.batchItems.observe(items);
    this.batchSeconds.observe(milliseconds / 1000);
  };

  onAnswer(method: string, route: string, status: number, milliseconds: number): void {
    this.requests.inc({ method, route, status });
    this.seconds.observe({ route }, milliseconds / 1000);
  }
}
