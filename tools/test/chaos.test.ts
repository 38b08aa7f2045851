import { describe, expect, it } from "vitest";
import { conduct, type Victim } from "../chaos/conductor.ts";
import { Draws } from "../chaos/draws.ts";
import { chaosOptions } from "../chaos/options.ts";
import { csvLines, row, samplesOf, WINDOW } from "../chaos/samples.ts";
import { schedule } from "../chaos/schedule.ts";

describe("the schedule", () => {
  const mortals = [
    { name: "broker", deaths: 5, down: [500, 4000] },
    { name: "device-01", deaths: 2, down: [100, 100] },
  ] as const;

  it("is the same of the same seed, in order, within the span, and nobody dies who is down", () => {
    const deaths = schedule(mortals, 60_000, new Draws(3, "deaths"));
    expect(schedule(mortals, 60_000, new Draws(3, "deaths"))).toEqual(deaths);
    expect(schedule(mortals, 60_000, new Draws(4, "deaths"))).not.toEqual(deaths);
    expect(deaths.map(({ at }) => at)).toEqual(deaths.map(({ at }) => at).toSorted((a, b) => a - b));
    for (const { name, deaths: times } of mortals) {
      const own = deaths.filter((death) => death.name === name);
      expect(own).toHaveLength(times);
      own.forEach(({ at, down }, i) => expect(at + down).toBeLessThanOrEqual(own[i + 1]?.at ?? 60_000));
    }
  });
});

describe("the conductor", () => {
  const victim = (name: string, log: string[], start = async () => {}): Victim => ({
    name,
    kill: async () => void log.push(`${name} down`),
    start: async () => {
      log.push(`${name} up`);
      await start();
    },
  });
  const deaths = [
    { name: "a", at: 0, down: 1 },
    { name: "b", at: 2, down: 5 },
    { name: "a", at: 10, down: 1 },
  ];

  it("kills and starts again as often as is scheduled", async () => {
    const log: string[] = [];
    const victims = ["a", "b", "c"].map((name) => victim(name, log));
    expect(await conduct(deaths, victims, () => {})).toEqual({ a: 2, b: 1 });
    expect(log.filter((line) => line.startsWith("a"))).toEqual(["a down", "a up", "a down", "a up"]);
    expect(log.filter((line) => line.startsWith("b"))).toEqual(["b down", "b up"]);
  });

  it("gives up when one does not come back", async () => {
    const log: string[] = [];
    const broken = victim("b", log, () => Promise.reject(new Error("no memory")));
    const late = [...deaths, { name: "a", at: 3_600_000, down: 1 }];
    await expect(conduct(late, [victim("a", log), broken], () => {})).rejects.toThrow("no memory");
  });
});

describe("what devices measure", () => {
  it("is a function of the device and the row, however it is cut up", () => {
    expect(csvLines(3, 0, 10)).toBe(csvLines(3, 0, 4) + csvLines(3, 4, 10));
    expect(row(3, 7)).toEqual(row(3, 7));
    expect(row(3, 7)).not.toEqual(row(4, 7));
    const lines = csvLines(5, WINDOW, 2 * WINDOW)
      .trimEnd()
      .split("\n");
    expect([...samplesOf(5, 1)]).toEqual(lines.flatMap((line) => line.split(",").map(Number)));
  });

  it("differs from window to window, so that a frame in another's place is noticed", () => {
    const windows = Array.from({ length: 500 }, (_, item) => String([...samplesOf(1, item)]));
    expect(new Set(windows).size).toBe(500);
  });
});

it("takes options, and publishes whole runs only", () => {
  expect(chaosOptions([])).toMatchObject({
    agents: 20,
    frames: 20_000,
    seed: 1,
    store: "postgresql",
    out: "docs/results",
  });
  expect(chaosOptions(["--frames", "200"]).out).toBeUndefined();
  expect(chaosOptions(["--store", "sqlite"]).out).toBeUndefined();
  expect(() => chaosOptions(["--frames", "7"])).toThrow("--frames expected a multiple of --agents 20, got 7");
  expect(() => chaosOptions(["--store", "oracle"])).toThrow(/--store expected one of postgresql, sqlite, got "oracle"/);
  expect(() => chaosOptions(["--agents", "0"])).toThrow(/--agents expected a whole number of at least 1, got "0"/);
});
