// Short runs of what `npm run chaos` does at length.
import { describe, expect, it } from "vitest";
import { chaosOptions } from "../chaos/options.ts";
import { runChaos } from "../chaos/run.ts";
import { has } from "../lib/probe.mjs";

const { mosquitto, postgresql } = has() as Record<string, boolean>;
const small = ["--agents", "4", "--frames", "400", "--seconds", "30"];

// Both at once: most of a run is waiting for who was killed.
describe.concurrent.each([
  { store: "postgresql", services: 2, there: mosquitto && postgresql },
  { store: "sqlite", services: 1, there: mosquitto },
])("with everyone killed and started again, frames on $store", ({ store, services, there }) => {
  it.runIf(there)("are stored once, as they were encoded", { timeout: 900_000 }, async () => {
    const told: string[] = [];
    const results = await runChaos(chaosOptions([...small, "--store", store]), (line) => told.push(line));
    expect(results.problems, told.join("\n")).toEqual([]);
    expect([results.pairs, results.served]).toEqual([400, 400]);
    const died = Object.keys(results.deaths);
    expect(died.filter((name) => name.startsWith("device"))).toHaveLength(4);
    expect(died.filter((name) => name.startsWith("service"))).toHaveLength(services);
    expect(died).toContain("broker");
    expect(results.damaged + results.doubled).toBeGreaterThan(0);
  });
});
