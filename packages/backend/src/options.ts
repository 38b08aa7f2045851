import { IsthmusError } from "@isthmus/math";
import type { WasmEngineOptions } from "@isthmus/wasm";
import { requestedThreads } from "@isthmus/wasm/threads";
import { type EngineName, engineNames, type Requirement, requirements } from "./engine-names.ts";
import { type Measure, measureEngine } from "./measure.ts";
import { defaultStore, type SelectionStore } from "./selection-store.ts";
import { defaultWorkload, type PreparedWorkload, prepareWorkload, type Workload } from "./workload.ts";

export type Preference = "auto" | EngineName;

export interface SelectOptions {
  /**
   * An engine, or several in order: the first that can be had is taken, and where none can, another is chosen as by "auto".
   * "auto" measures those that can be had. Default: "auto".
   */
  readonly prefer?: Preference | readonly EngineName[];
  /** What it must be; where none is, an error says what was tried. Several must hold together. Default: nothing. */
  readonly require?: Requirement | readonly Requirement[];
  /** What is measured. Default: {@link defaultWorkload}. */
  readonly workload?: Workload;
  /** How our own engine is made. `require: "threads"` asks for one per core unless they are counted here. */
  readonly wasm?: WasmEngineOptions;
  /**
   * Stands above `prefer`, for whoever runs the program: the one engine to take, or "auto". Default: the global
   * `ISTHMUS_ENGINE`; through `@isthmus/backend/node` the environment's. Empty: none.
   */
  readonly override?: string;
  /** Where choices are kept; false measures each time. Default: {@link defaultStore}; a file through `@isthmus/backend/node`. */
  readonly store?: SelectionStore | false;
  /** Measures although something is remembered, and remembers that. Default: false. */
  readonly anew?: boolean;
  /** Tells the milliseconds of a run. Default: {@link measureEngine}. */
  readonly measure?: Measure;
  readonly signal?: AbortSignal;
}

/** Options that were checked, with their defaults. */
export interface Wishes {
  readonly preferred: readonly EngineName[];
  readonly required: readonly Requirement[];
  /** The engine that the environment names. */
  readonly overridden: EngineName | undefined;
  readonly workload: PreparedWorkload;
  readonly wasm: WasmEngineOptions;
  readonly store: SelectionStore | undefined;
  readonly anew: boolean;
  readonly measure: Measure;
  readonly signal: AbortSignal | undefined;
}

const KNOWN: readonly (keyof SelectOptions)[] = [
  ...(["prefer", "require", "workload", "wasm", "override", "store", "anew", "measure", "signal"] as const),
];

/**
 * @throws TypeError an option that there is not, or of another kind
 * @throws RangeError an engine, a requirement or a workload that there is not
 * @throws IsthmusError `BACKEND_OVERRIDE` an override that names no engine
 */
export function checkedOptions(options: SelectOptions): Wishes {
  const strange = Object.keys(options).find((name) => !KNOWN.includes(name as keyof SelectOptions));
  if (strange !== undefined)
    throw new TypeError(`selectEngine: unknown option "${strange}"; expected ${KNOWN.join(", ")}`);
  const { prefer = "auto", require = [], workload = defaultWorkload, wasm = {}, signal } = options;
  const { override = (globalThis as { ISTHMUS_ENGINE?: string }).ISTHMUS_ENGINE ?? "" } = options;
  const { anew = false, measure = measureEngine, store = defaultStore() } = options;
  const preferred = override === "auto" ? [] : listOf(prefer).filter((name) => name !== "auto");
  requireKnown("prefer", preferred, engineNames, ["auto"]);
  const required = listOf(require);
  requireKnown("require", required, requirements);
  if (typeof measure !== "function") throw new TypeError(`"measure" expected a function, got ${String(measure)}`);
  requireStore(store);
  requestedThreads(wasm.threads ?? 1);
  return {
    ...{ preferred, required, wasm, anew, measure, signal },
    overridden: overriding(override),
    workload: prepareWorkload(workload),
    store: store === false ? undefined : store,
  };
}

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

function requireKnown(
  option: string,
  given: readonly unknown[],
  known: readonly string[],
  others: readonly string[] = [],
): void {
  for (const name of given) {
    if (known.includes(name as string)) continue;
    const message = `"${option}" expected ${[...others, ...known].join(", ")}, got ${String(name)}`;
    throw typeof name === "string" ? new RangeError(message) : new TypeError(message);
  }
}

function requireStore(store: SelectionStore | false): void {
  if (store === false || (typeof store?.get === "function" && typeof store.set === "function")) return;
  throw new TypeError(`"store" expected false or an object with get and set, got ${String(store)}`);
}

function overriding(override: string): EngineName | undefined {
  if (override === "" || override === "auto") return undefined;
  if (engineNames.includes(override as EngineName)) return override as EngineName;
  const message = `ISTHMUS_ENGINE expected auto, ${engineNames.join(", ")}, got ${override}`;
  throw new IsthmusError("BACKEND_OVERRIDE", message, { override });
}
