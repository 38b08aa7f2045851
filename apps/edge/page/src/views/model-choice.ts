import { byId, onFile } from "../dom.ts";
import type { ChosenBundle } from "../models.ts";

/** Where a person can take an encoder from. */
export interface ModelSources {
  readonly shipped: () => Promise<ChosenBundle>;
  readonly service: (id: string) => Promise<ChosenBundle>;
}

/** The settings' part that chooses an encoder. `use` rejects what is none. */
export function modelChoice(sources: ModelSources, use: (bundle: ChosenBundle) => Promise<void>): void {
  const state = byId("model-state");
  const take = async (bundle: Promise<ChosenBundle>) => {
    state.textContent = "Loading …";
    try {
      await use(await bundle);
      state.textContent = "In use from now on.";
    } catch (error) {
      state.textContent = `Not used: ${(error as Error).message}`;
    }
  };
  const fetchOne = () => {
    const id = byId<HTMLInputElement>("model-id").value.trim().toLowerCase();
    if (/^[0-9a-f]{16}$/.test(id)) void take(sources.service(id));
    else state.textContent = "A model's id is 16 hex digits.";
  };
  byId("model-shipped").addEventListener("click", () => void take(sources.shipped()));
  byId("model-fetch").addEventListener("click", fetchOne);
  byId("model-id").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    fetchOne();
  });
  onFile(byId<HTMLInputElement>("model-file"), (file) => void take(bundleFile(file)));
}

async function bundleFile(file: File): Promise<ChosenBundle> {
  return { bytes: new Uint8Array(await file.arrayBuffer()), from: `from the file ${file.name}` };
}
