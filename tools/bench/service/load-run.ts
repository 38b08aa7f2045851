import { writeParcel } from "@isthmus/codec";
import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../statistics.ts";
import { HttpConnection, postRequest } from "./http-connection.ts";
import type { LoadReport, LoadRequest, Quantiles } from "./load-protocol.ts";

/** More are not opened: whoever asks for more than these carry is told so in `unsent`. */
const MOST_CONNECTIONS = 1000;

/** Makes the load and tells what became of it. */
export async function loadRun(request: LoadRequest): Promise<LoadReport> {
  const { pace, port, seconds } = request;
  const next = requests(request);
  const tally = new Tally();
  const cpu = process.cpuUsage();
  const started = performance.now();
  const until = started + 1000 * seconds;
  const unsent =
    pace.kind === "closed"
      ? await closedLoop(port, pace.connections, until, next, tally)
      : await openLoop(port, pace.perSecond, until, next, tally);
  const { user, system } = process.cpuUsage(cpu);
  return {
    ...tally.report(),
    seconds: (performance.now() - started) / 1000,
    unsent,
    cpuSeconds: (user + system) / 1e6,
  };
}

/** One request after the other, as bytes. */
function requests({ path, headers, body }: LoadRequest): () => Buffer {
  const streams = body.streams.map((text) => Buffer.from(text, "base64"));
  const { parcels } = body;
  if (!parcels) {
    const same = postRequest(path, headers, Buffer.concat(streams));
    return () => same;
  }
  let sequence = parcels.from;
  const one = (stream: Uint8Array): Uint8Array =>
    writeParcel({ device: parcels.device, sequence: sequence++, time: 0, stream });
  return () => postRequest(path, headers, Buffer.concat(streams.map(one)));
}

class Tally {
  readonly #answers: Record<string, number> = {};
  readonly #accepted: number[] = [];
  readonly #refused: number[] = [];
  #withoutRetryAfter = 0;

  /** One request over one connection, due at `due`. */
  async ask(connection: HttpConnection, bytes: Buffer, due: number): Promise<void> {
    let key = "closed";
    try {
      const { status, retryAfter } = await connection.ask(bytes);
      key = String(status);
      (status === 200 ? this.#accepted : this.#refused).push(performance.now() - due);
      if ((status === 429 || status === 503) && !retryAfter) this.#withoutRetryAfter++;
    } catch {
      connection.close();
    }
    this.#answers[key] = (this.#answers[key] ?? 0) + 1;
  }

  report() {
    return {
      answers: this.#answers,
      withoutRetryAfter: this.#withoutRetryAfter,
      latency: quantilesOf(this.#accepted),
      refusedLatency: quantilesOf(this.#refused),
    };
  }
}

function quantilesOf(values: readonly number[]): Quantiles {
  if (values.length === 0) return { p50: null, p99: null, most: null };
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99), most: quantile(values, 1) };
}

async function closedLoop(
  port: number,
  connections: number,
  until: number,
  next: () => Buffer,
  tally: Tally,
): Promise<number> {
  const loop = async (): Promise<void> => {
    let connection = new HttpConnection(port);
    while (performance.now() < until) {
      if (!connection.open) {
        connection = new HttpConnection(port);
        await sleep(10);
      }
      await tally.ask(connection, next(), performance.now());
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, loop));
  return 0;
}

async function openLoop(
  port: number,
  perSecond: number,
  until: number,
  next: () => Buffer,
  tally: Tally,
): Promise<number> {
  const idle: HttpConnection[] = [];
  const asked = new Set<Promise<void>>();
  let unsent = 0;
  let due = performance.now();
  const ask = (at: number): void => {
    const connection = idle.pop() ?? (asked.size < MOST_CONNECTIONS ? new HttpConnection(port) : undefined);
    if (!connection) return void unsent++;
    const done = tally.ask(connection, next(), at).then(() => {
      asked.delete(done);
      if (connection.open) idle.push(connection);
    });
    asked.add(done);
  };
  for (; due < until; await sleep(1)) {
    for (const now = performance.now(); due <= now && due < until; due += 1000 / perSecond) ask(due);
  }
  await Promise.all(asked);
  for (const connection of idle) connection.close();
  return unsent;
}
