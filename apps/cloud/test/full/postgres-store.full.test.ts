/** A real PostgreSQL: what every store must do, and what only a server does: several instances, restarts, silence, rights, TLS. */
import { chmodSync, chownSync, statSync } from "node:fs";
import { createServer, connect as connectTo, type Socket } from "node:net";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { has } from "../../../../tools/lib/probe.mjs";
import { makeCertificates } from "../../../../tools/services/certificates.ts";
import { type PostgresServer, startPostgres } from "../../../../tools/services/postgres.ts";
import { schemaSteps, upgradeSchema } from "../../src/store/postgres-schema.ts";
import { type PostgresOptions, PostgresStore } from "../../src/store/postgres-store.ts";
import { arrival, storeConformance } from "../store-conformance.ts";
import { temporaryFolder } from "../support/folder.ts";

const withCode = (code: string) => expect.objectContaining({ name: "IsthmusError", code });
const unavailable = withCode("STORE_UNAVAILABLE");
const refused = withCode("STORE_REFUSED");

let server: PostgresServer;
let made = 0;
const database = (): string => server.createDatabase(`place${made++}`);

async function open(url: string, options?: PostgresOptions): Promise<PostgresStore> {
  const store = await PostgresStore.open(url, options);
  onTestFinished(() => store.close());
  return store;
}

/** A connection of a test's own. */
async function client(url: string): Promise<Client> {
  const connection = new Client({ connectionString: url });
  connection.on("error", () => {});
  await connection.connect();
  onTestFinished(() => connection.end());
  return connection;
}

