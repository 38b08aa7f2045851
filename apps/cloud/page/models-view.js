import { models, Refusal, uploadModel } from "./api.js";
import { html } from "./dom.js";
import { modelIdOf } from "./model-id.js";
import { holder, token } from "./session.js";

/** @typedef {import("./api.js").Model} Model */

/**
 * @param {string | undefined} wanted the id of a model that frames wait for
 * @param {AbortSignal} signal
 * @param {() => void} changed
 * @returns {Promise<import("./main.js").View>}
 */
export async function modelsView(wanted, signal, changed) {
  const { models: known } = await models(signal);
  const isOperator = token() === undefined || holder().role === "operator";
  return {
    title: "Models",
    content: [
      html("h1", {}, "Models"),
      html(
        "p",
        { class: "lead" },
        "A frame is decoded by the model that it was encoded with. Devices keep frames of a model that is not here, and send them again when it is.",
      ),
      known.length === 0 ? html("p", { class: "notice" }, "No model is here yet.") : tableOf(known),
      isOperator
        ? uploadForm(wanted, signal, changed)
        : html("p", { class: "muted" }, "Operators can upload models here."),
    ],
  };
}

/** @param {readonly Model[]} known */
function tableOf(known) {
  const head = html("tr", {}, ...["Model", "Kind", "An item is"].map((name) => html("th", { scope: "col" }, name)));
  const rows = known.map((model) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, html("code", {}, model.id)),
      html("td", { "data-name": "Kind" }, model.kind),
      html("td", { "data-name": "An item is" }, itemWords(model)),
    ),
  );
  return html(
    "table",
    {},
    html("caption", { class: "hidden" }, "Models that this service has"),
    html("thead", {}, head),
    html("tbody", {}, ...rows),
  );
}

/** @param {Model} model */
function itemWords({ shape, data }) {
  if (data?.kind === "images") return `a picture of ${shape[1]} × ${shape[0]}${shape[2] === 3 ? " in colour" : ""}`;
  if (data?.kind === "table")
    return `${(shape[0] ?? 1) > 1 ? `${shape[0]} rows of ` : "a row of "}${data.columns.join(", ")}`;
  return `an array of ${shape.join(" × ")}`;
}

/** @param {string | undefined} wanted @param {AbortSignal} signal @param {() => void} changed */
function uploadForm(wanted, signal, changed) {
  const file = html("input", { id: "model-file", type: "file", accept: ".safetensors", required: true });
  const id = html("input", {
    ...{ id: "model-id", required: true, pattern: "[0-9a-f]{16}", spellcheck: "false", autocomplete: "off" },
    ...{ value: wanted, "aria-describedby": "model-help" },
  });
  const said = html("p", { role: "status", class: "said" });
  const button = html("button", { type: "submit", class: "primary" }, "Upload");
  file.addEventListener("change", () => void suggest(file, id, said));
  const upload = async (/** @type {File} */ chosen) => {
    button.disabled = true;
    said.textContent = `Uploading ${chosen.name} …`;
    try {
      await uploadModel(id.value, chosen, signal);
      changed();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      said.textContent = `${chosen.name} was refused: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  };
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const [chosen] = file.files ?? [];
    if (chosen) void upload(chosen);
  };
  return html(
    "form",
    { class: "card", submit, "aria-labelledby": "upload" },
    html("h2", { id: "upload" }, "Upload a model"),
    wanted !== undefined && html("p", {}, "Frames wait for model ", html("code", {}, wanted), "."),
    html("label", { for: "model-file" }, "File (.safetensors)"),
    file,
    html("label", { for: "model-id" }, "Id"),
    id,
    html(
      "p",
      { id: "model-help", class: "muted" },
      "16 digits 0-9 a-f; filled in from the file, or printed by “isthmus inspect”. The service makes sure that they belong together.",
    ),
    html("p", { class: "actions" }, button),
    said,
  );
}

/** @param {HTMLInputElement} file @param {HTMLInputElement} id @param {HTMLElement} said */
async function suggest(file, id, said) {
  const [chosen] = file.files ?? [];
  const found = chosen && (await modelIdOf(chosen));
  if (found) id.value = found;
  said.textContent = found || !chosen ? "" : `${chosen.name} does not say its id; the service may know why.`;
}
