import type { CaseTimes, ContestantResult, Results } from "../results.ts";
import { caseName, sameCase, type Suite } from "../suite.ts";
import { logScale } from "./log-scale.ts";
import { shown } from "./shown.ts";
import { COLOURS, drawing, element, INK, label, line } from "./svg.ts";

/** Of the axis, and what stands to the right of it. */
const AXIS = 570;
const RIGHT = 100;
/** Of a bold letter of the names on the left, in the widest of the usual fonts. */
const LETTER = 7.5;
const TOP = 84;
const ROW = 22;
const GAP = 8;

interface Row {
  readonly contestant: ContestantResult;
  readonly colour: string;
  /** In the suite's unit, in the order of the numbers. */
  readonly low: number;
  readonly median: number;
  readonly high: number;
}

/** What everyone reached, grouped by case: medians as dots, quartiles as bars, on a logarithmic axis. */
export function chart(suite: Suite, results: Results): string {
  const groups = groupsOf(suite, results);
  const unit = suite.unit.name;
  const left = 24 + LETTER * Math.max(...results.contestants.map(({ label: name }) => name.length));
  const values = groups.flatMap(({ rows }) => rows.flatMap(({ low, high }) => [low, high]));
  const { at, ticks } = logScale(values, left, AXIS);
  const parts: string[] = [];
  let y = TOP;
  for (const { title, rows } of groups) {
    parts.push(label(12, y + ROW / 2, title, { "font-weight": 600 }));
    rows.forEach((row, i) => parts.push(...drawRow(row, unit, left, at, y + (i + 1.5) * ROW)));
    y += (rows.length + 1) * ROW + GAP;
  }
  const bottom = y - GAP / 2;
  const heading = [
    label(12, 24, `${suite.title}, ${unit}`, { "font-size": 16, "font-weight": 600 }),
    label(12, 44, `median and quartiles; logarithmic axis; ${suite.unit.better} is better`),
  ];
  return drawing(left + AXIS + RIGHT, bottom + 34, suite.title, [
    ...heading,
    ...axis(ticks, unit, at, bottom),
    ...parts,
  ]);
}

function groupsOf({ unit }: Suite, { cases, contestants }: Results): { title: string; rows: Row[] }[] {
  return cases.map((one) => ({
    title: caseName(one),
    rows: contestants.flatMap((contestant, i) => {
      const times = contestant.times.find((each) => sameCase(each, one));
      return times ? [rowOf(contestant, COLOURS[i % COLOURS.length]!, times, (ms) => unit.of(one, ms))] : [];
    }),
  }));
}

function rowOf(contestant: ContestantResult, colour: string, times: CaseTimes, of: (ms: number) => number): Row {
  const [low, high] = [of(times.q1), of(times.q3)].toSorted((a, b) => a - b);
  return { contestant, colour, low: low!, median: of(times.median), high: high! };
}

function drawRow(row: Row, unit: string, left: number, at: (value: number) => number, y: number): string[] {
  const { contestant, colour, low, median, high } = row;
  const strong = contestant.side === "ours" ? { "font-weight": 600 } : {};
  return [
    label(left - 10, y + 4, contestant.label, { "text-anchor": "end", "font-size": 12, ...strong }),
    line(at(low), y, at(high), y, { stroke: colour, "stroke-width": 5, "stroke-opacity": 0.45 }),
    element("circle", { cx: at(median), cy: y, r: 5, fill: colour }),
    label(at(high) + 10, y + 4, `${shown(median)} ${unit}`, { "font-size": 12, fill: INK, ...strong }),
  ];
}

/** Its numbers stand above and below, as a long chart shows one end at a time. */
function axis(ticks: readonly number[], unit: string, at: (value: number) => number, bottom: number): string[] {
  return ticks.flatMap((tick) => {
    const words = `${Number(tick.toPrecision(3))} ${unit}`;
    const number = (y: number) => label(at(tick), y, words, { "text-anchor": "middle", "font-size": 12 });
    return [
      line(at(tick), TOP - 6, at(tick), bottom, { "stroke-opacity": 0.4 }),
      number(TOP - 14),
      number(bottom + 18),
    ];
  });
}
