/** Small charts, drawn by code; colours come from the style sheet. */
import { html, svg } from "./dom.js";
import { count, number } from "./format.js";

const [WIDTH, HEIGHT] = [320, 96];
/** Room around a line, so that its ends and peaks are not cut. */
const EDGE = 4;
/** More points than the chart has pixels cannot be seen: beyond, each pixel has its least and greatest. */
const COLUMNS = WIDTH;

/**
 * One quantity over the samples of a page.
 *
 * @param {string} name
 * @param {readonly number[]} values at least one, finite
 */
export function lineChart(name, values) {
  const [low, high] = extent(values);
  const label = `${name}: ${count(values.length)} values from ${number(low)} to ${number(high)}, the last ${number(values.at(-1) ?? 0)}`;
  const chart = svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, preserveAspectRatio: "none", class: "line" },
    svg("path", { d: pathOf(thinned(values), low, high), "vector-effect": "non-scaling-stroke" }),
  );
  const range = html(
    "span",
    { class: "range", "aria-hidden": "true" },
    html("span", {}, number(high)),
    html("span", {}, number(low)),
  );
  const caption = html(
    "figcaption",
    {},
    html("b", {}, name),
    html("span", { class: "muted" }, ` last ${number(values.at(-1) ?? 0)}`),
  );
  return html("figure", { class: "chart" }, caption, html("div", { class: "plot" }, chart, range));
}

/**
 * The integers of a code: bars up and down from the middle.
 *
 * @param {readonly number[]} code
 */
export function codeBars(code) {
  const most = code.reduce((top, value) => Math.max(top, Math.abs(value)), 1);
  const half = 12;
  const bars = code.map((value, i) => {
    const height = (Math.abs(value) / most) * half;
    return `M${i + 0.1} ${half}h.8v${value < 0 ? height : -height}h-.8z`;
  });
  const [low, high] = code.length === 0 ? [0, 0] : extent(code);
  const label = `${count(code.length)} integers from ${low} to ${high}`;
  const options = { role: "img", "aria-label": label, preserveAspectRatio: "none", class: "bars" };
  return svg(
    "svg",
    { viewBox: `0 0 ${Math.max(1, code.length)} ${2 * half}`, ...options },
    svg("path", { d: bars.join("") }),
  );
}

/** @param {readonly number[]} values @returns {[low: number, high: number]} */
function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/**
 * Points from 0 to 1 and their values; of many, the extremes of each pixel.
 *
 * @param {readonly number[]} values
 * @returns {(readonly [x: number, value: number])[]}
 */
function thinned(values) {
  const last = Math.max(1, values.length - 1);
  if (values.length <= 2 * COLUMNS) return values.map((value, i) => [i / last, value]);
  return Array.from({ length: COLUMNS }, (_, column) => {
    const from = Math.floor((column * values.length) / COLUMNS);
    const part = values.slice(from, Math.floor(((column + 1) * values.length) / COLUMNS));
    return extent(part).map((value) => /** @type {const} */ ([column / (COLUMNS - 1), value]));
  }).flat();
}

/** @param {(readonly [number, number])[]} points @param {number} low @param {number} high */
function pathOf(points, low, high) {
  const scale = high > low ? (HEIGHT - 2 * EDGE) / (high - low) : 0;
  const middle = scale === 0 ? HEIGHT / 2 : HEIGHT - EDGE;
  const at = points.map(([x, value]) => {
    return `${(EDGE + x * (WIDTH - 2 * EDGE)).toFixed(1)} ${(middle - (value - low) * scale).toFixed(1)}`;
  });
  return at.length === 1 ? `M${EDGE} ${HEIGHT / 2}H${WIDTH - EDGE}` : `M${at.join("L")}`;
}
