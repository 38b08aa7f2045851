import type { Dataset } from "@isthmus/data";
import { loadMnistSplits } from "@isthmus/data/node";
import { vae } from "@isthmus/models";
import { dataConvention, type EpochRecord, fit, type Metrics, type StepEvent } from "@isthmus/train";
import { createWasmEngine } from "@isthmus/wasm";
import { loadAverage, type Machine, machine } from "../bench/report/machine.ts";
import { type Revision, revision } from "../bench/report/revision.ts";
import { expected } from "../lib/process.mjs";
import type { VaeMnistOptions } from "./vae-mnist-options.ts";

export interface VaeMnistResults {
  readonly reproduction: "vae-mnist";
  readonly protocol: Readonly<Record<string, string | number>>;
  readonly published: typeof PUBLISHED;
  readonly passLine: typeof PASS_LINE;
  /** Whether every seed ended inside the pass line; `null` when the epochs are not the published runs'. */
  readonly passed: boolean | null;
  readonly date: string;
  readonly revision: Revision | null;
  readonly machine: Machine;
  readonly loadAverage: { readonly before: number; readonly after: number };
  readonly engine: { readonly name: string; readonly build: string };
  readonly data: { readonly train: DataFacts; readonly test: DataFacts };
  readonly runs: readonly VaeMnistRun[];
}

export interface VaeMnistRun {
  readonly seed: number;
  readonly steps: number;
  /** Training and evaluation, wall clock. */
  readonly seconds: number;
  /** After the last epoch: nats per example, but `squaredError`, which is summed over pixels in [0, 1]. */
  readonly test: Metrics;
  readonly curve: readonly EpochRecord[];
}

export interface DataFacts {
  readonly items: number;
  readonly sha256: string | null;
  /** Of all pixels, in [0, 1]. */
  readonly mean: number;
  readonly note: string | null;
}

/** Negative ELBO on the test images after 10 epochs, as logged by runs of PyTorch's example `vae`. */
export const PUBLISHED = {
  epochs: 10,
  negElbo: [105.5585, 105.589],
  source: "logs of PyTorch's example `vae` (784-400-20, Adam 1e-3, batch 128) in two public repositories",
} as const;

export const PASS_LINE = { from: 105.3, to: 106 } as const;

const BATCH_SIZE = 128;
const LEARNING_RATE = 1e-3;

/** @throws an expected error without MNIST, and what `fit` throws */
export async function runVaeMnist(options: VaeMnistOptions, tell: (line: string) => void): Promise<VaeMnistResults> {
  const { train, test } = await loadMnistSplits(options.dataDir === undefined ? {} : { dataDir: options.dataDir });
  requireMnist(train);
  const before = loadAverage();
  const runs: VaeMnistRun[] = [];
  for (const seed of options.seeds) runs.push(await runSeed(seed, options.epochs, { train, test }, tell));
  return {
    reproduction: "vae-mnist",
    protocol: protocol(options.epochs),
    published: PUBLISHED,
    passLine: PASS_LINE,
    passed: options.epochs === PUBLISHED.epochs ? runs.every(isInside) : null,
    date: new Date().toISOString(),
    revision: await revision(),
    machine: machine(),
    loadAverage: { before, after: loadAverage() },
    engine: ENGINE,
    data: { train: dataFacts(train), test: dataFacts(test) },
    runs,
  };
}

const ENGINE = { name: "wasm", build: "simd128" } as const;

function protocol(epochs: number): VaeMnistResults["protocol"] {
  const { config } = vae();
  return {
    network: `784-${config.trunk.hidden.join("-")}-${config.latent}, ReLU`,
    likelihood: config.likelihood.kind,
    data: dataConvention(config),
    optimiser: "Adam",
    learningRate: LEARNING_RATE,
    batchSize: BATCH_SIZE,
    epochs,
    evaluation: "negElbo = reconstruction + kl, one drawn z per test image, mean over the images, nats",
  };
}

/** @throws an expected error for anything but the real digits */
export function requireMnist({ name, provenance }: Pick<Dataset, "name" | "provenance">): void {
  if (name === "mnist") return;
  const why = provenance.note ? ` (${provenance.note})` : "";
  throw expected(`this needs MNIST, and only ${name} could be had${why}; name its folder with --data-dir`);
}

async function runSeed(
  seed: number,
  epochs: number,
  data: { readonly train: Dataset; readonly test: Dataset },
  tell: (line: string) => void,
): Promise<VaeMnistRun> {
  const engine = await createWasmEngine({ build: ENGINE.build });
  try {
    const { history, test, steps, seconds } = await fit(vae(), data, {
      engine,
      seed,
      epochs,
      batchSize: BATCH_SIZE,
      learningRate: LEARNING_RATE,
      onProgress: (event) => tellStep(seed, event, tell),
      onEpoch: ({ epoch, test: metrics }) =>
        tell(`seed ${seed}, epoch ${epoch}: test ${metrics!["negElbo"]!.toFixed(2)}`),
    });
    return { seed, steps, seconds, test: test!, curve: history };
  } finally {
    engine.dispose();
  }
}

function tellStep(
  seed: number,
  { step, steps, epoch, loss, etaSeconds }: StepEvent,
  tell: (line: string) => void,
): void {
  if (step % 100 !== 0) return;
  tell(
    `seed ${seed}, epoch ${epoch}, step ${step} of ${steps}: loss ${loss.toFixed(1)}, ${etaSeconds.toFixed(0)} s left`,
  );
}

function isInside({ test }: VaeMnistRun): boolean {
  const negElbo = test["negElbo"]!;
  return negElbo >= PASS_LINE.from && negElbo <= PASS_LINE.to;
}

function dataFacts({ items, values, scale, provenance }: Dataset): DataFacts {
  let sum = 0;
  let ones = 0;
  for (const value of values) {
    sum += value;
    if (value === 1) ones++;
  }
  const notes = provenance.note ? [provenance.note] : [];
  // The published files hold the value 1 in about 0.05 % of the pixels.
  if (ones === 0) notes.push("the pixel value 1 is stored as 0");
  const note = notes.length > 0 ? notes.join("; ") : null;
  return { items, sha256: provenance.sha256 ?? null, mean: (sum * scale) / values.length, note };
}
