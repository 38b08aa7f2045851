/** What the tables of a PostgreSQL store are, and how they came to be so: one step for each version. */
import { IsthmusError } from "@isthmus/math";
import type { ClientBase } from "pg";

/**
 * Streams are compressed already, so PostgreSQL need not try. `devices` is the sum of `frames`, kept in the same statement, so that looking at devices
 * costs the same however much they sent. Names are compared byte by byte, as everywhere else.
 */
const first = `
  CREATE TABLE isthmus.frames (
    device text COLLATE "C" NOT NULL,
    sequence int8 NOT NULL,
    time int8 NOT NULL,
    received int8 NOT NULL,
    model text COLLATE "C" NOT NULL,
    items int8 NOT NULL,
    raw_bytes int8 NOT NULL,
    stream bytea NOT NULL,
    PRIMARY KEY (device, sequence)
  );
  ALTER TABLE isthmus.frames ALTER COLUMN stream SET STORAGE EXTERNAL;
  CREATE INDEX frames_by_time ON isthmus.frames (device, time, sequence);
  CREATE TABLE isthmus.devices (
    device text COLLATE "C" PRIMARY KEY,
    frames int8 NOT NULL,
    items int8 NOT NULL,
    bytes int8 NOT NULL,
    raw_bytes int8 NOT NULL,
    first_time int8 NOT NULL,
    last_time int8 NOT NULL,
    last_received int8 NOT NULL,
    last_sequence int8 NOT NULL,
    model text COLLATE "C" NOT NULL
  ) WITH (fillfactor = 60);
  CREATE TABLE isthmus.models (
    id text COLLATE "C" NOT NULL,
    part text COLLATE "C" NOT NULL,
    file bytea NOT NULL,
    PRIMARY KEY (id, part)
  );
  ALTER TABLE isthmus.models ALTER COLUMN file SET STORAGE EXTERNAL;
  CREATE TABLE isthmus.generations (holder text COLLATE "C" PRIMARY KEY, least int8 NOT NULL);
`;

/** The n-th leads from version n to n + 1; what was released is never changed. */
export const schemaSteps: readonly string[] = [first];

/** Of the advisory lock under which one instance at a time looks at the schema: "isth". */
const LOCK = 0x69_73_74_68;

/** Brings the schema to the last of `steps`, which other instances may be doing at the same time; all of it or nothing. */
export async function upgradeSchema(client: ClientBase, steps: readonly string[] = schemaSteps): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
    const version = await schemaVersion(client);
    if (version > steps.length) {
      throw new IsthmusError("STORE_UNAVAILABLE", newerVersion(version, steps.length), { version });
    }
    for (const step of steps.slice(version)) await client.query(step);
    if (version < steps.length) await client.query("UPDATE isthmus.about SET version = $1", [steps.length]);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

const newerVersion = (found: number, known: number): string =>
  `the database is of version ${found} and this service knows ${known}: take a newer service`;

/** 0 where nothing is there yet. One who may not make a schema may still use the one that is there. */
async function schemaVersion(client: ClientBase): Promise<number> {
  const { rows } = await client.query<{ there: boolean }>("SELECT to_regclass('isthmus.about') IS NOT NULL AS there");
  if (!rows[0]!.there) {
    await client.query(`
      CREATE SCHEMA IF NOT EXISTS isthmus;
      CREATE TABLE isthmus.about (version int4 NOT NULL, checked timestamptz NOT NULL DEFAULT now());
      INSERT INTO isthmus.about (version) VALUES (0);
    `);
  }
  const about = await client.query<{ version: number }>("SELECT version FROM isthmus.about");
  return about.rows[0]!.version;
}
