import { runAsCommand } from "./report/command.ts";
import { asWritten, readableJson } from "./report/json.ts";
import { chart } from "./report/chart.ts";
import { page, summary } from "./report/page.ts";
import { writeResults } from "./report/write.ts";
import { benchOptions, HELP } from "./options.ts";
import { runSuite } from "./run-suite.ts";
import { serviceCommand } from "./service/command.ts";
import { namesServiceSuite } from "./service/options.ts";

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

await runAsCommand(async (args) => {
  if (namesServiceSuite(args)) return serviceCommand(args);
  const { suite, help, json, out, ...options } = benchOptions(args);
  if (help) return void process.stdout.write(HELP);
  const results = await runSuite(suite, { ...options, tell });
  process.stdout.write(json ? `${JSON.stringify(results)}\n` : `${summary(suite, results)}\n`);
  if (out === undefined) return tell("nothing was written: not the default run, and no --out");
  const name = `bench-${suite.name}`;
  const shown = asWritten(results);
  await writeResults(out, {
    [`${name}.json`]: readableJson(shown),
    [`${name}.md`]: page(suite, shown),
    [`${name}.svg`]: chart(suite, shown),
  });
  tell(`written to ${out}: ${name}.json, .md and .svg`);
});
