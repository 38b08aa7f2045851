import { machineLine } from "../report/machine.ts";
import { markdownTable } from "../report/markdown.ts";
import { revisionLine } from "../report/revision.ts";
import { shown } from "../report/shown.ts";
import { type Summary, summarise, pairedRatios } from "../statistics.ts";
import type { Memory, Overload, ServiceResults, Throughput } from "./results.ts";

export const TITLE = "The service under load";

const INTRO =
  "Everything on one machine over loopback, the load made by a process of its own with sockets alone. The service keeps frames in SQLite on disk and answers when they are durable. " +
  "`echo` is a bare Fastify that reads the same bodies and answers with as many results; `onnxruntime` is a loop that runs the same decoder on one thread with nothing around it. " +
  "All are measured in turns, round by round.";

/** The results as a page. */
export function page(results: ServiceResults): string {
  return `${[
    `# ${TITLE}`,
    `${INTRO} Made by \`${results.command}\`; figures in [bench-service.json](bench-service.json).`,
    circumstances(results),
    `![${TITLE}](bench-service.svg)`,
    ...sections(results),
  ].join("\n\n")}\n`;
}

/** The results as text for a terminal. */
export function summary(results: ServiceResults): string {
  return [circumstances(results), ...sections(results)].join("\n\n");
}

function sections(results: ServiceResults): string[] {
  return [
    "## Lines",
    markdownTable(
      ["what", "line", "measured", ""],
      results.verdicts.map(({ what, line, measured, verdict }) => [what, line, measured, verdict]),
    ),
    "## Frames and items a second",
    "Medians of the rounds, in brackets the quartiles. Per core: for each second of processor time of the process, all its threads. Milliseconds are of one request. " +
      "Of the limit: the service's rate divided by the limit's, round by round.",
    throughputTable(results.throughput),
    "## Overload",
    "Requests come at a steady pace, whether or not those before were answered; milliseconds count from the time that a request was due. Capacity is what eight connections get that wait for their answers.",
    ...results.overload.map(overloadTable),
    "## Memory",
    memorySentence(results.memory),
  ];
}

function circumstances({ date, revision, machine, loadAverage, rounds, seconds, streamBytes }: ServiceResults): string {
  return [
    `- ${date.slice(0, 10)}, ${revisionLine(revision)}`,
    `- ${machineLine(machine)}`,
    `- load average ${loadAverage.before.toFixed(2)} before and ${loadAverage.after.toFixed(2)} after`,
    `- ${rounds} rounds of ${seconds} s each; a stream of one item has ${streamBytes.one} bytes, one of 32 items ${streamBytes.many}`,
  ].join("\n");
}

function throughputTable(all: readonly Throughput[]): string {
  const rows = all.map((one) => {
    const limit = limitOf(one, all);
    return [
      `${one.work}: ${one.who}`,
      one.connections === null ? "-" : String(one.connections),
      ...[one.perSecond, one.perCpuSecond, one.p50, one.p99].map(quartiles),
      limit ? quartiles(summarise(pairedRatios(one.samples, limit.samples))) : "",
      String(one.failed),
    ];
  });
  return markdownTable(
    ["", "connections", "per second", "per core", "p50, ms", "p99, ms", "of the limit", "not 200"],
    rows,
  );
}

function limitOf(one: Throughput, all: readonly Throughput[]): Throughput | undefined {
  if (one.who !== "service") return undefined;
  return all.find(
    ({ who, work, connections }) =>
      who !== "service" && work === one.work && (connections === null || connections === one.connections),
  );
}

function quartiles(summary: Summary | null): string {
  if (summary === null) return "-";
  return `${shown(summary.median)} (${shown(summary.q1)} to ${shown(summary.q3)})`;
}

function overloadTable({ work, capacity, phases }: Overload): string {
  const milliseconds = (value: number | null): string => (value === null ? "-" : shown(value));
  const rows = phases.map(({ name, asked, seconds, answers, latency, unsent }) => [
    name,
    shown(asked),
    shown((answers["200"] ?? 0) / seconds),
    shown((answers["429"] ?? 0) / seconds),
    ...[latency.p50, latency.p99, latency.most].map(milliseconds),
    String(unsent),
  ]);
  const header = ["", "asked, 1/s", "accepted, 1/s", "refused by 429, 1/s", "p50, ms", "p99, ms", "most, ms", "unsent"];
  return `${work}; capacity ${shown(capacity)} requests a second:\n\n${markdownTable(header, rows)}`;
}

function memorySentence({ minutes, early, late, slope, residentMiB, answers }: Memory): string {
  const count = Object.entries(answers).map(([status, times]) => `${times.toLocaleString("en")} of status ${status}`);
  const short = minutes < 10 ? " This is the short form; `--minutes 10` is the long one." : "";
  if (early === null || late === null || slope === null)
    return `The system does not tell what memory processes use.${short}`;
  return (
    `${minutes} minutes of both kinds of work in turns over eight connections, answers: ${count.join(", ")}. Resident memory, medians: ${shown(early)} MiB in the second quarter, ` +
    `${shown(late)} MiB in the last, ${slope.toFixed(2)} MiB a minute; at most ${shown(Math.max(...residentMiB))} MiB.${short}`
  );
}
