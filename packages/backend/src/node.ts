import type { SelectOptions } from "./options.ts";
import { fileStore } from "./node/file-store.ts";
import { selectEngine as select } from "./select-engine.ts";
import type { SelectedEngine } from "./selection.ts";

export { cacheFolder, fileStore } from "./node/file-store.ts";

/** `selectEngine` of the root, which heeds the environment's `ISTHMUS_ENGINE` and keeps choices in the user's cache folder. */
export async function selectEngine(options: SelectOptions = {}): Promise<SelectedEngine> {
  return select({ override: process.env["ISTHMUS_ENGINE"] ?? "", store: fileStore(), ...options });
}
