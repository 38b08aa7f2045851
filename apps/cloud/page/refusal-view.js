import { html } from "./dom.js";

/**
 * Something that the service refused, in its own words, and what can be done.
 *
 * @param {import("./api.js").Refusal} refusal
 * @param {() => void} again
 * @returns {import("./main.js").View}
 */
export function refusalView(refusal, again) {
  const waits = refusal.retryAfter === undefined ? "" : ` It asks to be left alone for ${refusal.retryAfter} s.`;
  const heading = html("h1", {}, refusal.status === 404 ? "Not here" : refusal.title);
  const words = html("p", { class: "notice", role: "alert" }, refusal.message, waits);
  const retry = html("button", { type: "button", class: "primary", click: again }, "Try again");
  const home = html("a", { href: "#/", class: "button" }, "All devices");
  return { title: refusal.title, content: [heading, words, html("p", { class: "actions" }, retry, home)] };
}
