import { setTimeout as sleep } from "node:timers/promises";
import { Client, type ClientBase, Pool, types } from "pg";
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
import { GatheredPuts } from "./gathered-puts.ts";
import { isPassing, storeError } from "./postgres-errors.ts";
import { putArrivals } from "./postgres-put.ts";
import { upgradeSchema } from "./postgres-schema.ts";
import { storeUnavailable } from "./store-unavailable.ts";

export interface PostgresOptions {
  /** The most connections at once; default 10. */
  readonly connections?: number;
  /** Milliseconds that a statement may take, or a connection be waited for; default 10,000. The role's or the database's own `statement_timeout` goes first. */
  readonly timeout?: number;
  /** Milliseconds that a database which cannot be reached is waited for at the beginning; default 30,000. */
  readonly patience?: number;
}

const TIMEOUT_MS = 10_000;
const PATIENCE_MS = 30_000;
const PAUSE_MS = 250;

const summary = `device, frames, items, bytes, raw_bytes AS "rawBytes", first_time AS "from", last_time AS "to",
  last_received AS "lastReceived", last_sequence AS "lastSequence", model`;

/** Frames in PostgreSQL, for any number of instances of the service. */
export class PostgresStore implements FrameStore {
  private readonly pool: Pool;
  private readonly puts: GatheredPuts;
  private readonly timeout: number;
  private closing: Promise<void> | undefined;

  private constructor(pool: Pool, timeout: number) {
    this.pool = pool;
    this.timeout = timeout;
    // A connection that dies while nobody uses it is replaced by the next query.
    pool.on("error", () => {});
    const query = this.query.bind(this);
    this.puts = new GatheredPuts((arrivals) => putArrivals(query, arrivals));
  }

  /**
   * Makes the tables, or brings them up to date, first.
   *
   * @param url `postgresql://user:password@host/database`, with TLS `?sslmode=verify-full&sslrootcert=...&sslcert=...&sslkey=...`
   * @throws RangeError a URL that is none
   * @throws IsthmusError `STORE_UNAVAILABLE` not reached in time, or made by a newer version of the service; `STORE_REFUSED` wrong
   *   password, no such database, missing rights
   */
  static async open(url: string, options: PostgresOptions = {}): Promise<PostgresStore> {
    checkUrl(url);
    const { connections = 10, timeout = TIMEOUT_MS, patience = PATIENCE_MS } = options;
    await prepare(url, timeout, Date.now() + patience);
    const pool = new Pool({
      connectionString: url,
      max: connections,
      connectionTimeoutMillis: timeout,
      // Only for a server that has fallen silent: it would have ended the statement itself before.
      query_timeout: 2 * timeout,
      keepAlive: true,
      allowExitOnIdle: true,
      application_name: "isthmus-cloud",
      types: { getTypeParser: parserOf },
      onConnect: setUp(timeout),
    });
    return new PostgresStore(pool, timeout);
  }

  async put(arrivals: readonly Arrival[]): Promise<Put[]> {
    if (this.closing) throw storeUnavailable("the database is closed");
    return arrivals.length === 0 ? [] : await this.puts.put(arrivals);
  }

  async devices({ after = "", limit }: { readonly after?: string; readonly limit: number }): Promise<DeviceSummary[]> {
    const text = `SELECT ${summary} FROM isthmus.devices WHERE device > $1 ORDER BY device LIMIT $2`;
    return await this.query<DeviceSummary>(text, [after, limit]);
  }

  async device(device: string): Promise<DeviceSummary | undefined> {
    const text = `SELECT ${summary} FROM isthmus.devices WHERE device = $1`;
    const [row] = await this.query<DeviceSummary>(text, [device]);
    return row;
  }

  async frames({ device, from = 0, to, after, limit, maxBytes }: FrameQuery): Promise<StoredFrame[]> {
    // The length of a stream is known without reading it; only those that are wanted are read.
    const text = `
      SELECT device, sequence, time, received, model, items, raw_bytes AS "rawBytes", stream FROM (
        SELECT *, sum(length(stream)) OVER (ORDER BY time, sequence ROWS UNBOUNDED PRECEDING) - length(stream) AS before
        FROM (
          SELECT * FROM isthmus.frames
          WHERE device = $1 AND time >= $2 AND time < $3 AND (time, sequence) > ($4, $5)
          ORDER BY time, sequence LIMIT $6
        ) AS page
      ) AS measured
      WHERE before < $7 ORDER BY time, sequence`;
    // No time and no sum of lengths reaches 2^53.
    const bounds = [from, to ?? 2 ** 53, after?.time ?? -1, after?.sequence ?? -1, limit, maxBytes ?? 2 ** 53];
    return await this.query<StoredFrame>(text, [device, ...bounds]);
  }

