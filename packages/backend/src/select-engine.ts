import type { Engine } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { type EngineName, engineNames } from "./engine-names.ts";
import { type Environment, probeEnvironment } from "./environment.ts";
import { lastResort, obstacle, shortfall } from "./obstacles.ts";
import { type Openers, openers } from "./openers.ts";
import { checkedOptions, type SelectOptions, type Wishes } from "./options.ts";
import { type Reason, reasonOf } from "./reason.ts";
import { memoryKey, recall, remember, type Remembered } from "./remembered.ts";
import { type Candidate, type How, millisecondsText, type SelectedEngine, type Selection } from "./selection.ts";

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

/** What a selection asks of the world; tests have one of their own. */
export interface World {
  readonly openers: Openers;
  probe(graphics: boolean): Promise<Environment>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** An engine that is open, and how it came to be the one. */
interface Taken {
  readonly name: EngineName;
  readonly engine: Engine;
  readonly how: How;
  readonly reason: string;
}

/** One selection on its way. */
export class Selecting {
  private readonly wishes: Wishes;
  private readonly world: World;
  private readonly reasons = new Map<EngineName, Reason>();
  private readonly times = new Map<EngineName, number>();
  private environment!: Environment;
  private problem: Reason | undefined;

  constructor(wishes: Wishes, world: World) {
    this.wishes = wishes;
    this.world = world;
  }

  async run(): Promise<SelectedEngine> {
    const { signal } = this.wishes;
    signal?.throwIfAborted();
    const taken = (await this.named()) ?? this.instead(await this.automatic());
    if (!taken) throw this.failure();
    try {
      signal?.throwIfAborted();
      return Object.assign(taken.engine, { selection: this.selection(taken) });
    } catch (error) {
      taken.engine.dispose();
      throw error;
    }
  }

  /** The engine that the environment, a preference or a requirement names. */
  private async named(): Promise<Taken | undefined> {
    const { overridden, preferred } = this.wishes;
    const names = overridden === undefined ? preferred : [overridden];
    if (names.length === 0) return undefined;
    const first = await this.first(await this.possible(names));
    if (first) {
      const how = overridden === undefined ? "preferred" : "overridden";
      const why = overridden === undefined ? "it is preferred" : "ISTHMUS_ENGINE says so";
      const missed = names.slice(0, names.indexOf(first.name)).map((name) => this.said(name));
      return { ...first, how, reason: [why, ...missed].join("; ") };
    }
    if (overridden !== undefined) throw this.failure();
    return undefined;
  }

  /** What to add where nothing that is preferred could be had. */
  private instead(taken: Taken | undefined): Taken | undefined {
    const { preferred } = this.wishes;
    if (!taken || preferred.length === 0) return taken;
    return { ...taken, reason: `${taken.reason}; in place of ${preferred.join(", ")}, which cannot be had` };
  }

  /** The fastest of those that can be had. */
  private async automatic(): Promise<Taken | undefined> {
    const possible = await this.possible(engineNames.filter((name) => !this.reasons.has(name)));
    if (possible.length === 1) return this.alone(await this.first(possible), "required");
    const measured = possible.filter((name) => this.passes(name, lastResort(name, this.environment)));
    const fastest = (await this.recalled(measured)) ?? (await this.measured(measured));
    if (fastest) return fastest;
    const others = possible.filter((name) => !measured.includes(name));
    return this.alone(await this.first(others), "only");
  }

  private alone(first: Opened | undefined, how: "required" | "only"): Taken | undefined {
    if (!first) return undefined;
    this.reasons.delete(first.name);
    const { required } = this.wishes;
    if (how === "only" || required.length === 0) return { ...first, how: "only", reason: "no other can be had here" };
    return { ...first, how, reason: `it is what is required: ${required.join(", ")}` };
  }

