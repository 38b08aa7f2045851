import { createHash } from "node:crypto";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import sharp from "sharp";
import { describe, expect, test, vi } from "vitest";
import { startAgent } from "./support/agents.ts";
import { copier, modelId, symbolsOf } from "./support/bundles.ts";
import { newFolder } from "./support/folder.ts";
import { Service } from "./support/service.ts";

const PATIENT = { timeout: 30_000, interval: 20 };

/** A folder with a model of so many samples, and a service. */
async function world(samples = 2): Promise<{ folder: string; service: Service; tables: (more: object) => any }> {
  const [folder, service] = [newFolder(), await Service.start()];
  writeFileSync(join(folder, "m.isthb"), copier({ samples }));
  const tables = (more: object) => ({ model: { bundle: "m.isthb" }, send: { url: service.url }, ...more });
  return { folder, service, tables };
}

const numbersIn = (service: Service, samples = 2): number[] =>
  service.stored.toSorted((a, b) => a.sequence - b.sequence).flatMap(({ stream }) => symbolsOf(stream, samples));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const rows = (values: readonly number[]): string => values.map((value) => `${value}\n`).join("");

describe("stdin", () => {
  test("is read to its end, and all of it is stored before the agent ends", async () => {
    const { folder, service, tables } = await world();
    const stdin = Readable.from([Buffer.from(`a\n${rows(upTo(50))}`)]);
    await startAgent(folder, tables({ source: { kind: "stdin" } }), stdin).ended;
    expect(numbersIn(service)).toEqual(upTo(50));
    expect(service.duplicates).toBe(0);
    expect(service.requests.every(({ headers }) => headers["content-type"] === "application/vnd.isthmus.parcels")).toBe(
      true,
    );
  });

  test("of JSON, windows that overlap, times of the rows, columns by name", async () => {
    const { folder, service, tables } = await world(4);
    const lines = upTo(5).map((i) =>
      JSON.stringify({ when: `2026-01-01T00:00:0${i}Z`, y: 10 + i, x: i, other: "no number" }),
    );
    const source = { kind: "stdin", format: "json", columns: ["x", "y"], time: "when", stride: 1 };
    const stdin = Readable.from([Buffer.from(lines.join("\r\n"))]);
    await startAgent(folder, tables({ source, frame: { items: 1 } }), stdin).ended;
    expect(service.stored.map(({ stream }) => symbolsOf(stream, 4))).toEqual(
      [0, 1, 2, 3].map((i) => [i, 10 + i, i + 1, 11 + i]),
    );
    expect(service.stored.map(({ time }) => time)).toEqual(
      [0, 1, 2, 3].map((i) => 1000 * Date.UTC(2026, 0, 1, 0, 0, i)),
    );
  });

  test("passes over lines that are no rows, and says which", async () => {
    const { folder, service, tables } = await world(1);
    const text = `a,b\n1,2\nx,3\n4\n"5",6\n7,\n${"9".repeat(2 ** 20 + 5)}\n8,8\n`;
    const run = startAgent(
      folder,
      tables({ source: { kind: "stdin", columns: ["a"] } }),
      Readable.from([Buffer.from(text)]),
    );
    await run.ended;
    expect(numbersIn(service, 1)).toEqual([1, 5, 7, 8]);
    const { source, problems } = (await run.agent).snapshot();
    expect(source).toMatchObject({ rows: 4, refused: 3, items: 4 });
    expect(problems["source"]!.message).toContain("1 MiB");
    expect(run.log.join("")).toContain(`expected a number, got \\"x\\"`.replaceAll("\\", ""));
  });

  test("missing values are the model's fills, or the window is left out", async () => {
    const units = { offsets: Float64Array.of(0), scales: Float64Array.of(1), fills: Float64Array.of(42) };
    const text = Buffer.from("a\n1\n\nNA\n3\n");
    for (const [fills, expected] of [
      [true, [1, 42, 3]],
      [false, [1, 3]],
    ] as const) {
      const { folder, service, tables } = await world(1);
      const { offsets, scales } = units;
      writeFileSync(join(folder, "m.isthb"), copier({ samples: 1, units: fills ? units : { offsets, scales } }));
      await startAgent(folder, tables({ source: { kind: "stdin" } }), Readable.from([text])).ended;
      expect(numbersIn(service, 1)).toEqual(expected);
    }
  });

  test("is held while the queue is full and the service away, and goes on when it is back", async () => {
    const { folder, service, tables } = await world(2);
    service.fault = () => "cut before";
    let given = 0;
    const stdin = Readable.from(
      (function* () {
        for (; given < 40_000; given++) yield Buffer.from(`${given % 100},${given % 100}\n`);
      })(),
      { highWaterMark: 1 },
    );
    const queue = { bytes: 65_536, when_full: "stop", fsync: "never" };
    const run = startAgent(
      folder,
      tables({ source: { kind: "stdin", header: false }, queue, frame: { items: 1 } }),
      stdin,
    );
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().queue.bytes).toBeGreaterThan(61_000), PATIENT);
    const held = given;
    expect(held).toBeLessThan(2000);
    service.fault = () => undefined;
    await vi.waitFor(() => expect(given).toBeGreaterThan(held + 500), PATIENT);
    await run.stop();
    const stored = service.stored.map(({ stream }) => symbolsOf(stream, 2)[0]);
    expect(stored).toEqual(stored.map((_, i) => i % 100));
    expect(agent.snapshot().queue.dropped).toBe(0);
  });
});

