import { machineLine } from "../bench/report/machine.ts";
import { markdownTable } from "../bench/report/markdown.ts";
import { revisionLine } from "../bench/report/revision.ts";
import type { DataFacts, VaeMnistResults } from "./vae-mnist-run.ts";

/** The results as a page. */
export function vaeMnistMarkdown(results: VaeMnistResults): string {
  const { protocol, published, passLine } = results;
  const sections = [
    "# The standard VAE on MNIST",
    `${protocol["network"]}; ${protocol["data"]}; Adam ${protocol["learningRate"]}, batch ${protocol["batchSize"]}, ` +
      `${protocol["epochs"]} epochs. Made by \`npm run reproduce vae-mnist\`; figures in [vae-mnist.json](vae-mnist.json).`,
    `The negative ELBO of the test images in nats per image, lower is better: ${protocol["evaluation"]}. ` +
      "An evaluation with z = mu comes out lower and is no ELBO.",
    resultTable(results),
    `Published: ${published.negElbo.join(" and ")} after ${published.epochs} epochs (${published.source}). ` +
      `Pass line: ${passLine.from} to ${passLine.to} for every seed; ${verdict(results)}.`,
    "![Test negative ELBO by epoch](vae-mnist.svg)",
    "## By epoch",
    curveTable(results),
    "## Circumstances",
    circumstances(results),
  ];
  return `${sections.join("\n\n")}\n`;
}

export function resultTable({ runs }: VaeMnistResults): string {
  const rows = runs.map(({ seed, test, curve, seconds }) => [
    String(seed),
    ...["negElbo", "reconstruction", "kl"].map((name) => test[name]!.toFixed(2)),
    curve.at(-1)!.train["loss"]!.toFixed(2),
    seconds.toFixed(0),
  ]);
  return markdownTable(["seed", "test negElbo", "reconstruction", "KL", "train, last epoch", "seconds"], rows);
}

function verdict({ passed }: VaeMnistResults): string {
  if (passed === null) return "other epochs than the published ones, so it does not apply";
  return passed ? "PASS" : "MISS";
}

/** The last epoch is the result; the way there shows whether it was typical. */
function curveTable({ runs }: VaeMnistResults): string {
  const rows = runs[0]!.curve.map(({ epoch }, i) => [
    String(epoch),
    ...runs.map(({ curve }) => curve[i]!.test!["negElbo"]!.toFixed(2)),
  ]);
  return markdownTable(["epoch", ...runs.map(({ seed }) => `seed ${seed}`)], rows);
}

function circumstances({ date, revision, machine, loadAverage, engine, data }: VaeMnistResults): string {
  return [
    `- ${date.slice(0, 10)}, ${revisionLine(revision)}`,
    `- engine ${engine.name}, build ${engine.build}`,
    `- ${machineLine(machine)}`,
    `- load average ${loadAverage.before.toFixed(2)} before and ${loadAverage.after.toFixed(2)} after: the seconds are those of a machine that others may have used`,
    `- training images: ${dataLine(data.train)}`,
    `- test images: ${dataLine(data.test)}`,
  ].join("\n");
}

function dataLine({ items, sha256, mean, note }: DataFacts): string {
  const kept = note === null ? "as published" : note;
  return `${items} of MNIST, mean pixel ${mean.toFixed(6)}, SHA-256 of the uncompressed file ${sha256}; ${kept}`;
}
