import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { askStatus } from "../src/status/status-socket.ts";
import { kill, spawnAgent, writeConfig } from "./support/agents.ts";
import { copier, modelId, symbolsOf } from "./support/bundles.ts";
import { newFolder } from "./support/folder.ts";
import { Service } from "./support/service.ts";

// What only a process of its own shows: signals, kills, real pipes.

const PATIENT = { timeout: 50_000, interval: 20 };
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

async function world(more: object = {}) {
  const [folder, service] = [newFolder(), await Service.start()];
  writeFileSync(join(folder, "m.isthb"), copier({ samples: 2 }));
  const tables = {
    model: { bundle: "m.isthb" },
    source: { kind: "stdin", header: false },
    send: { url: service.url },
    ...more,
  };
  return { folder, service, tables, config: writeConfig(folder, tables) };
}

/** Windows of two: the numbers of a file in base 100, so that none is like another. */
const lines = (from: number, to: number): string =>
  upTo(to - from)
    .map((i) => `${Math.floor((from + i) / 100)}\n${(from + i) % 100}\n`)
    .join("");
const numbersIn = (service: Service): number[] =>
  service.stored.flatMap(({ stream }) => {
    const symbols = symbolsOf(stream, 2);
    return upTo(symbols.length / 2).map((i) => 100 * symbols[2 * i]! + symbols[2 * i + 1]!);
  });

describe("signals", () => {
  test("SIGTERM: what was read is in the queue and sent; the exit is a success", async () => {
    const { service, config } = await world({ frame: { items: 1000, age: 3600 } });
    const child = spawnAgent(["run", "--config", config]);
    child.stdin!.write(lines(0, 3));
    await vi.waitFor(
      async () => expect((await askStatus(join(config, "..", "state")))?.source.waiting).toBe(3),
      PATIENT,
    );
    expect(await kill(child, "SIGTERM")).toBe(0);
    expect(numbersIn(service)).toEqual([0, 1, 2]);
    expect(child.said).toContain("stopped; 0 frames wait");
  });

  test("SIGHUP: the model is another; the rest is told to need a restart; a configuration that is wrong changes nothing", async () => {
    const { folder, service, tables, config } = await world({ frame: { items: 1, age: 3600 } });
    service.bundles.set(modelId(2), copier({ samples: 2, id: 2 }));
    const child = spawnAgent(["run", "--config", config]);
    child.stdin!.write(lines(0, 1));
    await vi.waitFor(() => expect(service.stored.length).toBe(1), PATIENT);
    writeFileSync(config, "device =");
    child.kill("SIGHUP");
    await vi.waitFor(() => expect(child.said).toContain("edge.toml:1:"), PATIENT);
    writeConfig(folder, { ...tables, model: { id: modelId(2) }, frame: { items: 5 } });
    child.kill("SIGHUP");
    await vi.waitFor(() => expect(child.said).toContain(`model ${modelId(2)} from now on`), PATIENT);
    expect(child.said).toContain("only [model] is read again");
    child.stdin!.end(lines(1, 2));
    await vi.waitFor(() => expect(service.stored.length).toBe(2), PATIENT);
    expect(service.stored.map(({ stream }) => stream[4])).toEqual([1, 2]);
    expect(numbersIn(service)).toEqual([0, 1]);
  });
});

test("a pipe that ends: all of it is stored, and the process ends by itself", async () => {
  const { service, config } = await world();
  const child = spawnAgent(["run", "--config", config]);
  child.stdin!.end(lines(0, 500));
  await vi.waitFor(() => expect(child.exitCode).toBe(0), PATIENT);
  expect(numbersIn(service)).toEqual(upTo(500));
});

test("a second agent of the same folder ends with a line; a configuration that is wrong does too", async () => {
  const { config } = await world();
  const first = spawnAgent(["run", "--config", config]);
  await vi.waitFor(() => expect(first.said).toContain("model "), PATIENT);
  const second = spawnAgent(["run", "--config", config]);
  await vi.waitFor(() => expect(second.exitCode).toBe(2), PATIENT);
  expect(second.said).toMatch(/^isthmus-edge: another agent uses [^\n]+\n$/);
});

test("killed again and again while it reads, encodes and sends: every window of the file is stored once", async () => {
  const frames = { frame: { items: 3, age: 0.01 }, queue: { bytes: 65_536, when_full: "stop" } };
  const { folder, service, config } = await world({
    source: { kind: "file", path: "readings.csv", header: false, poll: 0.01 },
    ...frames,
  });
  const path = join(folder, "readings.csv");
  writeFileSync(path, "");
  service.fault = (request) => (["cut after", undefined, "cut before", undefined, undefined] as const)[request % 5];
  let written = 0;
  for (let round = 0; round < 5; round++) {
    const child = spawnAgent(["run", "--config", config]);
    const before = service.stored.length;
    for (let more = 0; service.stored.length < before + 5 + 3 * round; more++) {
      appendFileSync(path, lines(written, ++written));
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (more > 3000) throw new Error(`nothing is stored any more:\n${child.said}`);
    }
    await kill(child);
  }
  const child = spawnAgent(["run", "--config", config]);
  // There may be nothing left for it to do.
  await vi.waitFor(() => expect(child.said).toContain("model "), PATIENT);
  await vi.waitFor(() => expect(new Set(numbersIn(service)).size).toBe(written), PATIENT);
  expect(await kill(child, "SIGTERM")).toBe(0);
  expect(numbersIn(service).toSorted((a, b) => a - b)).toEqual(upTo(written));
  expect(new Set(service.stored.map(({ sequence }) => sequence)).size).toBe(service.stored.length);
}, 180_000);
