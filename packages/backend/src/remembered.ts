import { canonicalJson, contentHash } from "@isthmus/graph";
import { type EngineName, engineNames } from "./engine-names.ts";
import type { Environment } from "./environment.ts";
import { type Reason, reasonOf } from "./reason.ts";
import type { SelectionStore } from "./selection-store.ts";
import { VERSION } from "./version.ts";

/** What was found when it was measured. */
export interface Remembered {
  readonly engine: EngineName;
  /** Of those that were measured. */
  readonly milliseconds: Readonly<Partial<Record<EngineName, number>>>;
  /** Of those that were not, or failed. */
  readonly reasons: Readonly<Partial<Record<EngineName, Reason>>>;
  /** When, in ISO 8601. */
  readonly at: string;
}

/** Drivers, browsers' settings and what is installed change without a word. */
const MOST_DAYS = 30;
const DAY = 86_400_000;

/** The machine, this version, what competes at what: all that decides what a measurement says. */
export function memoryKey(environment: Environment, names: readonly EngineName[], subject: readonly string[]): string {
  const { runtime, simd, threads, webgpu, webgl2 } = environment;
  const fingerprint = {
    runtime: { ...runtime },
    build: simd.build ?? null,
    threads: threads.count,
    adapter: webgpu?.adapter ? { ...webgpu.adapter, limits: null } : null,
    renderer: webgl2?.renderer ?? null,
  };
  return `isthmus-engine-${contentHash(canonicalJson({ VERSION, fingerprint, names, subject }))}`;
}

/** What was kept, or what is wrong with it, or neither where nothing was. */
export interface Recalled {
  readonly remembered?: Remembered;
  readonly problem?: Reason;
}

/** What is kept under `key`, if it is sound and not too old. Never throws. */
export async function recall(store: SelectionStore, key: string, now: number): Promise<Recalled> {
  try {
    const text = await store.get(key);
    if (text === undefined) return {};
    const value: unknown = JSON.parse(text);
    if (!isRemembered(value)) return { problem: corrupt("it is not what a selection writes") };
    const days = (now - Date.parse(value.at)) / DAY;
    if (days >= 0 && days <= MOST_DAYS) return { remembered: value };
    const message = `what was remembered is of ${value.at.slice(0, 10)}, not of the last ${MOST_DAYS} days; it was measured anew`;
    return { problem: { code: "BACKEND_MEMORY_OLD", message } };
  } catch (error) {
    return { problem: corrupt(reasonOf(error, "").message) };
  }
}

function corrupt(why: string): Reason {
  return {
    code: "BACKEND_MEMORY_CORRUPT",
    message: `what was remembered cannot be read, so it was measured anew (${why})`,
  };
}

/** Keeps what was measured; what was wrong with keeping it. Never throws. */
export async function remember(store: SelectionStore, key: string, value: Remembered): Promise<Reason | undefined> {
  try {
    await store.set(key, JSON.stringify(value));
    return undefined;
  } catch (error) {
    const { message } = reasonOf(error, "");
    return {
      code: "BACKEND_MEMORY_WRITE",
      message: `the choice cannot be kept, so it will be measured again (${message})`,
    };
  }
}

function isRemembered(value: unknown): value is Remembered {
  const { engine, milliseconds, reasons, at } = (value ?? {}) as Partial<Remembered>;
  return (
    isEngineName(engine) &&
    isTable(milliseconds, (time) => typeof time === "number" && time >= 0) &&
    milliseconds[engine] !== undefined &&
    isTable(reasons, isReason) &&
    typeof at === "string" &&
    Number.isFinite(Date.parse(at))
  );
}

const isEngineName = (name: unknown): name is EngineName => engineNames.includes(name as EngineName);

function isTable(value: unknown, holds: (entry: unknown) => boolean): value is object {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).every(([name, entry]) => isEngineName(name) && holds(entry));
}

function isReason(value: unknown): value is Reason {
  const { code, message } = (value ?? {}) as Partial<Reason>;
  return typeof code === "string" && typeof message === "string";
}
