/** Which encoder the page works with: its own, one from a file, or one that a service gave. */
import { IsthmusError } from "@isthmus/math";
import { resultOf, transact } from "./outbox/database.ts";
import { fetchModel } from "./service/service.ts";
import type { Settings } from "./settings.ts";

export interface ChosenBundle {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it came from, for people. */
  readonly from: string;
}

const SHIPPED = "comes with this page";
const KEY = "chosen";

/** What was chosen last, kept for reloads and offline; else the page's own. */
export async function chosenBundle(): Promise<ChosenBundle> {
  const kept = await transact("bundles", "readonly", (store) => resultOf(store("bundles").get(KEY)));
  return (kept as ChosenBundle | undefined) ?? (await shippedBundle());
}

export async function shippedBundle(): Promise<ChosenBundle> {
  return { bytes: await ownFile("model/encoder.isthb"), from: SHIPPED };
}

/** For reloads; the page's own is not kept, it changes with the page. */
export async function keepBundle(bundle: ChosenBundle): Promise<void> {
  await transact("bundles", "readwrite", async (store) => {
    if (bundle.from === SHIPPED) await resultOf(store("bundles").delete(KEY));
    else await resultOf(store("bundles").put(bundle, KEY));
  });
}

/** The whole model of an id: the page's own is beside it, any other is asked of the service. */
export async function modelFile(model: string, settings: Settings): Promise<Uint8Array<ArrayBuffer>> {
  if (model === SHIPPED_MODEL) return ownFile(`model/${model}.safetensors`);
  if (settings.service !== "") return fetchModel(settings, model);
  throw new IsthmusError("NO_SERVICE", "this model's decoder is at a service: set its address in the settings");
}

async function ownFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(new URL(path, document.baseURI)).catch(() => undefined);
  if (response?.ok) return new Uint8Array(await response.arrayBuffer());
  throw new IsthmusError(
    "PAGE_FILE",
    `"${path}" cannot be fetched${navigator.onLine ? "" : " while this device is offline"}`,
  );
}
