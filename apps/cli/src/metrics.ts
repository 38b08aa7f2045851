const labels: Readonly<Record<string, string>> = {
  negElbo: "negative ELBO (z drawn from q)",
  reconstruction: "reconstruction, -log p(x|z)",
  kl: "KL(q(z|x) || p(z))",
  squaredError: "squared error",
};

/** Metrics as aligned lines, with the convention under which the likelihoods hold. */
export function metricLines(metrics: Readonly<Record<string, number>>, convention: string): string[] {
  const width = Math.max(...Object.values(labels).map((label) => label.length));
  const line = ([name, value]: [string, number]) => {
    const unit = name === "squaredError" ? "per example" : "nats per example";
    return `${(labels[name] ?? name).padEnd(width)}  ${value.toFixed(3)} ${unit}`;
  };
  return [...Object.entries(metrics).map(line), `data convention: ${convention}`];
}
