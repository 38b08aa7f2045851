/** What was measured once is not measured again, unless something changed. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder, fileStore } from "@isthmus/backend/node";
import { IsthmusError } from "@isthmus/math";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defaultStore, memoryStore, type SelectionStore, webStorageStore } from "../src/selection-store.ts";
import { DummyWorld, everything, timings } from "./world.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "isthmus backend "));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const DAY = 86_400_000;
const NO_WEBGL = { code: "WEBGL_NO_CONTEXT", message: "no WebGL" };
const forbidden = async () => expect.fail("measured");

describe.each([
  ["memory", () => memoryStore()],
  ["localStorage", () => webStorage()],
  ["a folder", () => fileStore(join(folder, "made", "when needed"))],
])("%s", (_, make) => {
  it("keeps the choice and its figures, for the same machine, candidates and workload", async () => {
    const store = make();
    const first = await new DummyWorld().select({ store, measure: timings({ "tfjs:webgpu": 2, wasm: 7 }) });
    expect(first.selection).toMatchObject({ how: "measured", remembering: { store: store.name } });
    const world = new DummyWorld();
    const again = await world.select({ store, measure: forbidden });
    expect(again.selection).toMatchObject({ engine: "tfjs:webgpu", how: "remembered" });
    expect(again.selection.reason).toMatch(
      /^the fastest, 2\.0 ms .*; wasm 7\.0 ms; .*; measured on 2026-11-22 and remembered/,
    );
    expect(again.selection.candidates).toEqual(first.selection.candidates);
    expect(again.selection.remembering?.problem).toBeUndefined();
    // Only the one was opened.
    expect(world.opened).toHaveLength(1);
  });
});

describe("measured anew", () => {
  const store = memoryStore();
  const select = (world: DummyWorld, options = {}) =>
    world.select({ store, measure: timings({ "tfjs:wasm": 1 }), ...options });
  beforeEach(() => new DummyWorld().select({ store, anew: true, measure: timings({ wasm: 1 }) }));

  it.each([
    ["another workload", new DummyWorld(), { workload: { task: "inference", layers: [784, 20] } }],
    [
      "another batch size",
      new DummyWorld(),
      { workload: { task: "training", layers: [784, 400, 20, 400, 784], batch: 1 } },
    ],
    ["another machine", new DummyWorld({ ...everything, runtime: { ...everything.runtime, cores: 4 } }), {}],
    ["another way to make ours", new DummyWorld(), { wasm: { threads: 2 } }],
    ["fewer candidates", new DummyWorld({ ...everything, webgl2: { available: false, reason: NO_WEBGL } }), {}],
    ["the caller's wish", new DummyWorld(), { anew: true }],
  ])("%s", async (_, world, options) => {
    expect((await select(new DummyWorld())).selection).toMatchObject({ engine: "wasm", how: "remembered" });
    const { selection } = await select(world, options);
    expect(selection).toMatchObject({ engine: "tfjs:wasm", how: "measured" });
    expect(selection.remembering?.problem).toBeUndefined();
  });

  it("after 30 days", async () => {
    const [fresh, old] = [new DummyWorld(), new DummyWorld()];
    fresh.time += 29 * DAY;
    old.time += 31 * DAY;
    expect((await select(fresh)).selection.how).toBe("remembered");
    const { selection } = await select(old);
    expect(selection).toMatchObject({ engine: "tfjs:wasm", how: "measured" });
    expect(selection.remembering?.problem).toMatchObject({ code: "BACKEND_MEMORY_OLD" });
  });

  it("when the one that is remembered cannot be had any more", async () => {
    const gone = new DummyWorld(everything, { wasm: new IsthmusError("ENGINE_MEMORY", "no memory") });
    const { selection } = await select(gone);
    expect(selection).toMatchObject({ engine: "tfjs:wasm", how: "measured" });
    expect(selection.remembering?.problem).toMatchObject({ code: "BACKEND_MEMORY_STALE" });
  });
});

describe("a store that is damaged or refuses is a reason, not an exception", () => {
  it.each([
    ["no JSON", "{", "BACKEND_MEMORY_CORRUPT"],
    ["another JSON", "[3]", "BACKEND_MEMORY_CORRUPT"],
    ["nothing", "null", "BACKEND_MEMORY_CORRUPT"],
    [
      "an engine that there is not",
      '{"engine":"fast","milliseconds":{},"reasons":{},"at":"2026-11-22"}',
      "BACKEND_MEMORY_CORRUPT",
    ],
    ["no figure", '{"engine":"wasm","milliseconds":{},"reasons":{},"at":"2026-11-22"}', "BACKEND_MEMORY_CORRUPT"],
    [
      "no number",
      '{"engine":"wasm","milliseconds":{"wasm":"1"},"reasons":{},"at":"2026-11-22"}',
      "BACKEND_MEMORY_CORRUPT",
    ],
    [
      "no reason",
      '{"engine":"wasm","milliseconds":{"wasm":1},"reasons":{"tfjs:cpu":7},"at":"2026-11-22"}',
      "BACKEND_MEMORY_CORRUPT",
    ],
    ["no date", '{"engine":"wasm","milliseconds":{"wasm":1},"reasons":{},"at":"soon"}', "BACKEND_MEMORY_CORRUPT"],
    ["the future", '{"engine":"wasm","milliseconds":{"wasm":1},"reasons":{},"at":"2027-11-22"}', "BACKEND_MEMORY_OLD"],
  ])("%s", async (_, text, code) => {
    const store = fileStore(folder);
    await new DummyWorld().select({ store, measure: timings({ wasm: 1 }) });
    const [name] = await readdir(folder);
    await writeFile(join(folder, name!), text);
    const { selection } = await new DummyWorld().select({ store, measure: timings({ "tfjs:wasm": 1 }) });
    expect(selection).toMatchObject({ engine: "tfjs:wasm", how: "measured", remembering: { problem: { code } } });
    // What replaced it is whole, and nothing lies beside it.
    expect(await readdir(folder)).toEqual([name]);
    expect(JSON.parse(await readFile(join(folder, name!), "utf8"))).toMatchObject({ engine: "tfjs:wasm" });
  });

  it("one that cannot be written, or read", async () => {
    await writeFile(join(folder, "file"), "");
    const unwritable = fileStore(join(folder, "file", "below"));
    const full: SelectionStore = {
      name: "full",
      get: async () => undefined,
      set: () => Promise.reject(new Error("the quota is used up")),
    };
    for (const store of [unwritable, full]) {
      const { selection } = await new DummyWorld().select({ store, measure: timings({ wasm: 1 }) });
      expect(selection).toMatchObject({ engine: "wasm", remembering: { problem: { code: "BACKEND_MEMORY_WRITE" } } });
    }
  });
});

it("where nothing is said: memory in Node; the user's cache folder through /node", () => {
  expect(defaultStore().name).toBe("memory");
  expect(defaultStore()).toBe(defaultStore());
  expect(cacheFolder({ XDG_CACHE_HOME: "/tmp/cache" })).toBe("/tmp/cache/isthmus/engines");
  expect(cacheFolder({})).toMatch(/\.cache\/isthmus\/engines$/);
});

function webStorage(): SelectionStore {
  const texts = new Map<string, string>();
  return webStorageStore({
    getItem: (key) => texts.get(key) ?? null,
    setItem: (key, value) => void texts.set(key, value),
  });
}