/** Asks until it is answered. */
async function untilItWorks<R>(ask: () => Promise<R>): Promise<R> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      expect(error).toEqual(unavailable);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe.skipIf(!has()["postgresql"])("PostgreSQL", () => {
  beforeAll(async () => {
    // An asynchronous commit would wait for ten seconds before it is durable.
    server = await startPostgres({ wal_writer_delay: "10s" });
  });
  afterAll(() => server?.stop());

  storeConformance("PostgreSQL", async () => {
    const url = database();
    return { open: () => PostgresStore.open(url), remove: async () => {} };
  });

  describe("with several instances", () => {
    it("makes its tables once, however many begin at the same time", async () => {
      const url = database();
      const stores = await Promise.all(Array.from({ length: 8 }, () => open(url)));
      await Promise.all(stores.map((store, sequence) => store.put([arrival("a", sequence)])));
      expect(await stores[0]!.totals()).toMatchObject({ devices: 1, frames: 8 });
    });

    it("takes later steps once, all or none of them, and keeps what is there", async () => {
      const url = database();
      const store = await open(url);
      await store.put([arrival("a", 1)]);
      const later = [
        ...schemaSteps,
        "CREATE TABLE isthmus.notes (text text)",
        "INSERT INTO isthmus.notes VALUES ('x')",
      ];
      const broken = [...schemaSteps, "CREATE TABLE isthmus.notes (text text)", "SELECT 1 / 0"];
      const connections = [await client(url), await client(url), await client(url)];
      await expect(upgradeSchema(connections[0]!, broken)).rejects.toThrow("division by zero");
      await Promise.all(connections.map((connection) => upgradeSchema(connection, later)));
      const { rows } = await connections[0]!.query("SELECT text, version FROM isthmus.notes, isthmus.about");
      expect(rows).toEqual([{ text: "x", version: schemaSteps.length + 2 }]);
      expect(await store.totals()).toMatchObject({ frames: 1 });
      await expect(PostgresStore.open(url)).rejects.toThrow("take a newer service");
      await expect(PostgresStore.open(url)).rejects.toEqual(unavailable);
    });

    it("keeps sums right while all of them write to the same devices, each in an order of its own", async () => {
      const url = database();
      const stores = await Promise.all([open(url), open(url), open(url)]);
      const random = drawsOf(7);
      const draw = () =>
        arrival(`d${random(12)}`, random(60), { time: random(1000), items: random(9), rawBytes: random(99) });
      const puts = Array.from({ length: 150 }, (_, i) =>
        stores[i % 3]!.put(Array.from({ length: 1 + random(20) }, draw)),
      );
      const statuses = (await Promise.all(puts)).flat().map(({ status }) => status);
      const stored = statuses.filter((status) => status === "stored").length;
      expect(statuses).not.toContain("taken");
      const { rows } = await (
        await client(url)
      ).query(`
        SELECT device, count(*)::int AS frames, sum(items)::int AS items, sum(length(stream))::int AS bytes,
          sum(raw_bytes)::int AS "rawBytes", min(time)::int AS "from", max(time)::int AS "to", max(sequence)::int AS "lastSequence"
        FROM isthmus.frames GROUP BY device ORDER BY device`);
      const summaries = await stores[0]!.devices({ limit: 99 });
      expect(summaries.map(({ model: _, lastReceived: __, ...sums }) => sums)).toEqual(rows);
      expect(await stores[1]!.totals()).toMatchObject({ devices: 12, frames: stored });
    });
  });

  describe("that is killed", () => {
    it("loses and doubles nothing of what two instances were given, and is used again when it is back", async () => {
      const url = database();
      const stores = [await open(url), await open(url)];
      const frames = Array.from({ length: 200 }, (_, sequence) => arrival(`d${sequence % 7}`, sequence));
      const counts = { stored: 0, duplicate: 0, taken: 0 };
      const send = async (store: PostgresStore) => {
        for (let at = 0; at < frames.length; at += 4) {
          const puts = await untilItWorks(() => store.put(frames.slice(at, at + 4)));
          for (const { status } of puts) counts[status]++;
          if (at % 60 === 0) await Promise.resolve(killed());
        }
      };
      let kills = 0;
      const killed = (): Promise<void> | undefined =>
        kills++ === 2 || kills === 6 ? server.process.restart() : undefined;
      await Promise.all(stores.map(send));
      expect(kills).toBeGreaterThanOrEqual(6);
      expect(counts.taken).toBe(0);
      // A put whose connection was cut may have been stored unheard, so that it is a duplicate for all who ask again.
      expect(counts.stored + counts.duplicate).toBe(400);
      const { rows } = await (await client(url)).query("SELECT count(*)::int AS frames FROM isthmus.frames");
      expect(rows).toEqual([{ frames: 200 }]);
      expect(await stores[0]!.totals()).toMatchObject({ devices: 7, frames: 200 });
    });

    it("is unavailable until it is back, and what was called stored is there, even for a role whose commits are asynchronous", async () => {
      const url = database();
      await (await client(url)).query("ALTER ROLE isthmus SET synchronous_commit = off");
      const store = await open(url);
      expect(await store.put([arrival("a", 1)])).toEqual([{ status: "stored" }]);
      await server.process.kill();
      // The process that serves this connection ends a moment after the first, and what it still stores is stored.
      const heard = [1];
      const outcome = () =>
        store.put([arrival("a", 2)]).then(
          () => heard.push(2),
          (error: unknown) => error,
        );
      await expect.poll(outcome, { timeout: 60_000 }).toEqual(unavailable);
      await expect(store.check()).rejects.toEqual(unavailable);
      await expect(store.device("a")).rejects.toEqual(unavailable);
      await expect(PostgresStore.open(url, { patience: 0 })).rejects.toEqual(unavailable);
      const opening = open(url);
      await server.process.start();
      await untilItWorks(() => store.check());
      const there = (await store.frames({ device: "a", limit: 9 })).map(({ sequence }) => sequence);
      expect(there).toEqual(expect.arrayContaining(heard));
      expect(await (await opening).put([arrival("a", 1)])).toEqual([{ status: "duplicate" }]);
      await (await client(url)).query("ALTER ROLE isthmus RESET synchronous_commit");
    });
  });

  describe("that cannot", () => {
    it("is unavailable while somebody else holds a table for too long", async () => {
      const url = database();
      const store = await open(url, { timeout: 500 });
      const other = await client(url);
      await other.query("BEGIN; LOCK TABLE isthmus.frames");
      await expect(store.put([arrival("a", 1)])).rejects.toEqual(unavailable);
      await other.query("ROLLBACK");
      expect(await store.put([arrival("a", 1)])).toEqual([{ status: "stored" }]);
    });

    it("is unavailable to writers while it takes no writes", async () => {
      const url = database();
      await (await open(url)).put([arrival("a", 1)]);
      const name = new URL(url).pathname.slice(1);
      await (await client(url)).query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
      const store = await open(url);
      await expect(store.check()).rejects.toEqual(unavailable);
      await expect(store.put([arrival("a", 2)])).rejects.toEqual(unavailable);
      expect(await store.totals()).toMatchObject({ frames: 1 });
    });

    it("does not hang on a server that has fallen silent", async () => {
      const url = new URL(database());
      const relay = await silenceableRelay(server.port);
      url.port = String(relay.port);
      const store = await PostgresStore.open(String(url), { timeout: 300 });
      await store.put([arrival("a", 1)]);
      relay.fallSilent();
      await expect(store.put([arrival("a", 2)])).rejects.toEqual(unavailable);
      await expect(store.check()).rejects.toEqual(unavailable);
      await expect(PostgresStore.open(String(url), { timeout: 300, patience: 0 })).rejects.toEqual(unavailable);
      await store.close();
    });

    it("says at once what waiting would not mend", async () => {
      const url = database();
      const connection = await client(url);
      await connection.query("CREATE ROLE guest LOGIN");
      const as = (change: (to: URL) => void): string => {
        const to = new URL(url);
        change(to);
        return String(to);
      };
      const notThere = as((to) => (to.pathname = "/nowhere"));
      await expect(PostgresStore.open(notThere)).rejects.toEqual(refused);
      await expect(PostgresStore.open(notThere)).rejects.toThrow('database "nowhere" does not exist');
      await expect(PostgresStore.open(as((to) => (to.username = "nobody")))).rejects.toEqual(refused);
      await expect(PostgresStore.open(as((to) => (to.username = "guest")))).rejects.toEqual(refused);
      const secret = "mysql://me:hunter2@host/db";
      await expect(PostgresStore.open(secret)).rejects.toThrow(RangeError);
      await expect(PostgresStore.open(secret)).rejects.not.toThrow("hunter2");
      await expect(PostgresStore.open("postgresql://me:hunter2@host:port/db")).rejects.toThrow("got something else");
      await expect(PostgresStore.open(`${url}?sslrootcert=/nowhere/ca.pem`)).rejects.toThrow("/nowhere/ca.pem");
    });

    it("lets a role that may not make a schema use the one that is there", async () => {
      const url = database();
      const owner = await open(url);
      const connection = await client(url);
      await connection.query(`
        CREATE ROLE writer LOGIN;
        GRANT USAGE ON SCHEMA isthmus TO writer;
        GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA isthmus TO writer`);
      const store = await open(url.replace("isthmus@", "writer@"));
      expect(await store.put([arrival("a", 1)])).toEqual([{ status: "stored" }]);
      await store.check();
      expect(await owner.totals()).toMatchObject({ frames: 1 });
    });
  });

  it("is reached through a socket", async () => {
    const name = new URL(database()).pathname.slice(1);
    const store = await open(`postgresql://isthmus@/${name}?host=${server.socket}&port=${server.port}`);
    expect(await store.put([arrival("a", 1)])).toEqual([{ status: "stored" }]);
  });

  describe.skipIf(!has()["openssl"])("over TLS", () => {
    it("is trusted by its authority only", async () => {
      const folder = await temporaryFolder();
      const certificates = makeCertificates(folder);
      const secure = await startPostgres(
        { ssl: "on", ssl_cert_file: certificates.server.certificate, ssl_key_file: certificates.server.key },
        (owner) => {
          chmodSync(folder, 0o755);
          chmodSync(certificates.server.key, 0o600);
          if (owner !== undefined) chownSync(certificates.server.key, owner.uid, owner.gid);
          expect(statSync(certificates.server.key).mode & 0o77).toBe(0);
        },
      );
      onTestFinished(() => secure.stop());
      const url = secure.createDatabase("secure");
      const trusted = `${url}?sslmode=verify-full&sslrootcert=${encodeURIComponent(certificates.ca)}`;
      const store = await open(trusted);
      expect(await store.put([arrival("a", 1)])).toEqual([{ status: "stored" }]);
      const connection = await client(trusted);
      const { rows } = await connection.query(
        "SELECT bool_and(ssl) AS ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'isthmus-cloud'",
      );
      expect(rows).toEqual([{ ssl: true }]);
      await expect(PostgresStore.open(`${url}?sslmode=verify-full`)).rejects.toEqual(refused);
    });
  });
});

/** Whole numbers below a bound, the same each time. */
function drawsOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Passes everything on to a port of this machine, until it passes nothing on any more and keeps every connection open. */
async function silenceableRelay(port: number): Promise<{ port: number; fallSilent(): void }> {
  const sockets: Socket[] = [];
  let isSilent = false;
  const relay = createServer((from) => {
    sockets.push(from);
    from.on("error", () => {});
    if (isSilent) return;
    const to = connectTo(port, "127.0.0.1");
    sockets.push(to);
    to.on("error", () => {});
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    relay.close();
  });
  const { port: own } = relay.address() as { port: number };
  const fallSilent = (): void => {
    isSilent = true;
    for (const socket of sockets) socket.unpipe().pause();
  };
  return { port: own, fallSilent };
}
