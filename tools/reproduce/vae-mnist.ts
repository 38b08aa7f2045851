import { runVaeMnist, type VaeMnistResults } from "./vae-mnist-run.ts";
import { readableJson } from "../bench/report/json.ts";
import { writeResults } from "../bench/report/write.ts";
import type { Reproduction } from "./main.ts";
import { vaeMnistChart } from "./vae-mnist-chart.ts";
import { resultTable, vaeMnistMarkdown } from "./vae-mnist-markdown.ts";
import { HELP, vaeMnistOptions } from "./vae-mnist-options.ts";

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

export const vaeMnist: Reproduction = {
  name: "vae-mnist",
  what: "the test ELBO of the 784-400-20 VAE on MNIST after 10 epochs, beside two published runs",
  run: async (args) => {
    const options = vaeMnistOptions(args);
    if (options.help) return void process.stdout.write(HELP);
    const results = await runVaeMnist(options, tell);
    process.stdout.write(`${resultTable(results)}\n`);
    if (results.passed === false) process.exitCode = 1;
    if (options.out === undefined) return tell("nothing was written: not the default run, and no --out");
    await writeResults(options.out, files(results));
    tell(`written to ${options.out}: vae-mnist.json, vae-mnist.md, vae-mnist.svg`);
  },
};

function files(results: VaeMnistResults): Record<string, string> {
  return {
    "vae-mnist.json": readableJson(results),
    "vae-mnist.md": vaeMnistMarkdown(results),
    "vae-mnist.svg": vaeMnistChart(results),
  };
}
