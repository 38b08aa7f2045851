import { logScale } from "../report/log-scale.ts";
import { shown } from "../report/shown.ts";
import { COLOURS, drawing, element, label, line } from "../report/svg.ts";
import { memoryCurve } from "./memory-curve.ts";
import { TITLE } from "./page.ts";
import type { ServiceResults, Throughput } from "./results.ts";

const WIDTH = 900;
const LEFT = 230;
const RIGHT = 120;
const TOP = 64;
const ROW = 20;
const GAP = 8;

/** What everyone reached, grouped by work: medians as dots, quartiles as bars, on a logarithmic axis; below it memory over time. */
export function chart({ throughput, memory }: ServiceResults): string {
  const values = throughput.flatMap(({ perSecond }) => [perSecond.q1, perSecond.q3]);
  const { at, ticks } = logScale(values, LEFT, WIDTH - LEFT - RIGHT);
  const parts: string[] = [];
  let y = TOP;
  for (const work of new Set(throughput.map((one) => one.work))) {
    const rows = throughput.filter((one) => one.work === work);
    parts.push(label(12, y + ROW / 2, work, { "font-weight": 600 }));
    rows.forEach((one, i) => parts.push(...drawRow(one, at, y + (i + 1.5) * ROW)));
    y += (rows.length + 1) * ROW + GAP;
  }
  const heading = [
    label(12, 24, `${TITLE}: frames or items a second`, { "font-size": 16, "font-weight": 600 }),
    label(12, 44, "median and quartiles; logarithmic axis; more is better"),
  ];
  const axis = ticks.flatMap((tick) => [
    line(at(tick), TOP - 6, at(tick), y, { "stroke-opacity": 0.4 }),
    label(at(tick), y + 18, tick.toLocaleString("en"), { "text-anchor": "middle", "font-size": 12 }),
  ]);
  const curve = memoryCurve(memory, { left: LEFT, right: WIDTH - RIGHT, top: y + 34 });
  return drawing(WIDTH, y + 34 + curve.height, TITLE, [...heading, ...axis, ...parts, ...curve.parts]);
}

function drawRow({ who, connections, perSecond }: Throughput, at: (value: number) => number, y: number): string[] {
  const colour = COLOURS[["service", "echo", "onnxruntime"].indexOf(who)]!;
  const strong = who === "service" ? { "font-weight": 600 } : {};
  const name = connections === null ? who : `${who}, ${connections} connection${connections === 1 ? "" : "s"}`;
  return [
    label(LEFT - 10, y + 4, name, { "text-anchor": "end", "font-size": 12, ...strong }),
    line(at(perSecond.q1), y, at(perSecond.q3), y, { stroke: colour, "stroke-width": 5, "stroke-opacity": 0.45 }),
    element("circle", { cx: at(perSecond.median), cy: y, r: 5, fill: colour }),
    label(at(perSecond.q3) + 10, y + 4, shown(perSecond.median), { "font-size": 12, ...strong }),
  ];
}