  /** Those of `names` that nothing known forbids. */
  private async possible(names: readonly EngineName[]): Promise<EngineName[]> {
    const graphics = names.some((name) => name === "tfjs:webgpu" || name === "tfjs:webgl");
    if (!this.environment || (graphics && !this.environment.webgpu))
      this.environment = await this.world.probe(graphics);
    return names.filter((name) => this.passes(name, obstacle(name, this.environment, this.wishes.required)));
  }

  private passes(name: EngineName, reason: Reason | undefined): boolean {
    if (reason) this.reasons.set(name, reason);
    return !reason;
  }

  /** The first that opens. */
  private async first(names: readonly EngineName[]): Promise<Opened | undefined> {
    for (const name of names) {
      const engine = await this.open(name);
      if (engine) return { name, engine };
    }
    return undefined;
  }

  private async open(name: EngineName): Promise<Engine | undefined> {
    const { wasm, required, signal } = this.wishes;
    signal?.throwIfAborted();
    try {
      const engine = await this.world.openers[name](required.includes("threads") ? { threads: "auto", ...wasm } : wasm);
      if (this.passes(name, shortfall(engine, required))) return engine;
      engine.dispose();
    } catch (error) {
      this.reasons.set(name, reasonOf(error, "BACKEND_OPEN"));
    }
    return undefined;
  }

  /** The one that was the fastest when it was measured. */
  private async recalled(names: readonly EngineName[]): Promise<Taken | undefined> {
    const { store, anew } = this.wishes;
    if (!store || anew || names.length < 2) return undefined;
    const found = await recall(store, this.key(names), this.world.now());
    if (!("remembered" in found)) {
      this.problem = found.problem;
      return undefined;
    }
    const { engine: name, milliseconds, reasons, at } = found.remembered;
    const engine = await this.open(name);
    if (!engine) {
      const message = `${name} was remembered and cannot be had now, so it was measured anew`;
      this.problem = { code: "BACKEND_MEMORY_STALE", message };
      return undefined;
    }
    for (const [other, time] of entriesOf(milliseconds)) this.times.set(other, time);
    for (const [other, reason] of entriesOf(reasons)) this.reasons.set(other, reason);
    const reason = `${this.comparison(name)}, measured on ${at.slice(0, 10)} and remembered (${store.name})`;
    return { name, engine, how: "remembered", reason };
  }

  /** The fastest now. */
  private async measured(names: readonly EngineName[]): Promise<Taken | undefined> {
    const open: Opened[] = [];
    try {
      for (const name of names) {
        const engine = await this.open(name);
        if (engine) open.push({ name, engine });
      }
      if (open.length < 2) return this.alone(open.pop(), "only");
      for (const one of [...open]) if (!(await this.time(one))) discard(open, one);
      const fastest = open.reduce<Opened | undefined>(
        (best, one) => (best && this.times.get(best.name)! <= this.times.get(one.name)! ? best : one),
        undefined,
      );
      if (!fastest) return undefined;
      open.splice(open.indexOf(fastest), 1);
      await this.keep(names, fastest.name);
      return { ...fastest, how: "measured", reason: this.comparison(fastest.name) };
    } finally {
      for (const { engine } of open) engine.dispose();
    }
  }

  private async time({ name, engine }: Opened): Promise<boolean> {
    const { measure, workload, signal } = this.wishes;
    signal?.throwIfAborted();
    try {
      this.times.set(name, await measure(engine, workload, signal));
      return true;
    } catch (error) {
      signal?.throwIfAborted();
      this.reasons.set(name, reasonOf(error, "BACKEND_MEASURE"));
      return false;
    }
  }

  private async keep(names: readonly EngineName[], engine: EngineName): Promise<void> {
    const { store } = this.wishes;
    if (!store) return;
    const value: Remembered = {
      engine,
      milliseconds: Object.fromEntries(this.times),
      reasons: Object.fromEntries(
        names.flatMap((name) => (this.reasons.has(name) ? [[name, this.reasons.get(name)!]] : [])),
      ),
      at: new Date(this.world.now()).toISOString(),
    };
    this.problem = (await remember(store, this.key(names), value)) ?? this.problem;
  }

