import { dataConvention } from "@isthmus/train";
import type { LineSeries, Point } from "@isthmus/plot";
import { modelConfig } from "../model-files.ts";
import { courseOf, historyOf, planeOf } from "./history.ts";
import type { ChartPicture } from "./picture.ts";
import type { Subject } from "./subject.ts";

/** Loss by epoch and, of a model with a KL term, its two terms and one against the other: in nats per example. */
export async function curves({ model, path }: Pick<Subject, "model" | "path">): Promise<ChartPicture> {
  const { figure, lineChart } = await import("@isthmus/plot");
  const history = historyOf(model, path);
  const subtitle = `nats per example; ${dataConvention(modelConfig(model), model.data)}`;
  const axes = { x: { name: "epoch", whole: true }, y: { name: "nats per example" } };
  const bound = courseOf(history, "test", "negElbo").length > 0;
  const test = bound ? "negElbo" : "reconstruction";
  const losses = both(courseOf(history, "train", "loss"), courseOf(history, "test", test));
  const words = `train: loss; test: ${bound ? "negative ELBO" : "-log p(x|z)"}`;
  const alt = `Loss by epoch, ${history.length} epochs; ${words}`;
  const points = planeOf(history);
  if (points.length === 0) {
    const title = "Loss by epoch";
    return {
      kind: "chart",
      svg: lineChart({ title, subtitle: `${subtitle}; ${words}`, ...axes, series: losses }),
      alt,
    };
  }
  const size = { width: 500, height: 380 };
  const term = (title: string, metric: string) => {
    const series = both(courseOf(history, "train", metric), courseOf(history, "test", metric));
    return lineChart({ title, ...axes, series, ...size });
  };
  const plane = { x: { name: "rate: KL, nats" }, y: { name: "distortion: -log p(x|z), nats" } };
  const panels = [
    lineChart({ title: "Loss", ...axes, series: losses, ...size, subtitle: words }),
    lineChart({
      title: "Distortion against rate",
      subtitle: "test, a point an epoch",
      ...plane,
      series: both([], points),
      ...size,
    }),
    term("Distortion: -log p(x|z)", "reconstruction"),
    term("Rate: KL(q(z|x) || p(z))", "kl"),
  ];
  const svg = figure({ title: "Training by epoch", subtitle, panels, columns: 2 });
  return { kind: "chart", svg, alt: `${alt}, with distortion and rate apart` };
}

/** Train dashed, test solid: what is compared between models is the test. */
function both(train: readonly Point[], test: readonly Point[]): LineSeries[] {
  const series: LineSeries[] = [
    { name: "train", points: train, line: "dashed", colour: 1 },
    { name: "test", points: test, colour: 0 },
  ];
  return series.filter(({ points }) => points.length > 0);
}
