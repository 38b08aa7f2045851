import { COLOURS, drawing, element, INK, label, line } from "./report/svg.ts";
import type { BatchTimes, ContestantResult, TrainResults } from "./train-suite.ts";

const WIDTH = 860;
const LEFT = 180;
const RIGHT = 90;
const TOP = 64;
const ROW = 24;
const GAP = 8;

interface Row {
  readonly contestant: ContestantResult;
  readonly colour: string;
  readonly times: BatchTimes;
}

/** Milliseconds per step of everyone, grouped by batch size: medians as dots, quartiles as bars, on a logarithmic axis. */
export function trainChart(results: TrainResults): string {
  const groups = groupsOf(results);
  const x = logScale(groups.flatMap(({ rows }) => rows.flatMap(({ times }) => [times.q1, times.q3])));
  const parts: string[] = [];
  let y = TOP;
  for (const { batch, rows } of groups) {
    parts.push(label(12, y + ROW / 2, `batch ${batch}`, { "font-weight": 600 }));
    rows.forEach((row, i) => parts.push(...drawRow(row, x.at, y + (i + 1.5) * ROW)));
    y += (rows.length + 1) * ROW + GAP;
  }
  const bottom = y - GAP / 2;
  const title = `Milliseconds per training step, ${results.title}, Adam`;
  const heading = [
    label(12, 24, title, { "font-size": 16, "font-weight": 600 }),
    label(12, 44, "median and quartiles; logarithmic axis; less is better"),
  ];
  return drawing(WIDTH, bottom + 34, title, [...heading, ...axis(x.ticks, x.at, bottom), ...parts]);
}

function groupsOf({ contestants }: TrainResults): { batch: number; rows: Row[] }[] {
  const sizes = [...new Set(contestants.flatMap(({ times }) => times.map(({ batch }) => batch)))];
  return sizes.map((batch) => ({
    batch,
    rows: contestants.flatMap((contestant, i) => {
      const times = contestant.times.find((one) => one.batch === batch);
      return times ? [{ contestant, colour: COLOURS[i % COLOURS.length]!, times }] : [];
    }),
  }));
}

function drawRow({ contestant, colour, times }: Row, at: (ms: number) => number, y: number): string[] {
  const strong = contestant.side === "ours" ? { "font-weight": 600 } : {};
  const { median, q1, q3 } = times;
  return [
    label(LEFT - 10, y + 4, contestant.label, { "text-anchor": "end", "font-size": 12, ...strong }),
    line(at(q1), y, at(q3), y, { stroke: colour, "stroke-width": 5, "stroke-opacity": 0.45 }),
    element("circle", { cx: at(median), cy: y, r: 5, fill: colour }),
    label(at(q3) + 10, y + 4, `${Number(median.toPrecision(3))} ms`, { "font-size": 12, fill: INK, ...strong }),
  ];
}

function axis(ticks: readonly number[], at: (ms: number) => number, bottom: number): string[] {
  return ticks.flatMap((tick) => [
    line(at(tick), TOP - 6, at(tick), bottom, { "stroke-opacity": 0.4 }),
    label(at(tick), bottom + 18, `${tick} ms`, { "text-anchor": "middle", "font-size": 12 }),
  ]);
}

/** From the power of ten below the least value to a little above the greatest. */
function logScale(values: readonly number[]): { at: (value: number) => number; ticks: number[] } {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.log10(Math.max(...values));
  const span = Math.max(high - low, 1);
  const at = (value: number): number => LEFT + ((Math.log10(value) - low) / span) * (WIDTH - LEFT - RIGHT);
  const ticks = Array.from({ length: Math.floor(span) + 1 }, (_, i) => 10 ** (low + i));
  return { at, ticks };
}
