import { html } from "./dom.js";
import { counted, number } from "./format.js";

/** More than anybody reads, and than a page shows at once without getting slow. */
const MOST_ROWS = 500;
const MOST_COLUMNS = 128;

/**
 * Folded up, and made when it is opened.
 *
 * @param {string} title
 * @param {readonly string[]} columns
 * @param {readonly (readonly (number | string)[])[]} rows
 */
export function numbersTable(title, columns, rows) {
  const folded = html("details", { class: "numbers" }, html("summary", {}, title));
  folded.addEventListener("toggle", () => folded.append(...contentOf(title, columns, rows)), { once: true });
  return folded;
}

/** @param {string} title @param {readonly string[]} columns @param {readonly (readonly (number | string)[])[]} rows */
function contentOf(title, columns, rows) {
  const names = columns.slice(0, MOST_COLUMNS);
  const head = html(
    "tr",
    {},
    html("th", { scope: "col" }, "#"),
    ...names.map((name) => html("th", { scope: "col", class: "number" }, name)),
  );
  const body = rows
    .slice(0, MOST_ROWS)
    .map((row, i) => html("tr", {}, html("th", { scope: "row" }, i + 1), ...row.slice(0, MOST_COLUMNS).map(cellOf)));
  const table = html(
    "table",
    {},
    html("caption", { class: "hidden" }, title),
    html("thead", {}, head),
    html("tbody", {}, ...body),
  );
  const left = [
    ...(rows.length > MOST_ROWS ? [counted(rows.length - MOST_ROWS, "row")] : []),
    ...(columns.length > MOST_COLUMNS ? [counted(columns.length - MOST_COLUMNS, "column")] : []),
  ];
  const more =
    left.length > 0 && html("p", { class: "muted" }, `${left.join(" and ")} more: the API gives all of them.`);
  const scrolls = html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": title }, table);
  return more ? [scrolls, more] : [scrolls];
}

/** @param {number | string} value */
function cellOf(value) {
  return html("td", { class: "number" }, typeof value === "number" ? number(value) : value);
}