describe("a file", () => {
  const source = { kind: "file", path: "readings.csv", poll: 0.02 };

  test("is followed through appending, renaming and cutting, and a restart goes on where the queue has it", async () => {
    const { folder, service, tables } = await world();
    const path = join(folder, "readings.csv");
    writeFileSync(path, `a\n${rows([0, 1, 2])}`);
    const first = startAgent(folder, tables({ source, frame: { items: 1 } }));
    await vi.waitFor(() => expect(numbersIn(service)).toEqual([0, 1]), PATIENT);
    appendFileSync(path, "3\n4");
    await vi.waitFor(() => expect(numbersIn(service)).toEqual(upTo(4)), PATIENT);
    await first.stop();
    // The half line and the row that makes no window were not taken: they are read again.
    appendFileSync(path, "\n5\n6\n");
    renameSync(path, `${path}.1`);
    writeFileSync(path, `a\n${rows([7, 8])}`);
    const second = startAgent(folder, tables({ source, frame: { items: 1 } }));
    await vi.waitFor(() => expect(numbersIn(service)).toEqual(upTo(8)), PATIENT);
    writeFileSync(path, "");
    await vi.waitFor(async () => expect((await second.agent).snapshot().source.rows).toBe(5), PATIENT);
    await new Promise((resolve) => setTimeout(resolve, 60));
    appendFileSync(path, `a\n9\n`);
    await vi.waitFor(() => expect(numbersIn(service)).toEqual(upTo(10)), PATIENT);
    await second.stop();
    expect(service.duplicates).toBe(0);
  });

  test("read once from its start to its end, windows with gaps, over several runs that are cut off", async () => {
    const { folder, service, tables } = await world();
    writeFileSync(join(folder, "readings.csv"), `a\n${rows(upTo(100))}`);
    const once = tables({ source: { ...source, follow: false, stride: 5 }, frame: { items: 3 } });
    await startAgent(folder, once).ended;
    const windows = upTo(20).flatMap((i) => [5 * i, 5 * i + 1]);
    expect(numbersIn(service)).toEqual(windows);
    appendFileSync(join(folder, "readings.csv"), rows([100, 101, 102, 103, 104, 105, 106]));
    await startAgent(folder, once).ended;
    expect(numbersIn(service)).toEqual([...windows, 100, 101, 105, 106]);
  });

  test("that is another under the old name is read from its start", async () => {
    const { folder, service, tables } = await world(1);
    const path = join(folder, "readings.csv");
    const once = tables({ source: { ...source, follow: false } });
    writeFileSync(path, `a\n${rows([1, 2])}`);
    await startAgent(folder, once).ended;
    writeFileSync(path, `b\n${rows([3, 4, 5, 6])}`);
    await startAgent(folder, once).ended;
    expect(numbersIn(service, 1)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

test("a file that comes later is waited for, and that is told", async () => {
  const { folder, service, tables } = await world();
  const run = startAgent(folder, tables({ source: { kind: "file", path: "later.csv", poll: 0.02 } }));
  const agent = await run.agent;
  await vi.waitFor(() => expect(agent.snapshot().problems["source"]?.message).toContain("no such file yet"), PATIENT);
  writeFileSync(join(folder, "later.csv"), `a\n${rows([1, 2])}`);
  await vi.waitFor(() => expect(numbersIn(service)).toEqual([1, 2]), PATIENT);
  await run.stop();
});

describe("a folder of pictures", () => {
  const grey = (level: number) =>
    sharp({ create: { width: 4, height: 4, channels: 3, background: { r: level, g: level, b: level } } });
  const source = { kind: "folder", path: "pictures", width: 2, height: 2, poll: 0.02 };

  async function pictures() {
    const one = await world(4);
    writeFileSync(
      join(one.folder, "m.isthb"),
      copier({ samples: 4, units: { offsets: Float64Array.of(0), scales: Float64Array.of(1) } }),
    );
    const folder = join(one.folder, "pictures");
    mkdirSync(folder);
    return { ...one, pictures: folder };
  }

  test.each(["move", "delete", "keep"])(
    "takes each once, waits for those that are being written, and then they %s",
    async (done) => {
      const { folder, service, tables, pictures: into } = await pictures();
      const whole = await grey(40).png().toBuffer();
      writeFileSync(join(into, "a.png"), await grey(10).png().toBuffer());
      writeFileSync(join(into, "b.jpg"), await grey(20).jpeg().toBuffer());
      writeFileSync(join(into, "notes.txt"), "no picture");
      writeFileSync(join(into, "broken.png"), "no picture either");
      let half = 20;
      writeFileSync(join(into, "half.png"), whole.subarray(0, half));
      const growing = setInterval(
        () => half < whole.length && appendFileSync(join(into, "half.png"), whole.subarray(half, ++half)),
        5,
      );
      const config = tables({ source: { ...source, done }, frame: { items: 1 } });
      const run = startAgent(folder, config);
      const levels = () => service.stored.map(({ stream }) => symbolsOf(stream, 4)[0]!).sort((a, b) => a - b);
      await vi.waitFor(() => expect(levels()).toEqual([10, 20, 40]), PATIENT);
      clearInterval(growing);
      await run.stop();
      const left = readdirSync(into, { recursive: true })
        .map(String)
        .filter((name) => /\.\w+$/.test(name))
        .sort();
      const expected = {
        move: ["done/a.png", "done/b.jpg", "done/half.png", "notes.txt", "refused/broken.png"],
        delete: ["notes.txt", "refused/broken.png"],
        keep: ["a.png", "b.jpg", "broken.png", "half.png", "notes.txt"],
      };
      expect(left).toEqual(expected[done as "move"]);
      writeFileSync(join(into, "c.webp"), await grey(30).webp({ lossless: true }).toBuffer());
      const again = startAgent(folder, config);
      await vi.waitFor(() => expect(levels()).toEqual([10, 20, 30, 40]), PATIENT);
      await again.stop();
      expect(service.stored.length).toBe(4);
    },
  );

  test("a folder that comes later is waited for, and pictures that cannot be moved are taken once all the same", async () => {
    const { folder, service, tables } = await world(4);
    writeFileSync(
      join(folder, "m.isthb"),
      copier({ samples: 4, units: { offsets: Float64Array.of(0), scales: Float64Array.of(1) } }),
    );
    // A file is in the way of the folder to move to.
    writeFileSync(join(folder, "done"), "");
    const run = startAgent(folder, tables({ source: { ...source, done_folder: "done" }, frame: { items: 1 } }));
    const agent = await run.agent;
    const problem = () => agent.snapshot().problems["source"]?.message;
    await vi.waitFor(() => expect(problem()).toContain("ENOENT"), PATIENT);
    mkdirSync(join(folder, "pictures"));
    writeFileSync(join(folder, "pictures", "a.png"), await grey(10).png().toBuffer());
    writeFileSync(join(folder, "pictures", "b.png"), await grey(20).png().toBuffer());
    await vi.waitFor(() => expect(problem()).toContain("EEXIST"), PATIENT);
    expect(service.stored.length).toBe(1);
    rmSync(join(folder, "done"));
    await vi.waitFor(() => expect(service.stored.length).toBe(2), PATIENT);
    await vi.waitFor(() => expect(readdirSync(join(folder, "done")).sort()).toEqual(["a.png", "b.png"]), PATIENT);
    await run.stop();
    expect(service.stored.length).toBe(2);
  });

  test("pictures that were in the queue when the process was killed are not taken again", async () => {
    const { folder, service, tables, pictures: into } = await pictures();
    const config = tables({ source, frame: { items: 1 } });
    writeFileSync(join(into, "a.png"), await grey(10).png().toBuffer());
    const run = startAgent(folder, config);
    await vi.waitFor(() => expect(service.stored.length).toBe(1), PATIENT);
    await run.stop();
    // As if it had been killed between the queue and the moving.
    renameSync(join(into, "done", "a.png"), join(into, "a.png"));
    writeFileSync(join(into, "b.png"), await grey(20).png().toBuffer());
    const again = startAgent(folder, config);
    await vi.waitFor(() => expect(service.stored.length).toBe(2), PATIENT);
    await again.stop();
    expect(service.stored.map(({ stream }) => symbolsOf(stream, 4)[0])).toEqual([10, 20]);
    expect(existsSync(join(into, "done", "a.png"))).toBe(true);
  });
});

describe("the demo signal", () => {
  test("goes on where it was, in the units of the model", async () => {
    const { folder, service, tables } = await world(4);
    // Swings of a size of 1 around 50, in steps of a fiftieth.
    const units = { offsets: Float64Array.of(50), scales: Float64Array.of(0.02) };
    writeFileSync(join(folder, "m.isthb"), copier({ samples: 4, units }));
    const source = { kind: "demo", rate: 1e6, rows: 40 };
    await startAgent(folder, tables({ source })).ended;
    await startAgent(folder, tables({ source: { ...source, rows: 80 } })).ended;
    const other = await world(4);
    writeFileSync(join(other.folder, "m.isthb"), readFileSync(join(folder, "m.isthb")));
    await startAgent(other.folder, other.tables({ source: { ...source, rows: 80 } })).ended;
    expect(numbersIn(service, 4)).toEqual(numbersIn(other.service, 4));
    expect(numbersIn(service, 4).length).toBe(80);
    expect(Math.max(...numbersIn(service, 4))).toBeGreaterThan(0);
  });
});

describe("a model", () => {
  const source = { kind: "file", path: "readings.csv", poll: 0.02 };

  test("is fetched by its id, verified, kept for the next start, and swapped between frames", async () => {
    const { folder, service, tables } = await world(2);
    const path = join(folder, "readings.csv");
    writeFileSync(path, `a\n${rows([1, 2])}`);
    service.bundles.set(modelId(1), copier({ samples: 2 }));
    service.bundles.set(modelId(2), copier({ samples: 3, id: 2, times: 2 }));
    const config = tables({ model: { id: modelId(1) }, source });
    const run = startAgent(folder, config);
    await vi.waitFor(() => expect(service.stored.length).toBe(1), PATIENT);
    // One row waits; it becomes part of the first window of the next model.
    appendFileSync(path, rows([3]));
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().source.rows).toBe(3), PATIENT);
    await agent.useModel({ id: modelId(2), url: service.url });
    appendFileSync(path, rows([4, 5]));
    await vi.waitFor(() => expect(service.stored.length).toBe(2), PATIENT);
    await run.stop();
    expect(symbolsOf(service.stored[1]!.stream, 3)).toEqual([6, 8, 10]);
    expect(readdirSync(join(folder, "state", "models"))).toEqual([`${modelId(2)}.isthb`]);
    const requests = service.requests.length;
    service.bundles.clear();
    appendFileSync(path, rows([6, 7, 8]));
    const next = startAgent(folder, tables({ model: { id: modelId(2) }, source }));
    await vi.waitFor(() => expect(service.stored.length).toBe(3), PATIENT);
    await next.stop();
    expect(service.requests.slice(requests).every(({ method }) => method === "POST")).toBe(true);
  });

  test("that is not what was asked for is never used", async () => {
    const { folder, service, tables } = await world(2);
    writeFileSync(join(folder, "readings.csv"), `a\n${rows([1, 2])}`);
    service.bundles.set(modelId(1), copier({ samples: 2, id: 9 }));
    const run = startAgent(folder, tables({ model: { id: modelId(1) }, source }));
    const agent = await run.agent;
    const problem = () => agent.snapshot().problems["model"]?.message;
    await vi.waitFor(() => expect(problem()).toContain(`its id is ${modelId(9)}`), PATIENT);
    service.bundles.set(modelId(1), copier({ samples: 2 }).slice(0, 100));
    await vi.waitFor(() => expect(problem()).toMatch(/BUNDLE|bytes, /), PATIENT);
    service.digest = () => "sha-256=AAAA";
    await vi.waitFor(() => expect(problem()).toContain("by its Digest header"), PATIENT);
    expect(existsSync(join(folder, "state", "models"))).toBe(false);
    expect(agent.snapshot().model).toBeNull();
    service.digest = digestOf;
    service.bundles.set(modelId(1), copier({ samples: 2 }));
    await vi.waitFor(() => expect(service.stored.length).toBe(1), PATIENT);
    expect(agent.snapshot().problems["model"]!.isSolved).toBe(true);
    await run.stop();
  });

  test("one that is waited for gives way to another that is asked for", async () => {
    const { folder, service, tables } = await world(2);
    writeFileSync(join(folder, "readings.csv"), `a\n${rows([1, 2])}`);
    service.bundles.set(modelId(2), copier({ samples: 2, id: 2 }));
    const run = startAgent(folder, tables({ model: { id: modelId(1) }, source }));
    const agent = await run.agent;
    await vi.waitFor(() => expect(agent.snapshot().problems["model"]?.message).toContain("404"), PATIENT);
    await agent.useModel({ id: modelId(2), url: service.url });
    await vi.waitFor(() => expect(service.stored.length).toBe(1), PATIENT);
    expect(agent.snapshot().model!.id).toBe(modelId(2));
    await run.stop();
  });
});

function digestOf(bytes: Uint8Array): string {
  return `sha-256=${createHash("sha256").update(bytes).digest("base64")}`;
}

test("a second agent in the same state folder is refused; one that was killed leaves no obstacle", async () => {
  const { folder, tables } = await world();
  const config = tables({ source: { kind: "file", path: "readings.csv" } });
  const run = startAgent(folder, config);
  await run.agent;
  await expect(startAgent(folder, config).ended).rejects.toThrow("another agent uses");
  await run.stop();
  writeFileSync(join(folder, "state", "status.sock"), "");
  await startAgent(folder, config).stop();
});
