import type { Engine } from "@isthmus/graph";
import { type EngineName, engineNames } from "./engine-names.ts";
import type { Environment } from "./environment.ts";
import { Findings } from "./findings.ts";
import { lastResort, mismatch, obstacle, shortfall } from "./obstacles.ts";
import type { Openers } from "./openers.ts";
import type { Wishes } from "./options.ts";
import { type Reason, reasonOf } from "./reason.ts";
import { memoryKey, recall, remember } from "./remembered.ts";
import type { How, SelectedEngine, Selection } from "./selection.ts";

/** What a selection asks of the world; tests have one of their own. */
export interface World {
  readonly openers: Openers;
  /** @param graphics whether WebGPU and WebGL matter */
  probe(graphics: boolean): Promise<Environment>;
  /** Milliseconds since 1970. */
  now(): number;
}

interface Opened {
  readonly name: EngineName;
  readonly engine: Engine;
}

/** An engine that is open, and how it came to be the one. */
interface Taken extends Opened {
  readonly how: How;
  readonly reason: string;
}

/** One selection on its way. */
export class Selecting {
  private readonly wishes: Wishes;
  private readonly world: World;
  private readonly findings = new Findings();
  private environment!: Environment;
  private problem: Reason | undefined;

  constructor(wishes: Wishes, world: World) {
    this.wishes = wishes;
    this.world = world;
  }

  /** @throws IsthmusError `BACKEND_UNAVAILABLE`; the signal's reason */
  async run(): Promise<SelectedEngine> {
    const { signal, required } = this.wishes;
    signal?.throwIfAborted();
    const taken = (await this.named()) ?? (await this.automatic());
    if (!taken) throw this.findings.failure(required);
    if (signal?.aborted) taken.engine.dispose();
    signal?.throwIfAborted();
    return Object.assign(taken.engine, { selection: this.selection(taken) });
  }

  /** The engine that the environment or a preference names. */
  private async named(): Promise<Taken | undefined> {
    const { overridden, preferred, required } = this.wishes;
    const names = overridden === undefined ? preferred : [overridden];
    const first = names.length > 0 ? await this.first(await this.possible(names)) : undefined;
    if (!first) {
      if (overridden !== undefined) throw this.findings.failure([`ISTHMUS_ENGINE=${overridden}`, ...required]);
      return undefined;
    }
    const [how, why] =
      overridden === undefined
        ? (["preferred", "it is preferred"] as const)
        : (["overridden", "ISTHMUS_ENGINE says so"] as const);
    const missed = names.slice(0, names.indexOf(first.name)).map((name) => this.findings.said(name));
    return { ...first, how, reason: [why, ...missed].join("; ") };
  }

  /** The fastest of those that can be had. */
  private async automatic(): Promise<Taken | undefined> {
    const possible = await this.possible(engineNames.filter((name) => !this.findings.reasons.has(name)));
    if (possible.length === 1) return this.alone(await this.first(possible));
    const measured = possible.filter((name) => this.findings.passes(name, lastResort(name, this.environment)));
    const fastest = (await this.recalled(measured)) ?? (await this.measured(measured));
    return fastest ?? this.alone(await this.first(possible.filter((name) => !measured.includes(name))));
  }

  /** What there is to say of the one engine that is left. */
  private alone(left: Opened | undefined): Taken | undefined {
    if (!left) return undefined;
    this.findings.reasons.delete(left.name);
    const { required } = this.wishes;
    const isRequired = required.length > 0;
    const reason = isRequired ? `what is required: ${required.join(", ")}` : "no other can be had here";
    return { ...left, how: isRequired ? "required" : "only", reason: this.instead(reason) };
  }

  /** Says so where nothing that is preferred could be had. */
  private instead(reason: string): string {
    const { preferred } = this.wishes;
    return preferred.length === 0 ? reason : `${reason}; in place of ${preferred.join(", ")}, which cannot be had`;
  }

