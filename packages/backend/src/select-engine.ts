import { probeEnvironment } from "./environment.ts";
import { openers } from "./openers.ts";
import { checkedOptions, type SelectOptions } from "./options.ts";
import { Selecting } from "./selecting.ts";
import type { SelectedEngine } from "./selection.ts";

/**
 * Chooses an engine, makes it, and says why it is the one: `engine.selection`. Code of engines is loaded only to measure or
 * to take them. What cannot be had is a reason in the selection, not an exception.
 *
 * @throws TypeError, RangeError options that are none
 * @throws IsthmusError `BACKEND_UNAVAILABLE` where no engine is what is required; `details.candidates` has a reason for
 * each that there is. `BACKEND_OVERRIDE` where the environment names an engine that there is not
 * @throws the signal's reason
 */
export async function selectEngine(options: SelectOptions = {}): Promise<SelectedEngine> {
  return new Selecting(checkedOptions(options), { openers, probe: probeEnvironment, now: Date.now }).run();
}
