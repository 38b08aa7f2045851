interface Label {
  readonly words: string;
  readonly unit: string;
}

const NATS = "nats per example";

const labels: Readonly<Record<string, Label>> = {
  negElbo: { words: "negative ELBO (z drawn from q)", unit: NATS },
  reconstruction: { words: "reconstruction, -log p(x|z)", unit: NATS },
  negBound: { words: "negative importance-weighted bound", unit: NATS },
  kl: { words: "KL(q(z|x) || p(z))", unit: NATS },
  squaredError: { words: "squared error", unit: "per example" },
  psnr: { words: "PSNR", unit: "dB" },
  objective: { words: "bits + lambda squared error", unit: "per example" },
  rate: { words: "rate by the learned prior", unit: "bits per example" },
  noisySquaredError: { words: "squared error of the noisy input", unit: "per example" },
  noisyPsnr: { words: "PSNR of the noisy input", unit: "dB" },
  meanActivation: { words: "mean activation of the code", unit: "" },
  hoyerSparsity: { words: "sparsity of the code (Hoyer)", unit: "from 0 to 1" },
  squaredJacobianNorm: { words: "||dz/dx||^2", unit: "per example" },
};

/** A metric in words, with its unit. */
export function metricWords(name: string): Label {
  const streams = /^psnrFirst(\d+)$/.exec(name)?.[1];
  if (streams === "1") return { words: "PSNR of the first stream", unit: "dB" };
  if (streams !== undefined) return { words: `PSNR of the first ${streams} streams`, unit: "dB" };
  return labels[name] ?? { words: name, unit: "" };
}

/** Metrics with what makes up a bound first; a model file has them by the alphabet. */
export function inOrder(metrics: Readonly<Record<string, number>>): [name: string, value: number][] {
  const names = Object.keys(labels);
  const place = (name: string): number => (names.includes(name) ? names.indexOf(name) : names.length);
  return Object.entries(metrics).toSorted(([one], [other]) => place(one) - place(other));
}

/** Metrics as aligned lines, with the convention under which the likelihoods hold. */
export function metricLines(metrics: Readonly<Record<string, number>>, convention: string): string[] {
  const known = Object.entries(metrics).map(([name, value]) => ({
    ...metricWords(name),
    value: value.toFixed(3),
  }));
  const width = Math.max(...known.map(({ words }) => words.length));
  const lines = known.map(({ words, value, unit }) => `${words.padEnd(width)}  ${value} ${unit}`.trimEnd());
  return [...lines, `data convention: ${convention}`];
}