  /** Those of `names` that nothing known forbids. */
  private async possible(names: readonly EngineName[]): Promise<EngineName[]> {
    const { required } = this.wishes;
    const fitting = names.filter((name) => this.findings.passes(name, mismatch(name, required)));
    const graphics = fitting.some((name) => name === "tfjs:webgpu" || name === "tfjs:webgl");
    if (!this.environment || (graphics && !this.environment.webgpu)) {
      this.environment = await this.world.probe(graphics);
    }
    return fitting.filter((name) => this.findings.passes(name, obstacle(name, this.environment, required)));
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
      if (this.findings.passes(name, shortfall(engine, required))) return engine;
      engine.dispose();
    } catch (error) {
      this.findings.reasons.set(name, reasonOf(error, "BACKEND_OPEN"));
    }
    return undefined;
  }

  /** The one that was the fastest when it was measured. */
  private async recalled(names: readonly EngineName[]): Promise<Taken | undefined> {
    const { store, anew, workload } = this.wishes;
    if (!store || anew || names.length < 2) return undefined;
    const { remembered, problem } = await recall(store, this.key(names), this.world.now());
    this.problem = problem;
    const engine = remembered && (await this.open(remembered.engine));
    if (!engine) {
      if (remembered) this.problem = stale(remembered.engine);
      return undefined;
    }
    for (const [name, time] of entriesOf(remembered.milliseconds)) this.findings.times.set(name, time);
    for (const [name, reason] of entriesOf(remembered.reasons)) this.findings.reasons.set(name, reason);
    const { engine: name, at } = remembered;
    const then = `measured on ${at.slice(0, 10)} and remembered (${store.name})`;
    const reason = this.instead(`${this.findings.comparison(name, workload)}; ${then}`);
    return { name, engine, how: "remembered", reason };
  }

  /** The fastest now. */
  private async measured(names: readonly EngineName[]): Promise<Taken | undefined> {
    const open: Opened[] = [];
    let taken: Taken | undefined;
    try {
      for (const name of names) {
        const engine = await this.open(name);
        if (engine) open.push({ name, engine });
      }
      if (open.length < 2) return (taken = this.alone(open[0]));
      for (const one of open) await this.time(one);
      const best = this.findings.fastest([...this.findings.times.keys()]);
      if (best === undefined) return undefined;
      await this.keep(names, best);
      const reason = this.instead(this.findings.comparison(best, this.wishes.workload));
      return (taken = { ...open.find(({ name }) => name === best)!, how: "measured", reason });
    } finally {
      for (const { engine } of open) if (engine !== taken?.engine) engine.dispose();
    }
  }

  private async time({ name, engine }: Opened): Promise<void> {
    const { measure, workload, signal } = this.wishes;
    signal?.throwIfAborted();
    try {
      this.findings.times.set(name, await measure(engine, workload, signal));
    } catch (error) {
      signal?.throwIfAborted();
      this.findings.reasons.set(name, reasonOf(error, "BACKEND_MEASURE"));
    }
  }

  private async keep(names: readonly EngineName[], engine: EngineName): Promise<void> {
    const { store } = this.wishes;
    if (!store) return;
    const reasons = [...this.findings.reasons].filter(([name]) => names.includes(name));
    const problem = await remember(store, this.key(names), {
      engine,
      milliseconds: Object.fromEntries(this.findings.times),
      reasons: Object.fromEntries(reasons),
      at: new Date(this.world.now()).toISOString(),
    });
    this.problem = problem ?? this.problem;
  }

  private key(names: readonly EngineName[]): string {
    const { workload, wasm } = this.wishes;
    return memoryKey(this.environment, names, [workload.id, String(wasm.build), String(wasm.threads)]);
  }

  private selection({ name, engine, how, reason }: Taken): Selection {
    const { store, workload } = this.wishes;
    const wasMeasured = how === "measured" || how === "remembered";
    const remembering = store && { store: store.name, ...(this.problem && { problem: this.problem }) };
    return {
      ...{ engine: name, build: engine.build, how, reason, environment: this.environment },
      candidates: this.findings.candidates(name),
      ...(wasMeasured && { workload: { name: workload.name, batch: workload.batch } }),
      ...(wasMeasured && remembering && { remembering }),
    };
  }
}

function stale(name: EngineName): Reason {
  const message = `${name} was remembered and cannot be had now, so it was measured anew`;
  return { code: "BACKEND_MEMORY_STALE", message };
}

const entriesOf = <T>(table: Readonly<Partial<Record<EngineName, T>>>): [EngineName, T][] =>
  Object.entries(table) as [EngineName, T][];
