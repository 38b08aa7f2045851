/** What the frames of one model decode to, shown as what it is. */
import { codeBars, lineChart } from "./chart.js";
import { html } from "./dom.js";
import { bytes, count, counted, dateTime } from "./format.js";
import { numbersTable } from "./numbers-table.js";
import { picture } from "./picture.js";

/** @typedef {import("./api.js").Frame} Frame */
/** @typedef {import("./api.js").Model} Model */
/** @typedef {import("./api.js").Item} Item */

/** Charts of an array's items at once. */
const MOST_CHARTS = 24;

/** @param {Model} model @param {readonly Frame[]} frames that have items @returns {Node[]} */
export function itemsOf(model, frames) {
  if (model.data?.kind === "images") return [gallery(model, frames)];
  if (model.data?.kind === "table") return seriesOf(model.data.columns, frames);
  return arraysOf(frames);
}

/** @param {number} microseconds */
export function frameTime(microseconds) {
  if (microseconds === 0) return html("span", {}, "no time");
  const milliseconds = microseconds / 1000;
  return html("time", { datetime: new Date(milliseconds).toISOString() }, dateTime(milliseconds));
}

/** @param {Model} model @param {readonly Frame[]} frames */
function gallery({ shape: usual }, frames) {
  const figures = frames.flatMap((frame) =>
    (frame.items ?? []).map((item, i, all) => {
      // A picture that was sent in tiles has a size of its own.
      const [height = 1, width = 1, channels = 1] = item.shape ?? usual;
      const name = `Picture ${all.length > 1 ? `${i + 1} of ` : ""}frame ${frame.sequence}`;
      return html(
        "li",
        {},
        html(
          "figure",
          { class: "picture" },
          picture(/** @type {number[]} */ (item.values), { height, width, channels }, name),
          html("figcaption", {}, frameTime(frame.time), html("span", {}, sizeWords(frame, all.length))),
          codeOf(item),
        ),
      );
    }),
  );
  const isLarge = [usual, ...frames.flatMap(({ items = [] }) => items.map(({ shape }) => shape ?? usual))].some(
    ([, width = 1]) => width > 96,
  );
  return html("ul", { class: "gallery", "data-size": isLarge ? "large" : "small" }, ...figures);
}

/** @param {Frame} frame @param {number} items */
function sizeWords({ bytes: stored, rawBytes }, items) {
  return items === 1 ? `${bytes(stored)} for ${bytes(rawBytes)}` : `${bytes(stored)} for ${counted(items, "picture")}`;
}

/** Of a lossless stream there is none. @param {Item} item */
function codeOf({ code }) {
  if (code.length === 0) return false;
  const numbers = html("p", { class: "code" }, code.join(" "));
  return html("details", {}, html("summary", {}, `Code: ${counted(code.length, "integer")}`), codeBars(code), numbers);
}

/**
 * Each column as one chart over all samples that are shown.
 *
 * @param {readonly string[]} columns
 * @param {readonly Frame[]} frames
 */
function seriesOf(columns, frames) {
  const all = frames.flatMap(({ items = [] }) => items);
  const rows = all.flatMap(({ values }) => rowsOf(values, columns.length));
  const charts = columns.map((name, column) =>
    columnOf(
      name,
      rows.map((row) => row[column]),
    ),
  );
  return [
    html("div", { class: "charts" }, ...charts),
    numbersTable(`Numbers of ${counted(rows.length, "row")}`, columns, rows),
    ...codesOf(all),
  ];
}

/** @param {readonly (number | string)[]} values @param {number} width */
function rowsOf(values, width) {
  return Array.from({ length: Math.floor(values.length / width) }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  );
}

/** @param {string} name @param {readonly (number | string | undefined)[]} values */
function columnOf(name, values) {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length > 0) return lineChart(name, numbers);
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const value of values) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  const words = [...counts].map(([value, times]) => html("li", {}, `${value}: ${count(times)}`));
  return html(
    "figure",
    { class: "chart" },
    html("figcaption", {}, html("b", {}, name)),
    html("ul", { class: "counts" }, ...words),
  );
}

/** Of items without names for their numbers: each is a line by itself. @param {readonly Frame[]} frames */
function arraysOf(frames) {
  const all = frames.flatMap((frame) =>
    (frame.items ?? []).map((item, i) => ({
      item,
      name: `Frame ${frame.sequence}${i === 0 ? "" : `, item ${i + 1}`}`,
    })),
  );
  const longest = all.reduce((most, { item }) => Math.max(most, item.values.length), 0);
  const names = Array.from({ length: longest }, (_, i) => String(i + 1));
  const shown = all.slice(0, MOST_CHARTS);
  const rest = all.length - shown.length;
  return [
    html(
      "div",
      { class: "charts" },
      ...shown.map(({ item, name }) => lineChart(name, /** @type {number[]} */ (item.values))),
    ),
    rest > 0 && html("p", { class: "muted" }, `Of ${counted(rest, "further item")} the numbers are below.`),
    numbersTable(
      `Numbers of ${counted(all.length, "item")}`,
      names,
      all.map(({ item }) => item.values),
    ),
    ...codesOf(all.map(({ item }) => item)),
  ].filter((node) => node !== false);
}

/** @param {readonly Item[]} items */
function codesOf(items) {
  const width = items.reduce((most, { code }) => Math.max(most, code.length), 0);
  const names = Array.from({ length: width }, (_, i) => `z${i + 1}`);
  if (width === 0) return [];
  const table = numbersTable(
    `Codes of ${counted(items.length, "item")}`,
    names,
    items.map(({ code }) => code),
  );
  return [table];
}
