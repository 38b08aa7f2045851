import { asWritten, readableJson } from "../report/json.ts";
import { loadAverage, machine } from "../report/machine.ts";
import { revision } from "../report/revision.ts";
import { writeResults } from "../report/write.ts";
import { openBench } from "./bench.ts";
import { chart } from "./chart.ts";
import { measureMemory } from "./memory.ts";
import { HELP, type ServiceOptions, serviceOptions } from "./options.ts";
import { measureOverload } from "./overload.ts";
import { page, summary } from "./page.ts";
import type { ServiceResults } from "./results.ts";
import { measureThroughput } from "./throughput.ts";
import { verdictsOf } from "./verdicts.ts";

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

/** `npm run bench -- --suite service`. */
export async function serviceCommand(args: readonly string[]): Promise<void> {
  const options = serviceOptions(args);
  const { help, json, out } = options;
  if (help) return void process.stdout.write(HELP);
  const results = await serviceResults(options);
  process.stdout.write(json ? `${JSON.stringify(results)}\n` : `${summary(results)}\n`);
  if (results.verdicts.some(({ verdict }) => verdict === "MISSED")) process.exitCode = 1;
  if (out === undefined) return tell("nothing was written: not the default run, and no --out");
  const shown = asWritten(results);
  await writeResults(out, {
    "bench-service.json": readableJson(shown),
    "bench-service.md": page(shown),
    "bench-service.svg": chart(shown),
  });
  tell(`written to ${out}: bench-service.json, .md and .svg`);
}

async function serviceResults({ rounds, seconds, minutes, command }: ServiceOptions): Promise<ServiceResults> {
  const before = loadAverage();
  tell("training a decoder and starting the service ...");
  const bench = await openBench();
  try {
    const throughput = await measureThroughput(bench, { rounds, seconds, tell });
    const overload = await measureOverload(bench, { seconds: 4 * seconds, tell });
    const memory = await measureMemory(bench, { minutes, tell });
    return {
      benchmark: "service",
      command,
      date: new Date().toISOString(),
      revision: await revision(),
      machine: machine(),
      loadAverage: { before, after: loadAverage() },
      streamBytes: bench.streamBytes,
      ...{ rounds, seconds, throughput, overload, memory },
      verdicts: verdictsOf(overload, memory),
    };
  } finally {
    await bench.close();
  }
}
