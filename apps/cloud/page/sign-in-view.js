import { html } from "./dom.js";
import { signIn } from "./session.js";

/**
 * @param {{ refused: string | undefined, done: () => void }} options `refused`: why the token before this was not taken
 * @returns {import("./main.js").View}
 */
export function signInView({ refused, done }) {
  const field = html("input", {
    ...{ id: "token", name: "token", type: "password", required: true, autocomplete: "current-password" },
    ...{ spellcheck: "false", autocapitalize: "off", "aria-describedby": "token-help" },
    ...(refused === undefined ? {} : { "aria-invalid": "true", "aria-errormessage": "token-refused" }),
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    signIn(field.value.trim());
    done();
  };
  const form = html(
    "form",
    { id: "sign-in", class: "card", submit },
    html("label", { for: "token" }, "Token"),
    field,
    refused !== undefined && html("p", { id: "token-refused", class: "refused", role: "alert" }, refused),
    html(
      "p",
      { id: "token-help", class: "muted" },
      "A reader's token lets you look, an operator's upload models as well. Whoever runs the service makes one:",
    ),
    html("pre", {}, "isthmus-cloud token --role reader --name you"),
    html("button", { type: "submit", class: "primary" }, "Sign in"),
    html("p", { class: "muted" }, "It is forgotten when this tab is closed."),
  );
  const heading = html("h1", {}, "Sign in");
  const lead = html("p", { class: "lead" }, "See what devices sent to this service, decoded.");
  return { title: "Sign in", content: [html("div", { class: "narrow" }, heading, lead, form)] };
}
