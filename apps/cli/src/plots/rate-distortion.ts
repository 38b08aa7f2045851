import { UsageError } from "@isthmus/command-line/node";
import type { Model } from "@isthmus/graph";
import { dataConvention } from "@isthmus/train";
import { basename } from "node:path";
import { modelConfig } from "../model-files.ts";
import { historyOf, planeOf } from "./history.ts";
import type { ChartPicture } from "./picture.ts";

/**
 * Where each model stands between rate, KL(q(z|x) || p(z)), and distortion, -log p(x|z), on the test data, and the way
 * there: a point an epoch (Alemi et al. 2018). Their sum is the negative ELBO.
 */
export async function rateDistortion(models: readonly { path: string; model: Model }[]): Promise<ChartPicture> {
  const { lineChart } = await import("@isthmus/plot");
  const conventions = new Set(models.map(({ model }) => dataConvention(modelConfig(model), model.data)));
  if (conventions.size > 1) {
    throw new UsageError(`these models do not compare, their data conventions differ: ${[...conventions].join("; ")}`);
  }
  const series = models.map(({ path, model }, colour) => {
    const points = requirePlane(path, model);
    const labels = points.map((_, index) => (index === points.length - 1 ? `epoch ${points.length}` : ""));
    return { name: basename(path, ".safetensors"), points, pointLabels: labels, colour };
  });
  const svg = lineChart({
    title: "Rate and distortion by epoch",
    subtitle: `test data; ${[...conventions][0]}; lower left is better`,
    x: { name: "rate: KL(q(z|x) || p(z)), nats per example" },
    y: { name: "distortion: -log p(x|z), nats per example" },
    series,
  });
  return {
    kind: "chart",
    svg,
    alt: `rate against distortion, epoch by epoch, of ${series.map(({ name }) => name).join(", ")}`,
  };
}

function requirePlane(path: string, model: Model): ReturnType<typeof planeOf> {
  const points = planeOf(historyOf(model, path));
  if (points.length > 0) return points;
  throw new UsageError(`${path} is of kind "${model.kind}", which has no KL and so no rate`);
}
