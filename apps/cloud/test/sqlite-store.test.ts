import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import Database from "libsql";
import { GroupCommit } from "../src/store/group-commit.ts";
import { SqliteStore } from "../src/store/sqlite-store.ts";
import { arrival, storeConformance } from "./store-conformance.ts";
import { temporaryFolder } from "./support/folder.ts";

storeConformance("SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "isthmus cloud "));
  return {
    open: () => SqliteStore.open(join(folder, "frames.db")),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
});

const unavailable = expect.objectContaining({ code: "STORE_UNAVAILABLE" });

it("flushes a write-ahead log before it answers", async () => {
  const path = join(await temporaryFolder(), "frames.db");
  const store = await SqliteStore.open(path);
  await store.put([arrival("a", 1)]);
  const other = new Database(path, {});
  expect(other.prepare("PRAGMA journal_mode").get([])).toMatchObject({ journal_mode: "wal" });
  expect(other.prepare("SELECT sequence FROM frames").all([])).toEqual([{ sequence: 1 }]);
  expect(other.prepare("PRAGMA integrity_check").get([])).toMatchObject({ integrity_check: "ok" });
  other.close();
  await store.close();
});

it("lets the event loop turn while the disk is written to", async () => {
  const store = await SqliteStore.open(join(await temporaryFolder(), "frames.db"));
  async function turnsDuring(first: number): Promise<number> {
    const large = Array.from({ length: 10 }, (_, i) =>
      arrival("a", first + i, { stream: new Uint8Array(2 ** 20).fill(first + i) }),
    );
    let [turns, done] = [0, false];
    const turn = (): void => void (done || (turns++, setImmediate(turn)));
    const put = store.put(large);
    setImmediate(turn);
    await put;
    done = true;
    return turns;
  }
  // A commit on the event loop's own thread would leave one turn or two, every time; a busy machine may, too, but not for long.
  const turns: number[] = [];
  for (let i = 0; i < 10 && !turns.some((count) => count > 5); i++) turns.push(await turnsDuring(10 * i));
  expect(Math.max(...turns)).toBeGreaterThan(5);
  await store.close();
});

it("makes one transaction of what comes while the one before is written", async () => {
  const log: string[] = [];
  const commits = new GroupCommit({
    exec: async (sql) => {
      log.push(sql);
      await new Promise(setImmediate);
    },
    prepare: () => Promise.reject(new Error("nothing is prepared here")),
    close: () => undefined,
  });
  const write = (name: string, bytes = 1) => commits.write(() => void log.push(name), bytes);
  const first = write("a");
  await new Promise(setImmediate);
  await Promise.all([first, write("b"), write("c"), write("d", 2 ** 23), write("e")]);
  const transactions = log
    .join(" ")
    .split(/ ?BEGIN IMMEDIATE /)
    .slice(1);
  expect(transactions).toEqual(["a COMMIT", "b c COMMIT", "d COMMIT", "e COMMIT"]);
});

it("says so to all whose transaction failed, and goes on", async () => {
  let broken = true;
  const commits = new GroupCommit({
    exec: async (sql) => {
      if (broken && sql === "COMMIT") throw new Error("disk I/O error");
    },
    prepare: () => Promise.reject(new Error("nothing is prepared here")),
    close: () => undefined,
  });
  const results = await Promise.allSettled([commits.write(() => 1), commits.write(() => 2)]);
  expect(results).toEqual([1, 2].map(() => ({ status: "rejected", reason: unavailable })));
  broken = false;
  expect(await commits.write(() => 3)).toBe(3);
});

it("says in one line what is wrong with a file that it cannot use", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "frames.db");
  await writeFile(path, "this is no database, and long enough that SQLite looks at all of its header: ".repeat(20));
  await expect(SqliteStore.open(path)).rejects.toEqual(unavailable);
  await expect(SqliteStore.open(join(path, "below", "a.db"))).rejects.toEqual(unavailable);
  const newer = join(folder, "newer.db");
  const database = new Database(newer, {});
  database.exec("PRAGMA user_version = 1000");
  database.close();
  await expect(SqliteStore.open(newer)).rejects.toThrow(/newer version/);
});
