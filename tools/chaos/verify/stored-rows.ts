import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { join } from "node:path";
import Database from "libsql";
import { postgresPrograms } from "../../lib/probe.mjs";

/** A frame as the database has it, read by nothing of the service. */
export interface StoredRow {
  readonly device: string;
  readonly sequence: number;
  readonly stream: Uint8Array;
}

/** All that a PostgreSQL database holds, by its own client. */
export async function postgresRows(url: string): Promise<StoredRow[]> {
  const copy = `COPY (SELECT device, sequence, encode(stream, 'hex') FROM isthmus.frames) TO STDOUT`;
  const child = spawn(join(postgresPrograms!, "psql"), ["-X", "-v", "ON_ERROR_STOP=1", "-c", copy, url], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const rows: StoredRow[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const [device, sequence, stream] = line.split("\t") as [string, string, string];
    rows.push({ device, sequence: Number(sequence), stream: Buffer.from(stream, "hex") });
  }
  const code = await ended;
  if (code !== 0) throw new Error(`psql ended with exit code ${code}`);
  return rows;
}

/** All that the file of the embedded store holds. */
export function sqliteRows(file: string): StoredRow[] {
  const database = new Database(file, { readonly: true });
  try {
    const select = "SELECT name AS device, sequence, stream FROM frames JOIN devices ON devices.id = frames.device";
    const rows = database.prepare(select).all() as (Omit<StoredRow, "stream"> & { readonly stream: ArrayBuffer })[];
    return rows.map((row) => ({ ...row, stream: new Uint8Array(row.stream) }));
  } finally {
    database.close();
  }
}
