// usage: child.ts <cases of each kind> measure|coverage
// Tries hostile inputs, and writes lines of JSON: one about each kind, and one now and then that it still runs.
import { writeSync } from "node:fs";
import { startCoverage } from "./coverage.ts";
import type { Line } from "./lines.ts";

const [count, mode] = [Number(process.argv[2]), process.argv[3]];
const write = (line: Line): void => void writeSync(1, `${JSON.stringify(line)}\n`);

const takeCoverage = mode === "coverage" ? await startCoverage() : undefined;
const { kinds, series } = await import("./kinds.ts");
const { runCase } = await import("../../packages/codec/test/support/hostile-draws.ts");
const { measured } = await import("./measured.ts");

const all = [
  ...series.map((one) => ({
    name: one.name,
    cases: one.cases,
    run: (index: number) => one.run(index),
    expected: [],
    most: undefined,
  })),
  ...kinds.map((kind) => ({
    name: kind.name,
    cases: Math.ceil(count * (kind.share ?? 1)),
    run: (index: number) => runCase(kind, index),
    expected: kind.outcomes,
    most: kind.most,
  })),
];
// What is compiled and made once does not count as any case's.
for (const { run, cases } of all) for (let i = 0; i < Math.min(cases, 200); i++) run(i);
const before = process.resourceUsage().maxRSS;
for (const one of all) {
  write({ begins: one.name });
  write({ kind: measured(one, (index) => write({ at: index })) });
}
if (takeCoverage) write({ coverage: await takeCoverage() });
write({ grownKiB: process.resourceUsage().maxRSS - before });
