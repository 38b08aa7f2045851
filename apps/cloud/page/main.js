/** Which view the address asks for, and what is shown while it is on its way. */
import { Refusal } from "./api.js";
import { deviceView } from "./device-view.js";
import { devicesView } from "./devices-view.js";
import { byId, html } from "./dom.js";
import { modelsView } from "./models-view.js";
import { refusalView } from "./refusal-view.js";
import { holder, signOut, token } from "./session.js";
import { signInView } from "./sign-in-view.js";

/** @typedef {{ title: string, content: readonly Node[] }} View */

let current = new AbortController();

window.addEventListener("hashchange", () => void show(true));
void show(false);

/** @param {boolean} moved whether the reader asked for another page, so that its heading is to be read out */
async function show(moved) {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const main = byId("main");
  const slow = setTimeout(() => main.replaceChildren(html("p", { class: "waiting" }, "Asking the service …")), 300);
  main.setAttribute("aria-busy", "true");
  const view = await viewOf(signal).finally(() => clearTimeout(slow));
  if (signal.aborted) return;
  main.replaceChildren(...view.content);
  main.removeAttribute("aria-busy");
  document.title = `${view.title} – Isthmus`;
  showWho();
  showPlace();
  if (moved) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  byId("status").textContent = view.title;
}

/** @param {AbortSignal} signal @returns {Promise<View>} */
async function viewOf(signal) {
  try {
    return await route(signal);
  } catch (error) {
    if (signal.aborted) return { title: "", content: [] };
    if (error instanceof Refusal && error.status === 401) {
      const refused = token() === undefined ? undefined : error.message;
      signOut();
      return signInView({ refused, done: () => void show(true) });
    }
    if (error instanceof Refusal) return refusalView(error, () => void show(false));
    throw error;
  }
}

/** @param {AbortSignal} signal @returns {Promise<View>} */
function route(signal) {
  const [path = "", search] = location.hash.replace(/^#\/?/, "").split("?");
  const query = new URLSearchParams(search);
  const [place, name] = path.split("/");
  if (place === "devices" && name) return deviceView(decoded(name), query, signal);
  if (place === "models") return modelsView(query.get("upload") ?? undefined, signal, () => void show(false));
  return devicesView(query.get("after") ?? undefined, signal);
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function showWho() {
  const { role, name } = holder();
  const leave = html(
    "button",
    {
      ...{ type: "button", class: "plain" },
      click: () => {
        signOut();
        location.hash = "#/";
        void show(true);
      },
    },
    "Sign out",
  );
  byId("who").replaceChildren(
    ...(token() ? [html("span", {}, `${name ?? "a token"} (${role ?? "unknown"})`), leave] : []),
  );
}

function showPlace() {
  const navigation = byId("navigation");
  navigation.hidden = document.querySelector("#sign-in") !== null;
  const inModels = location.hash.startsWith("#/models");
  for (const link of navigation.querySelectorAll("a")) {
    const here = link.hash.startsWith("#/models") === inModels;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
