import { COLOURS, drawing, element, label, line } from "../bench/report/svg.ts";
import type { VaeMnistResults, VaeMnistRun } from "./vae-mnist-run.ts";

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 60;
const RIGHT = 30;
const TOP = 64;
const BOTTOM = 48;

interface Scales {
  readonly x: (epoch: number) => number;
  readonly y: (nats: number) => number;
  readonly epochs: number;
  readonly yTicks: readonly number[];
}

/** Test negative ELBO after each epoch, a line per seed, beside the published figures. */
export function vaeMnistChart(results: VaeMnistResults): string {
  const scales = scalesOf(results);
  const title = "Test negative ELBO of the 784-400-20 VAE on MNIST";
  const parts = [
    label(12, 24, title, { "font-size": 16, "font-weight": 600 }),
    label(12, 44, "nats per image, one drawn z each; real-valued pixels as Bernoulli; lower is better"),
    ...axes(scales),
    ...publishedLines(results, scales),
    ...results.runs.flatMap((run, i) => curve(run, COLOURS[(2 * i) % COLOURS.length]!, i, scales)),
  ];
  return drawing(WIDTH, HEIGHT, title, parts);
}

function scalesOf({ runs, published }: VaeMnistResults): Scales {
  const epochs = runs[0]!.curve.length;
  const values = [...runs.flatMap(testCurve), ...published.negElbo];
  const low = Math.floor(Math.min(...values) / 5) * 5;
  const high = Math.ceil(Math.max(...values) / 5) * 5;
  const x = (epoch: number): number => LEFT + ((epoch - 1) / Math.max(epochs - 1, 1)) * (WIDTH - LEFT - RIGHT);
  const y = (nats: number): number => TOP + ((high - nats) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  return { x, y, epochs, yTicks: Array.from({ length: (high - low) / 5 + 1 }, (_, i) => low + 5 * i) };
}

function testCurve({ curve: records }: VaeMnistRun): number[] {
  return records.map(({ test }) => test!["negElbo"]!);
}

function axes({ x, y, epochs, yTicks }: Scales): string[] {
  const rules = yTicks.flatMap((tick) => [
    line(LEFT, y(tick), WIDTH - RIGHT, y(tick), { "stroke-opacity": 0.4 }),
    label(LEFT - 8, y(tick) + 4, String(tick), { "text-anchor": "end", "font-size": 12 }),
  ]);
  const names = Array.from({ length: epochs }, (_, i) =>
    label(x(i + 1), HEIGHT - BOTTOM + 18, String(i + 1), { "text-anchor": "middle", "font-size": 12 }),
  );
  return [...rules, ...names, label((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "epoch", { "text-anchor": "middle" })];
}

function publishedLines({ published }: VaeMnistResults, { y }: Scales): string[] {
  const dashes = { stroke: "#52606d", "stroke-dasharray": "5 4" };
  const words = `published after ${published.epochs} epochs: ${published.negElbo.join(" and ")}`;
  return [
    ...published.negElbo.map((value) => line(LEFT, y(value), WIDTH - RIGHT, y(value), dashes)),
    label(LEFT + 8, y(Math.max(...published.negElbo)) - 8, words, { "font-size": 12 }),
  ];
}

function curve(run: VaeMnistRun, colour: string, row: number, { x, y }: Scales): string[] {
  const points = testCurve(run).map((value, i): [number, number] => [x(i + 1), y(value)]);
  const path = points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ");
  const at = TOP + 14 + 20 * row;
  const words = `seed ${run.seed}: ${run.test["negElbo"]!.toFixed(2)}`;
  return [
    element("polyline", { points: path, fill: "none", stroke: colour, "stroke-width": 2 }),
    ...points.map(([cx, cy]) => element("circle", { cx, cy, r: 3, fill: colour })),
    line(WIDTH - 190, at - 4, WIDTH - 160, at - 4, { stroke: colour, "stroke-width": 3 }),
    label(WIDTH - 150, at, words),
  ];
}