  private key(names: readonly EngineName[]): string {
    const { workload, wasm } = this.wishes;
    return memoryKey(this.environment, names, [workload.id, String(wasm.build), String(wasm.threads)]);
  }

  /** `9.1 ms a run of training 784-20-784 at batch 128; tfjs:wasm 120 ms`. */
  private comparison(best: EngineName): string {
    const { name, batch } = this.wishes.workload;
    const others = [...this.times].filter(([other]) => other !== best).sort(([, a], [, b]) => a - b);
    const slower = others.map(([other, time]) => `; ${other} ${millisecondsText(time)}`).join("");
    return `the fastest, ${millisecondsText(this.times.get(best)!)} a run of ${name} at batch ${batch}${slower}`;
  }

  private selection({ name, engine, how, reason }: Taken): Selection {
    const { store, workload } = this.wishes;
    const isMeasured = how === "measured" || how === "remembered";
    return {
      ...{ engine: name, build: engine.build, how, reason, environment: this.environment },
      candidates: engineNames.map((one) => this.candidate(one, name)),
      ...(isMeasured && { workload: { name: workload.name, batch: workload.batch } }),
      ...(isMeasured &&
        store && { remembering: { store: store.name, ...(this.problem && { problem: this.problem }) } }),
    };
  }

  private candidate(name: EngineName, chosen: EngineName): Candidate {
    const milliseconds = this.times.get(name);
    const time = milliseconds === undefined ? {} : { milliseconds };
    if (name === chosen) return { name, outcome: "chosen", ...time };
    if (milliseconds !== undefined) return { name, outcome: "slower", ...time, reason: this.slower(name, chosen) };
    const reason = this.reasons.get(name);
    if (!reason) return { name, outcome: "not tried" };
    return { name, outcome: untried.has(reason.code) ? "not tried" : "unavailable", reason };
  }

  private slower(name: EngineName, chosen: EngineName): Reason {
    const [own, best] = [this.times.get(name)!, this.times.get(chosen)!];
    return {
      code: "BACKEND_SLOWER",
      message: `it takes ${millisecondsText(own)}, ${chosen} ${millisecondsText(best)}`,
    };
  }

  /** `tfjs:cpu: it computes in plain JavaScript`; some reasons name the engine themselves. */
  private said(name: EngineName): string {
    const { message } = this.reasons.get(name)!;
    return message.startsWith(name) ? message : `${name}: ${message}`;
  }

  private failure(): IsthmusError {
    const { required, overridden } = this.wishes;
    const candidates = [...this.reasons].map(([name, reason]) => ({ name, reason }));
    const wanted = overridden ? [`ISTHMUS_ENGINE=${overridden}`, ...required] : required;
    const what = `no engine can be had here${wanted.length > 0 ? ` that is what is required: ${wanted.join(", ")}` : ""}`;
    const tried = candidates.filter(({ reason }) => reason.code !== "BACKEND_REQUIREMENT");
    const why = (tried.length > 0 ? tried : candidates).map(({ name }) => this.said(name));
    return new IsthmusError("BACKEND_UNAVAILABLE", [what, ...why].join("; "), { required, candidates });
  }
}

interface Opened {
  readonly name: EngineName;
  readonly engine: Engine;
}

/** Reasons not to try an engine, which might be had. */
const untried: ReadonlySet<string> = new Set([
  "BACKEND_REQUIREMENT",
  "BACKEND_LAST_RESORT",
  "BACKEND_SOFTWARE_ADAPTER",
]);

function discard(open: Opened[], one: Opened): void {
  open.splice(open.indexOf(one), 1);
  one.engine.dispose();
}

const entriesOf = <T>(table: Readonly<Partial<Record<EngineName, T>>>): [EngineName, T][] =>
  Object.entries(table) as [EngineName, T][];
