import { type Machine, machineLine } from "../bench/report/machine.ts";
import { markdownTable } from "../bench/report/markdown.ts";
import { type revision, revisionLine } from "../bench/report/revision.ts";
import { type FuzzedService, MOST_SERVICE_GROWN_KIB, statusText } from "./service.ts";

export interface ServiceFuzzResults extends FuzzedService {
  readonly date: string;
  readonly revision: Awaited<ReturnType<typeof revision>>;
  readonly machine: Machine;
  readonly loadAverage: { readonly before: number; readonly after: number };
}

export function servicePage(results: ServiceFuzzResults): string {
  const { tallies, cases, answers, seconds, memoryKiB, problems, date, machine, loadAverage } = results;
  const number = (value: number): string => Math.round(value).toLocaleString("en");
  const grown = memoryKiB.most - memoryKiB.before;
  const sections = [
    "# Hostile requests",
    `${number(cases)} connections with requests that no good client sends, to the decoder service as a process of its own: ${number(answers)} answers, ` +
      `${problems.length === 0 ? "each of them right, or a problem document (RFC 9457) below 500 or of 503" : "not all of them as they must be"}. The requests are drawn from seeds over the routes of the service's own OpenAPI document, with models of every kind behind them. ` +
      "Made by `npm run fuzz -- --only service`; figures in [fuzz-service.json](fuzz-service.json); the kinds are in `apps/cloud/test/support/hostile/`.",
    [
      `- ${date.slice(0, 10)}, ${revisionLine(results.revision)}`,
      `- ${machineLine(machine)}`,
      `- load average ${loadAverage.before.toFixed(2)} before and ${loadAverage.after.toFixed(2)} after; ${number(seconds)} s, eight connections at once`,
    ].join("\n"),
    markdownTable(
      ["what", "line", "measured", ""],
      [
        [
          "answers of 500 and above that are not 503, answers in another form, answers that end early, connections without the answers due, connections that stay open when their clients have ended",
          "none",
          String(problems.length),
          problems.length === 0 ? "PASS" : "MISSED",
        ],
        [
          "KiB by which the service and the process that decodes grew at most",
          `at most ${number(MOST_SERVICE_GROWN_KIB)}`,
          number(grown),
          grown <= MOST_SERVICE_GROWN_KIB ? "PASS" : "MISSED",
        ],
      ],
    ),
    `Together they took ${number(memoryKiB.before)} KiB before, ${number(memoryKiB.most)} at most, ${number(memoryKiB.after)} after.`,
    problems.length === 0 ? "" : `## Problems\n\n${problems.map((problem) => `- ${problem}`).join("\n")}`,
    "## What was answered",
    "`none` is a connection that was closed without an answer, where what was sent is no HTTP.",
    markdownTable(
      ["requests", "connections", "answers by status"],
      tallies.map(({ name, cases: count, statuses }) => [name, number(count), statusText(statuses)]),
    ),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}
