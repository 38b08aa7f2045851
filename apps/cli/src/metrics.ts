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
  noisySquaredError: { words: "squared error of the noisy input", unit: "per example" },
  noisyPsnr: { words: "PSNR of the noisy input", unit: "dB" },
  meanActivation: { words: "mean activation of the code", unit: "" },
  hoyerSparsity: { words: "sparsity of the code (Hoyer)", unit: "from 0 to 1" },
  squaredJacobianNorm: { words: "||dz/dx||^2", unit: "per example" },
};

/** Metrics as aligned lines, with the convention under which the likelihoods hold. */
export function metricLines(metrics: Readonly<Record<string, number>>, convention: string): string[] {
  const known = Object.entries(metrics).map(([name, value]) => ({
    ...(labels[name] ?? { words: name, unit: "" }),
    value: value.toFixed(3),
  }));
  const width = Math.max(...known.map(({ words }) => words.length));
  const lines = known.map(({ words, value, unit }) => `${words.padEnd(width)}  ${value} ${unit}`.trimEnd());
  return [...lines, `data convention: ${convention}`];
}
