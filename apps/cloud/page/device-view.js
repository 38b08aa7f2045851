import { device, items } from "./api.js";
import { html } from "./dom.js";
import { ago, bytes, counted, dateTime, ratio, saving } from "./format.js";
import { frameTime, itemsOf } from "./items-view.js";
import { rangeForm, rangeOf } from "./time-range.js";

const PAGE = 24;

/** @typedef {import("./api.js").Frame} Frame */
/** @typedef {import("./api.js").FrameList} FrameList */

/** @param {string} id @param {URLSearchParams} query @param {AbortSignal} signal @returns {Promise<import("./main.js").View>} */
export async function deviceView(id, query, signal) {
  const found = await device(id, signal);
  const range = rangeOf(query, found);
  const list = await items(id, { ...range, after: query.get("after") ?? undefined, limit: PAGE }, signal);
  return {
    title: found.device,
    content: [
      html("p", { class: "crumbs" }, html("a", { href: "#/" }, "All devices")),
      html("h1", {}, found.device),
      summaryOf(found),
      found.to > 0 && rangeForm(found, range),
      html("h2", {}, "What it sent"),
      ...framesOf(list),
      pagesOf(query, list),
    ].filter((node) => node !== false),
  };
}

/** @param {import("./api.js").Device} device */
function summaryOf(device) {
  const { bytes: stored, rawBytes, lastReceived, lastSequence, frames, items: many, model, from, to } = device;
  const clock =
    to > 0 ? [frameTime(from), " to ", frameTime(to)] : ["It sends no times: it has no clock, or does not trust it."];
  /** @type {readonly (readonly [string, readonly import("./dom.js").Child[]])[]} */
  const entries = [
    ["Saved", [`${saving(stored, rawBytes)}: ${bytes(stored)} for ${bytes(rawBytes)}, ${ratio(stored, rawBytes)}`]],
    ["Sent", [`${counted(many, "item")} in ${counted(frames, "frame")}, the last numbered ${lastSequence}`]],
    [
      "Last seen",
      [
        html(
          "time",
          { datetime: new Date(lastReceived).toISOString() },
          `${ago(lastReceived)}, ${dateTime(lastReceived)}`,
        ),
      ],
    ],
    ["Its clock", clock],
    ["Model", [html("code", {}, model)]],
  ];
  return html(
    "dl",
    { class: "card facts" },
    ...entries.map(([name, words]) => html("div", {}, html("dt", {}, name), html("dd", {}, ...words))),
  );
}

/** @param {FrameList} list @returns {Node[]} */
function framesOf({ frames, models }) {
  if (frames.length === 0)
    return [html("p", { class: "notice" }, "Nothing in this range. “Everything” begins with the first frame.")];
  return runsOf(frames).map((run) => {
    const [first] = run;
    const model = models[first.model];
    return html(
      "section",
      { class: "run" },
      html(
        "p",
        { class: "muted" },
        `${counted(run.length, "frame")}, from `,
        frameTime(first.time),
        " on, by ",
        html("code", {}, first.model),
      ),
      ...(first.items && model ? itemsOf(model, run) : [problemOf(first)]),
    );
  });
}

/** Frames one after the other that are shown together. @param {readonly Frame[]} frames */
function runsOf(frames) {
  /** @type {[Frame, ...Frame[]][]} */
  const runs = [];
  for (const frame of frames) {
    const run = runs.at(-1);
    if (run && run[0].model === frame.model && Boolean(run[0].items) === Boolean(frame.items)) run.push(frame);
    else runs.push([frame]);
  }
  return runs;
}

/** Why frames are not shown, and what helps. @param {Frame} frame */
function problemOf({ problem, model }) {
  const unknown = problem?.type?.endsWith(":unknown-model");
  const words = problem?.detail ?? problem?.title ?? "The service did not say what these frames hold.";
  return html(
    "div",
    { class: "notice" },
    html("p", {}, words),
    unknown &&
      html(
        "p",
        {},
        html("a", { href: `#/models?upload=${encodeURIComponent(model)}` }, "Upload this model"),
        " (operators).",
      ),
  );
}

/** @param {URLSearchParams} query @param {FrameList} list */
function pagesOf(query, { next }) {
  const place = location.hash.split("?")[0];
  const first = new URLSearchParams(query);
  first.delete("after");
  const following = new URLSearchParams(query);
  if (next !== undefined) following.set("after", next);
  return html(
    "nav",
    { class: "actions", "aria-label": "Pages of frames" },
    query.has("after") && html("a", { class: "button", href: `${place}?${first}` }, "First page"),
    next !== undefined && html("a", { class: "button", href: `${place}?${following}` }, "Next page"),
  );
}
