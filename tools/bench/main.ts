import { runGemmSuite } from "./gemm-suite.ts";
import { writeResults } from "./report/write.ts";
import { benchOptions, HELP } from "./options.ts";
import { runAsCommand } from "./report/command.ts";
import { readableJson } from "./report/json.ts";
import { trainChart } from "./train-chart.ts";
import { ratioTable, targetTable, timeTable, trainMarkdown } from "./train-markdown.ts";
import { runTrainSuite, type TrainResults } from "./train-suite.ts";

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

await runAsCommand(async (args) => {
  const options = benchOptions(args);
  if (options.help) return void process.stdout.write(HELP);
  if (options.suite === "gemm") return void (process.exitCode = await runGemmSuite(tell));
  const results = await runTrainSuite({ ...options, tell });
  process.stdout.write(options.json ? `${JSON.stringify(results)}\n` : `${summary(results)}\n`);
  if (options.out === undefined) return tell("nothing was written: not the default run, and no --out");
  await writeResults(options.out, {
    [`${results.file}.json`]: readableJson(results),
    [`${results.file}.md`]: trainMarkdown(results),
    [`${results.file}.svg`]: trainChart(results),
  });
  tell(`written to ${options.out}: ${results.file}.json, .md and .svg`);
});

function summary(results: TrainResults): string {
  return [
    `Milliseconds per step\n${timeTable(results)}`,
    `The peer's time divided by ours\n${ratioTable(results)}`,
    `Targets\n${targetTable(results)}`,
    ...results.absent.map(({ label, reason }) => `${label} is absent: ${reason}`),
  ].join("\n\n");
}
