import { byId } from "./dom.ts";

/** Chromium's event before it offers to install a page. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>;
}

/** Shows a button where the browser would install the page. */
export function offerInstalling(): void {
  const button = byId("install");
  let prompt: InstallPrompt | undefined;
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    prompt = event as InstallPrompt;
    button.hidden = false;
  });
  button.addEventListener("click", () => void prompt?.prompt());
  addEventListener("appinstalled", () => (button.hidden = true));
}

/** Keeps the page for offline use, and tells when a newer one is ready. */
export async function keepOffline(): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  const registration = await navigator.serviceWorker.register("service-worker.js");
  const offer = () => {
    // The first one is not news: nothing ran before it.
    if (registration.waiting && navigator.serviceWorker.controller) byId("update").hidden = false;
  };
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", offer));
  offer();
  byId("update-now").addEventListener("click", () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    registration.waiting?.postMessage("use-now");
  });
}
