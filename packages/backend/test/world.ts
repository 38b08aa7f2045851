import type { Engine } from "@isthmus/graph";
import { type EngineName, engineNames } from "../src/engine-names.ts";
import type { Environment } from "../src/environment.ts";
import type { Opener } from "../src/openers.ts";
import { checkedOptions, type SelectOptions } from "../src/options.ts";
import { Selecting, type World } from "../src/selecting.ts";
import type { SelectedEngine } from "../src/selection.ts";

/** A machine with everything: two cores, a graphics card, every module. */
export const everything: Environment = {
  runtime: { kind: "node", version: "20.0.0", platform: "linux-x64", cores: 2 },
  wasm: { available: true },
  simd: { available: true, build: "simd128" },
  relaxedSimd: { available: true },
  threads: { available: true, count: 2 },
  webgpu: {
    available: true,
    adapter: {
      ...{ vendor: "maker", architecture: "kind", device: "card", description: "Maker's card", software: false },
      limits: {
        ...{ maxBufferSize: 1, maxStorageBufferBindingSize: 1, maxComputeInvocationsPerWorkgroup: 1 },
        maxComputeWorkgroupStorageSize: 1,
      },
    },
  },
  webgl2: { available: true, renderer: "Maker's card", software: false },
};

/** The same, its graphics drawn by the processor. */
export const software: Environment = {
  ...everything,
  webgpu: { available: true, adapter: { ...everything.webgpu!.adapter!, description: "SwiftShader", software: true } },
  webgl2: { available: true, renderer: "SwiftShader", software: true },
};

/** An engine that does nothing, and whether it was disposed of. */
export interface Dummy extends Engine {
  disposed: boolean;
  readonly threads?: { readonly count: number };
}

export class DummyWorld implements World {
  /** Every engine that was made, in order. */
  readonly opened: Dummy[] = [];
  readonly openers: World["openers"];
  /** Whether graphics were looked for, at each look. */
  readonly looks: boolean[] = [];
  time: number = Date.parse("2026-11-22T06:00:00Z");
  private readonly environment: Environment;

  /** @param failing what opening an engine throws */
  constructor(environment: Environment = everything, failing: Partial<Record<EngineName, unknown>> = {}) {
    this.environment = environment;
    const open =
      (name: EngineName): Opener =>
      async ({ threads }) => {
        if (name in failing) throw failing[name];
        const dummy = dummyEngine(name, threads);
        this.opened.push(dummy);
        return dummy;
      };
    this.openers = Object.fromEntries(engineNames.map((name) => [name, open(name)])) as unknown as World["openers"];
  }

  async probe(graphics: boolean): Promise<Environment> {
    this.looks.push(graphics);
    const { runtime, wasm, simd, relaxedSimd, threads } = this.environment;
    return graphics ? this.environment : { runtime, wasm, simd, relaxedSimd, threads };
  }

  now(): number {
    return this.time;
  }

  /** Which engines are open and have not been disposed of. */
  get living(): string[] {
    return this.opened.filter(({ disposed }) => !disposed).map(nameOf);
  }

  async select(options: SelectOptions = {}): Promise<SelectedEngine> {
    return new Selecting(checkedOptions({ store: false, override: "", ...options }), this).run();
  }
}

function dummyEngine(name: EngineName, threads: number | "auto" = 1): Dummy {
  const [family, build = "simd128"] = name.split(":");
  const never = () => {
    throw new Error("a dummy runs nothing");
  };
  return {
    ...{ name: family!, build, createState: never, compile: never, disposed: false },
    ...(family === "wasm" && { threads: { count: threads === "auto" ? 2 : threads } }),
    dispose() {
      this.disposed = true;
    },
  };
}

export const nameOf = ({ name, build }: Engine): string => (name === "wasm" ? name : `${name}:${build}`);

/** A measurement that says what the table says, and throws what is no number. */
export function timings(table: Partial<Record<EngineName, unknown>>) {
  return async (engine: Engine): Promise<number> => {
    const value = table[nameOf(engine) as EngineName] ?? 1000;
    if (typeof value !== "number") throw value;
    return value;
  };
}
