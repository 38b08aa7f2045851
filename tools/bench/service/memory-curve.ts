import { COLOURS, element, label, line } from "../report/svg.ts";
import type { Memory } from "./results.ts";

const HEIGHT = 130;
const HEADING = 34;
const FOOT = 24;

interface Place {
  readonly left: number;
  readonly right: number;
  readonly top: number;
}

/** What was resident over the minutes, from 0 MiB up; nothing where the system does not tell. */
export function memoryCurve(
  { residentMiB, everySeconds, minutes }: Memory,
  { left, right, top }: Place,
): { readonly height: number; readonly parts: readonly string[] } {
  if (residentMiB.length === 0) return { height: 0, parts: [] };
  const most = 50 * Math.ceil(Math.max(...residentMiB) / 50);
  const base = top + HEADING + HEIGHT;
  const x = (minute: number): number => left + (minute / minutes) * (right - left);
  const y = (mebibytes: number): number => base - (mebibytes / most) * HEIGHT;
  const points = residentMiB.map((one, i) => `${x(((i + 1) * everySeconds) / 60).toFixed(1)},${y(one).toFixed(1)}`);
  const levels = [0, most / 2, most].flatMap((one) => [
    line(left, y(one), right, y(one), { "stroke-opacity": 0.4 }),
    label(left - 10, y(one) + 4, String(one), { "text-anchor": "end", "font-size": 12 }),
  ]);
  const ends = [0, minutes / 2, minutes].map((one) =>
    label(x(one), base + 18, String(one), { "text-anchor": "middle", "font-size": 12 }),
  );
  const curve = { points: points.join(" "), fill: "none", stroke: COLOURS[0]!, "stroke-width": 2 };
  const heading = label(12, top + 14, "memory under load, MiB, over the minutes", { "font-weight": 600 });
  return { height: HEADING + HEIGHT + FOOT, parts: [heading, ...levels, ...ends, element("polyline", curve)] };
}
