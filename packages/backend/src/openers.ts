import type { Engine } from "@isthmus/graph";
import type { BackendName } from "@isthmus/tfjs";
import type { WasmEngineOptions } from "@isthmus/wasm";
import type { EngineName } from "./engine-names.ts";

/** Makes an engine. Its code is loaded now, and not before. */
export type Opener = (wasm: WasmEngineOptions) => Promise<Engine>;
export type Openers = Readonly<Record<EngineName, Opener>>;

const onTfjs =
  (backend: BackendName): Opener =>
  async () =>
    (await import("@isthmus/tfjs")).createTfjsEngine({ backend });

export const openers: Openers = {
  wasm: async (options) => (await import("@isthmus/wasm")).createWasmEngine(options),
  "tfjs:webgpu": onTfjs("webgpu"),
  "tfjs:webgl": onTfjs("webgl"),
  "tfjs:wasm": onTfjs("wasm"),
  "tfjs:cpu": onTfjs("cpu"),
};
