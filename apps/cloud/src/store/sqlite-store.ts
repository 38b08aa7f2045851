import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type {
  Arrival,
  DeviceSummary,
  FrameQuery,
  FrameStore,
  ModelPart,
  Put,
  StoredFrame,
  StoreTotals,
} from "./frame-store.ts";
import { GroupCommit } from "./group-commit.ts";
import {
  openToRead,
  openToWrite,
  type ReadingConnection,
  type ReadingStatement,
  type Row,
  type Value,
  type WritingConnection,
  type WritingStatement,
} from "./sqlite-connection.ts";
import { READING, STEPS, WRITING } from "./sqlite-schema.ts";
import { storeUnavailable } from "./store-unavailable.ts";

interface Connections {
  readonly writer: WritingConnection;
  readonly reader: ReadingConnection;
  readonly writing: Readonly<Record<keyof typeof WRITING, WritingStatement>>;
  readonly reading: Readonly<Record<keyof typeof READING, ReadingStatement>>;
}

/**
 * Frames in one SQLite file, for one machine: a write-ahead log, flushed before a transaction counts as written. Several processes may
 * have it open.
 */
export class SqliteStore implements FrameStore {
  private readonly connections: Connections;
  private readonly commits: GroupCommit;
  private closing: Promise<void> | undefined;

  private constructor(connections: Connections) {
    this.connections = connections;
    this.commits = new GroupCommit(connections.writer);
  }

  /**
   * Opens the file, and makes it where there is none.
   *
   * @throws IsthmusError `STORE_UNAVAILABLE` for a file that cannot be opened, is no database, or is a newer version's
   */
  static async open(path: string): Promise<SqliteStore> {
    await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
      throw storeUnavailable(`cannot make the folder of ${path}`, error);
    });
    const writer = await openToWrite(path);
    await upgrade(writer, path);
    const reader = openToRead(path);
    const writing = await Promise.all(
      Object.entries(WRITING).map(async ([name, sql]) => [name, await writer.prepare(sql)] as const),
    );
    const reading = Object.entries(READING).map(([name, sql]) => [name, reader.prepare(sql)] as const);
    return new SqliteStore({
      ...{ writer, reader },
      writing: Object.fromEntries(writing) as Connections["writing"],
      reading: Object.fromEntries(reading) as Connections["reading"],
    });
  }

  async put(arrivals: readonly Arrival[]): Promise<Put[]> {
    const bytes = arrivals.reduce((sum, { stream }) => sum + stream.length, 0);
    return await this.write(() => arrivals.map((arrival) => this.putOne(arrival)), bytes);
  }

  private putOne({ device, sequence, time, stream, model, items, rawBytes }: Arrival): Put {
    const { writing } = this.connections;
    writing.addDevice.run([device, time, time]);
    const { id, last } = writing.device.get([device]) as { id: number; last: number };
    const received = Date.now();
    const added = writing.addFrame.run([id, sequence, time, model, items, rawBytes, received, stream.length, stream]);
    if (added.changes > 0) {
      writing.countFrame.run([items, stream.length, rawBytes, time, time, received, sequence, model, id]);
      return { status: "stored" };
    }
    const { stream: there } = writing.stream.get([id, sequence]) as { stream: Uint8Array };
    return Buffer.compare(there, stream) === 0 ? { status: "duplicate" } : { status: "taken", next: last + 1 };
  }

  async devices({ after = "", limit }: { readonly after?: string; readonly limit: number }): Promise<DeviceSummary[]> {
    return this.rows("devices", [after, limit]).map(summary);
  }

  async device(device: string): Promise<DeviceSummary | undefined> {
    const [row] = this.rows("device", [device]);
    return row && summary(row);
  }

  async frames({ device, from = 0, to, after, limit, maxBytes }: FrameQuery): Promise<StoredFrame[]> {
    const [time, sequence] = after ? [after.time, after.sequence] : [-1, 0];
    // No time and no sum of lengths reaches 2^53.
    const rows = this.rows("frames", [device, from, to ?? 2 ** 53, time, sequence, limit, maxBytes ?? 2 ** 53]);
    return rows.map(frame);
  }

  async totals(): Promise<StoreTotals> {
    const [row] = this.rows("totals", []);
    const { devices, frames, items, bytes, raw_bytes: rawBytes } = row as Readonly<Record<string, number>>;
    return { devices, frames, items, bytes, rawBytes } as StoreTotals;
  }

  async putModel(id: string, part: ModelPart, file: Uint8Array): Promise<void> {
    await this.write(() => this.connections.writing.putModel.run([id, part, file]), file.length);
  }

  async model(id: string, part: ModelPart): Promise<Uint8Array | undefined> {
    const [row] = this.rows("model", [id, part]);
    return row && new Uint8Array(row["file"] as ArrayBuffer);
  }

  async models(): Promise<string[]> {
    return this.rows("models", []).map(({ id }) => id as string);
  }

  async generation(holder: string): Promise<number> {
    const [row] = this.rows("generation", [holder]);
    return (row?.["least"] as number | undefined) ?? 0;
  }

  async revoke(holder: string): Promise<number> {
    const row = await this.write(() => this.connections.writing.revoke.get([holder]));
    return row!["least"] as number;
  }

  async check(): Promise<void> {
    await this.write(() => undefined);
  }

  close(): Promise<void> {
    this.closing ??= this.commits.settled().then(() => {
      this.connections.reader.close();
      this.connections.writer.close();
    });
    return this.closing;
  }

  private async write<R>(work: () => R, bytes?: number): Promise<R> {
    this.requireOpen();
    return await this.commits.write(work, bytes);
  }

  private rows(name: keyof typeof READING, values: readonly Value[]): Row[] {
    this.requireOpen();
    try {
      return this.connections.reading[name].all(values);
    } catch (error) {
      throw storeUnavailable("the database could not be read", error);
    }
  }

  private requireOpen(): void {
    if (this.closing) throw storeUnavailable("the database is closed");
  }
}

/** Brings a file's tables up to this version's; of several processes one at a time. */
async function upgrade(connection: WritingConnection, path: string): Promise<void> {
  try {
    await connection.exec("BEGIN IMMEDIATE");
    const row = (await connection.prepare("PRAGMA user_version")).get([]);
    const version = row!["user_version"] as number;
    if (version > STEPS.length) throw new Error(`it was written by a newer version of the service (${version})`);
    for (const step of STEPS.slice(version)) await connection.exec(step);
    await connection.exec(`PRAGMA user_version = ${STEPS.length}`);
    await connection.exec("COMMIT");
  } catch (error) {
    connection.close();
    throw storeUnavailable(`cannot use ${path}`, error);
  }
}

function summary(row: Row): DeviceSummary {
  const of = <T>(name: string): T => row[name] as T;
  return {
    device: of("name"),
    frames: of("frames"),
    items: of("items"),
    bytes: of("bytes"),
    rawBytes: of("raw_bytes"),
    from: of("first_time"),
    to: of("last_time"),
    lastReceived: of("last_received"),
    lastSequence: of("last_sequence"),
    model: of("model"),
  };
}

function frame(row: Row): StoredFrame {
  const of = <T>(name: string): T => row[name] as T;
  return {
    device: of("name"),
    sequence: of("sequence"),
    time: of("time"),
    stream: new Uint8Array(row["stream"] as ArrayBuffer),
    model: of("model"),
    items: of("items"),
    rawBytes: of("raw_bytes"),
    received: of("received"),
  };
}