  async totals(): Promise<StoreTotals> {
    const sum = (column: string, name: string) => `coalesce(sum(${column}), 0)::int8 AS "${name}"`;
    const sums = [sum("frames", "frames"), sum("items", "items"), sum("bytes", "bytes"), sum("raw_bytes", "rawBytes")];
    const [row] = await this.query<StoreTotals>(`SELECT count(*) AS devices, ${sums.join()} FROM isthmus.devices`);
    return row!;
  }

  async putModel(id: string, part: ModelPart, file: Uint8Array): Promise<void> {
    const text = `
      INSERT INTO isthmus.models (id, part, file) VALUES ($1, $2, $3)
      ON CONFLICT (id, part) DO UPDATE SET file = excluded.file`;
    await this.query(text, [id, part, file]);
  }

  async model(id: string, part: ModelPart): Promise<Uint8Array | undefined> {
    const text = "SELECT file FROM isthmus.models WHERE id = $1 AND part = $2";
    const [row] = await this.query<{ file: Uint8Array }>(text, [id, part]);
    return row?.file;
  }

  async models(): Promise<string[]> {
    const text = "SELECT id FROM isthmus.models WHERE part = 'model' ORDER BY id";
    return (await this.query<{ id: string }>(text)).map(({ id }) => id);
  }

  async generation(holder: string): Promise<number> {
    const text = "SELECT least FROM isthmus.generations WHERE holder = $1";
    const [row] = await this.query<{ least: number }>(text, [holder]);
    return row?.least ?? 0;
  }

  async revoke(holder: string): Promise<number> {
    const text = `
      INSERT INTO isthmus.generations AS old (holder, least) VALUES ($1, 1)
      ON CONFLICT (holder) DO UPDATE SET least = old.least + 1 RETURNING least`;
    const [row] = await this.query<{ least: number }>(text, [holder]);
    return row!.least;
  }

  async check(): Promise<void> {
    // A full disk and a standby still answer what only reads.
    await this.query("UPDATE isthmus.about SET checked = now()");
  }

  close(): Promise<void> {
    // A server that has fallen silent does not say goodbye either.
    const silence = () => sleep(this.timeout, undefined, { ref: false });
    this.closing ??= this.puts.settled().then(() => Promise.race([this.pool.end(), silence()]));
    return this.closing;
  }

  private async query<R extends object>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    try {
      return (await this.pool.query<R>(text, [...values])).rows;
    } catch (error) {
      throw storeError(error);
    }
  }
}

/** What was given is not repeated: there may be a password in it. */
function checkUrl(url: string): void {
  const expected = '"databaseUrl" expected postgresql://user:password@host/database';
  if (!/^postgres(ql)?:\/\//.test(url)) throw new RangeError(`${expected}, got something else`);
  try {
    // Reads the URL and the files that it names.
    void new Client({ connectionString: url });
  } catch (error) {
    const isFile = error instanceof Error && "path" in error;
    throw new RangeError(`${expected}, got ${isFile ? error.message : "something else"}`, { cause: error });
  }
}

/** Waits until `until` for a database that cannot be reached, and makes its tables. */
async function prepare(url: string, timeout: number, until: number): Promise<void> {
  for (;;) {
    try {
      await upgrade(url, timeout);
      return;
    } catch (error) {
      if (!isPassing(error) || Date.now() >= until) throw storeError(error);
      await sleep(PAUSE_MS);
    }
  }
}

/** On a connection of its own, without a limit of time: another instance may take its time over an upgrade. */
async function upgrade(url: string, timeout: number): Promise<void> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: timeout, keepAlive: true });
  client.on("error", () => {});
  try {
    await client.connect();
    await upgradeSchema(client);
  } finally {
    await client.end();
  }
}

const { INT8, BYTEA } = types.builtins;

/** Numbers are all below 2^53; bytes come as they were given. */
function parserOf(type: number, format?: unknown): (value: string) => unknown {
  const usual = types.getTypeParser(type, format as never) as (value: string) => Uint8Array;
  if (type === INT8) return Number;
  return type === BYTEA ? (value) => new Uint8Array(usual(value)) : usual;
}

/** A role's own settings are kept, except that nothing may be called stored before it is durable. The pool waits for the promise, whatever its types say. */
function setUp(timeout: number): (client: ClientBase) => unknown {
  const settings = `
    SELECT set_config('statement_timeout', '${timeout}', false) WHERE current_setting('statement_timeout') = '0';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'`;
  return (client) => client.query(settings);
}
