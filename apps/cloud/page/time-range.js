/** Which part of a device's time is looked at. */
import { html } from "./dom.js";

/** How many frames the newest are, about: devices do not say how often they send. */
const NEWEST = 24;
/** @type {readonly (readonly [name: string, microseconds: number])[]} */
const SPANS = [
  ["Last hour", 3_600_000_000],
  ["Last day", 86_400_000_000],
];

/** @typedef {{ from?: number | undefined, to?: number | undefined }} Range microseconds since 1970; `to` is not within */

/**
 * What the address asks for; the newest frames, about, where it asks for nothing.
 *
 * @param {URLSearchParams} query
 * @param {import("./api.js").Device} device
 * @returns {Range}
 */
export function rangeOf(query, { from, to, frames }) {
  const [asked, end] = [microseconds(query.get("from")), microseconds(query.get("to"))];
  if (asked !== undefined || end !== undefined) return { from: asked, to: end };
  return frames > NEWEST && to > 0 ? { from: Math.floor(to - (to - from) * (NEWEST / frames)) } : {};
}

/** @param {string | null} text */
function microseconds(text) {
  const value = Number(text ?? Number.NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/**
 * @param {import("./api.js").Device} device
 * @param {Range} range
 */
export function rangeForm(device, range) {
  const place = `#/devices/${encodeURIComponent(device.device)}`;
  const from = timeField("from", range.from || device.from);
  const to = timeField("to", range.to);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    location.hash = `${place}?${new URLSearchParams([...chosen("from", from), ...chosen("to", to)])}`;
  };
  const asked = location.hash.replace(/^[^?]*/, "");
  const quick = SPANS.map(([name, span]) => /** @type {const} */ ([name, `?from=${Math.max(0, device.to - span)}`]));
  const links = [/** @type {const} */ (["Newest", ""]), ...quick, /** @type {const} */ (["Everything", "?from=0"])].map(
    ([name, search]) =>
      html("a", { class: "button", href: `${place}${search}`, "aria-current": search === asked && "true" }, name),
  );
  return html(
    "form",
    { class: "range-form", submit, "aria-label": "Time by the device's clock" },
    html("p", { class: "actions" }, ...links),
    html("label", {}, "From", from),
    html("label", {}, "To", to),
    html("button", { type: "submit" }, "Show"),
  );
}

/** @param {string} name @param {number | undefined} value */
function timeField(name, value) {
  return html("input", { type: "datetime-local", step: 1, name, value: value ? local(value) : "" });
}

/** As the field has it: the time zone of whoever looks. @param {number} value microseconds */
function local(value) {
  const date = new Date(value / 1000);
  return new Date(date.getTime() - 60_000 * date.getTimezoneOffset()).toISOString().slice(0, 19);
}

/** @param {string} name @param {HTMLInputElement} field @returns {[string, string][]} */
function chosen(name, field) {
  const time = new Date(field.value).getTime();
  return Number.isNaN(time) ? [] : [[name, String(1000 * time)]];
}
