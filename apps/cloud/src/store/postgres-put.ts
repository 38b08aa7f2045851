/** How arrivals go into PostgreSQL: one statement for all of them, a second one for those that were there already. */
import { createHash } from "node:crypto";
import type { Arrival, Put } from "./frame-store.ts";

export type Query = <R extends object>(text: string, values: readonly unknown[]) => Promise<R[]>;

/**
 * One statement is one transaction. Both tables are written in the order of their keys, and `devices` only after `frames`, so that two instances
 * wait for each other but never in a circle. Streams come as one value, cut up here: arrays of bytes travel as text.
 */
const ADD = `
  WITH given AS MATERIALIZED (
    SELECT nr, device, sequence, time, model, items, raw_bytes, substring($1::bytea FROM start FOR size) AS stream
    FROM unnest($2::text[], $3::int8[], $4::int8[], $5::text[], $6::int8[], $7::int8[], $8::int4[], $9::int4[])
      WITH ORDINALITY AS row (device, sequence, time, model, items, raw_bytes, start, size, nr)
  ), added AS (
    INSERT INTO isthmus.frames (device, sequence, time, received, model, items, raw_bytes, stream)
    SELECT device, sequence, time, $10, model, items, raw_bytes, stream FROM given ORDER BY device COLLATE "C", sequence
    ON CONFLICT DO NOTHING
    RETURNING device, sequence
  ), summed AS (
    INSERT INTO isthmus.devices AS old
      (device, frames, items, bytes, raw_bytes, first_time, last_time, last_received, last_sequence, model)
    SELECT device, count(*), sum(items), sum(length(stream)), sum(raw_bytes), min(time), max(time), $10, max(sequence),
      (array_agg(model ORDER BY nr DESC))[1]
    FROM added JOIN given USING (device, sequence) GROUP BY device ORDER BY device COLLATE "C"
    ON CONFLICT (device) DO UPDATE SET
      frames = old.frames + excluded.frames,
      items = old.items + excluded.items,
      bytes = old.bytes + excluded.bytes,
      raw_bytes = old.raw_bytes + excluded.raw_bytes,
      first_time = least(old.first_time, excluded.first_time),
      last_time = greatest(old.last_time, excluded.last_time),
      last_received = greatest(old.last_received, excluded.last_received),
      last_sequence = greatest(old.last_sequence, excluded.last_sequence),
      model = excluded.model
  )
  SELECT device, sequence FROM added
`;

const THERE = `
  SELECT device, sequence, sha256(stream) AS hash, last_sequence AS "lastSequence"
  FROM unnest($1::text[], $2::int8[]) AS row (device, sequence)
    JOIN isthmus.frames USING (device, sequence) JOIN isthmus.devices USING (device)
`;

interface Key {
  readonly device: string;
  readonly sequence: number;
}

interface There extends Key {
  readonly hash: Uint8Array;
  readonly lastSequence: number;
}

const keyOf = ({ device, sequence }: Key): string => `${device} ${sequence}`;

/** Resolves when all are durable. */
export async function putArrivals(query: Query, arrivals: readonly Arrival[]): Promise<Put[]> {
  const firsts = new Map<string, Arrival>();
  for (const arrival of arrivals) if (!firsts.has(keyOf(arrival))) firsts.set(keyOf(arrival), arrival);
  const added = new Set(await add(query, [...firsts.values()]));
  const isStored = (arrival: Arrival): boolean => added.has(keyOf(arrival)) && firsts.get(keyOf(arrival)) === arrival;
  const there = await lookUp(
    query,
    arrivals.filter((arrival) => !isStored(arrival)),
  );
  return arrivals.map((arrival) => (isStored(arrival) ? { status: "stored" } : compare(arrival, there)));
}

/** The keys of those that were not there. */
async function add(query: Query, arrivals: readonly Arrival[]): Promise<string[]> {
  const column = <K extends keyof Arrival>(name: K): Arrival[K][] => arrivals.map((arrival) => arrival[name]);
  const sizes = arrivals.map(({ stream }) => stream.length);
  let end = 1;
  const starts = sizes.map((size) => (end += size) - size);
  const named = [
    column("device"),
    column("sequence"),
    column("time"),
    column("model"),
    column("items"),
    column("rawBytes"),
  ];
  const values = [Buffer.concat(column("stream")), ...named, starts, sizes, Date.now()];
  return (await query<Key>(ADD, values)).map(keyOf);
}

async function lookUp(query: Query, arrivals: readonly Arrival[]): Promise<Map<string, There>> {
  if (arrivals.length === 0) return new Map();
  const keys = [...new Map(arrivals.map((arrival) => [keyOf(arrival), arrival])).values()];
  const rows = await query<There>(THERE, [keys.map(({ device }) => device), keys.map(({ sequence }) => sequence)]);
  return new Map(rows.map((row) => [keyOf(row), row]));
}

function compare(arrival: Arrival, there: ReadonlyMap<string, There>): Put {
  const found = there.get(keyOf(arrival));
  if (found === undefined) throw new Error(`${keyOf(arrival)} was in the database and is no more`);
  const isSame = createHash("sha256").update(arrival.stream).digest().equals(found.hash);
  return isSame ? { status: "duplicate" } : { status: "taken", next: found.lastSequence + 1 };
}
