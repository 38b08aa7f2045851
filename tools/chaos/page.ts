import { machineLine } from "../bench/report/machine.ts";
import { markdownTable } from "../bench/report/markdown.ts";
import { revisionLine } from "../bench/report/revision.ts";
import type { ChaosResults } from "./run.ts";

/** A run as a page. */
export function chaosPage(results: ChaosResults): string {
  const { date, machine, loadAverage, seed, store, agents, frames, seconds, problems, counted } = results;
  const services = store === "postgresql" ? "two services on one PostgreSQL" : "one service on SQLite";
  return `${[
    "# Nothing lost",
    `${agents} real agents (half by HTTP, half by MQTT 5 through Mosquitto) and ${services}. All connections go through proxies that cut, delay and slow them down; a relay that knows HTTP and one that knows MQTT flip bits within parcels on their way ` +
      "to the service and send bodies twice. Agents, broker, services and database are killed by SIGKILL and started again on a schedule drawn from the seed. What each device measures is a function of its number and the row's, so what must be stored is known to the byte. " +
      "Made by `npm run chaos`; figures in [chaos.json](chaos.json).",
    [
      `- ${date.slice(0, 10)}, ${revisionLine(results.revision)}`,
      `- ${machineLine(machine)}`,
      `- load average ${loadAverage.before.toFixed(2)} before and ${loadAverage.after.toFixed(2)} after`,
      `- seed ${seed}; sensors wrote for ${seconds} s, and all was stored after ${results.secondsToStored.toFixed(0)} s`,
    ].join("\n"),
    markdownTable(
      ["", "times"],
      [
        ["frames that were encoded", count(frames)],
        ["(device, sequence) pairs in the database", count(results.pairs)],
        ["frames that the service gave back, decoded to the integers that were encoded", count(results.served)],
        ...Object.entries(deathsByKind(results.deaths)).map(([kind, times]) => [`kills: ${kind}`, count(times)]),
        ["connections that were cut", count(results.cuts)],
        ["parcels that were damaged in flight", count(results.damaged)],
        ["parcels that were doubled in flight", count(results.doubled)],
        ["starts of a service that ended before it served, and were tried again", count(results.failedStarts)],
      ],
    ),
    `Decoded values differ from those of \`isthmus decode\`, which has an engine of its own, by ${results.apart.toExponential(1)} of the greatest at the most.`,
    "What the services counted, by `/metrics` just before each death and at the end (what a process counted in its last moments dies with it):",
    markdownTable(
      ["counter", "value"],
      Object.entries(counted).map(([name, value]) => [`\`${name}\``, count(value)]),
    ),
    problems.length === 0
      ? "Every frame is stored once, as it was encoded."
      : `## Problems\n\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
  ].join("\n\n")}\n`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function deathsByKind(deaths: Readonly<Record<string, number>>): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const [name, times] of Object.entries(deaths)) {
    const kind = name.startsWith("device") ? "agents" : name === "network" ? "all connections at once" : name;
    kinds[kind] = (kinds[kind] ?? 0) + times;
  }
  return kinds;
}
