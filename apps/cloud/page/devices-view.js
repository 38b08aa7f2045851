import { devices } from "./api.js";
import { html } from "./dom.js";
import { ago, bytes, count, dateTime, ratio, saving } from "./format.js";

const PAGE = 50;

/** @typedef {import("./api.js").Device} Device */

/** @param {string | undefined} after @param {AbortSignal} signal @returns {Promise<import("./main.js").View>} */
export async function devicesView(after, signal) {
  const list = await devices({ after, limit: PAGE }, signal);
  const heading = html("h1", {}, "Devices");
  if (list.totals.devices === 0) return { title: "Devices", content: [heading, ...noDevices()] };
  return {
    title: "Devices",
    content: [heading, totalsOf(list.totals), tableOf(list.devices), pagesOf(after, list.next)],
  };
}

/** What to do first. */
function noDevices() {
  return [
    html("p", { class: "lead" }, "No device has sent anything yet."),
    html(
      "section",
      { class: "card", "aria-labelledby": "first" },
      html("h2", { id: "first" }, "How to send something"),
      html(
        "ol",
        { class: "steps" },
        html(
          "li",
          {},
          "Give the service the model that the device encodes with, ",
          html("a", { href: "#/models" }, "on this page"),
          " or in its folder of models.",
        ),
        html(
          "li",
          {},
          "Make a token for the device:",
          html("pre", {}, "isthmus-cloud token --role device --name pump-7"),
        ),
        html(
          "li",
          {},
          "Start the agent where the samples are:",
          html("pre", {}, "isthmus-edge init\nisthmus-edge run --config edge.toml"),
        ),
      ),
    ),
  ];
}

/** @param {import("./api.js").Totals} totals */
function totalsOf({ devices: many, frames, items, bytes: stored, rawBytes }) {
  return html(
    "dl",
    { class: "figures", "aria-label": "All devices together" },
    ...figure("Saved", saving(stored, rawBytes), ratio(stored, rawBytes)),
    ...figure("Stored", bytes(stored), `for ${bytes(rawBytes)} of samples`),
    ...figure("Items", count(items), `in ${count(frames)} frames`),
    ...figure("Devices", count(many), "have sent something"),
  );
}

/** @param {string} name @param {string} value @param {string} words */
function figure(name, value, words) {
  return [
    html("div", {}, html("dt", {}, name), html("dd", { class: "large" }, value), html("dd", { class: "muted" }, words)),
  ];
}

/** @param {readonly Device[]} list */
function tableOf(list) {
  const heads = ["Device", "Last seen", "Frames", "Items", "Stored", "Raw", "Saved", "Model"];
  const head = html(
    "tr",
    {},
    ...heads.map((name, i) => html("th", { scope: "col", class: i > 1 && i < 7 && "number" }, name)),
  );
  return html(
    "table",
    { class: "devices" },
    html("caption", { class: "hidden" }, "Devices, by name"),
    html("thead", {}, head),
    html("tbody", {}, ...list.map(rowOf)),
  );
}

/** @param {Device} device */
function rowOf({ device, lastReceived, frames, items, bytes: stored, rawBytes, model }) {
  const link = html("a", { href: `#/devices/${encodeURIComponent(device)}` }, device);
  const seen = html(
    "time",
    { datetime: new Date(lastReceived).toISOString(), title: dateTime(lastReceived) },
    ago(lastReceived),
  );
  /** @type {readonly (readonly [string, string])[]} */
  const numbers = [
    ["Frames", count(frames)],
    ["Items", count(items)],
    ["Stored", bytes(stored)],
    ["Raw", bytes(rawBytes)],
    ["Saved", saving(stored, rawBytes)],
  ];
  return html(
    "tr",
    {},
    html("th", { scope: "row" }, link),
    html("td", { "data-name": "Last seen" }, seen),
    ...numbers.map(([name, value]) => html("td", { class: "number", "data-name": name }, value)),
    html("td", { "data-name": "Model" }, html("code", {}, model)),
  );
}

/** @param {string | undefined} after @param {string | undefined} next */
function pagesOf(after, next) {
  return html(
    "nav",
    { class: "actions", "aria-label": "Pages of devices" },
    after !== undefined && html("a", { class: "button", href: "#/" }, "First page"),
    next !== undefined &&
      html("a", { class: "button", href: `#/?${new URLSearchParams({ after: next })}` }, "Next page"),
  );
}
