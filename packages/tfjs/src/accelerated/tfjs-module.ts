import { IsthmusError } from "@isthmus/math";
import * as simd from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
import * as threaded from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js";
// @ts-ignore: a module without types; it holds the source text of tfjs's worker
import * as workers from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js";
import { requireBytes } from "./checked-malloc.ts";

/** Where tfjs's `.wasm` file is, or what is in it. */
export type BinarySource = ArrayBuffer | Uint8Array | URL | string;

/** What we use of what Emscripten makes. */
export interface TfjsModule {
  /** What the binary exports; the memory is among it unless that is shared. */
  readonly asm: { readonly memory?: WebAssembly.Memory };
  readonly wasmMemory?: WebAssembly.Memory;
  HEAPU8: Uint8Array;
  tfjs: TfjsFunctions;
  _malloc(bytes: number): number;
  _free(address: number): void;
  cwrap(name: string, result: "number" | null, operands: readonly "number"[]): (...operands: number[]) => number;
}

/** What tfjs's backend calls outside of kernels. */
interface TfjsFunctions {
  readonly init: () => void;
  readonly initWithThreadsCount: (threads: number) => void;
  readonly getThreadsCount: () => number;
  readonly registerTensor: (id: number, size: number, address: number) => void;
  readonly disposeData: (id: number) => void;
  readonly dispose: () => void;
}

type Imports = Record<string, Record<string, WebAssembly.ImportValue>>;

interface FactoryConfig {
  locateFile(name: string, folder: string): unknown;
  instantiateWasm(imports: Imports, done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void): object;
  onAbort(reason: unknown): void;
  mainScriptUrlOrBlob?: Blob;
}

type Factory = (config: FactoryConfig) => Promise<TfjsModule>;

/** Most threads that tfjs's pool has room for. */
export const MOST_THREADS = 8;

/**
 * Opens tfjs's SIMD binary: the threaded one, over a shared memory, for more than one thread.
 *
 * @param binary default: the file beside tfjs's own script
 * @throws IsthmusError `TFJS_BINARY` when it cannot be loaded
 */
export async function openTfjsModule(threads: number, binary?: BinarySource): Promise<TfjsModule> {
  const [name, factory] =
    threads > 1
      ? ["tfjs-backend-wasm-threaded-simd.wasm", unwrapped<Factory>(threaded)]
      : ["tfjs-backend-wasm-simd.wasm", unwrapped<Factory>(simd)];
  const module = await opened(factory, threads, (folder) => readBinary(binary ?? folder + name));
  const malloc = module._malloc;
  module._malloc = (bytes) => requireBytes(bytes, (checked) => malloc(checked));
  module.tfjs = functionsOf(module);
  return module;
}

/** The memory that kernels of tfjs and of ours work in. */
export function memoryOf({ wasmMemory, asm }: TfjsModule): WebAssembly.Memory {
  const memory = wasmMemory ?? asm.memory;
  if (memory instanceof WebAssembly.Memory) return memory;
  throw new IsthmusError(
    "TFJS_BINARY",
    "tfjs's module expected to show its memory, got none: not the binary of 4.22.0",
  );
}

function opened(
  factory: Factory,
  threads: number,
  read: (folder: string) => Promise<BufferSource>,
): Promise<TfjsModule> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(notLoaded(cause));
    let folder = "";
    const config: FactoryConfig = {
      locateFile(name, beside) {
        if (name.endsWith(".worker.js")) return workerUrl();
        folder = beside;
        return beside + name;
      },
      instantiateWasm(imports, done) {
        // tfjs makes half as many threads as there are logical cores at most; how many is for the caller to say.
        imports["env"]!["emscripten_num_logical_cores"] = () => 2 * threads;
        read(folder)
          .then((bytes) => WebAssembly.instantiate(bytes, imports))
          .then(({ instance, module }) => done(instance, module))
          .catch(fail);
        return {};
      },
      onAbort: fail,
    };
    if (builtin("node:fs") === undefined && threads > 1) config.mainScriptUrlOrBlob = threadedScript();
    factory(config).then(resolve, fail);
  });
}

function notLoaded(cause: unknown): IsthmusError {
  const reason = cause instanceof Error ? cause.message.split("\n")[0]! : String(cause);
  const message = `TensorFlow.js's WebAssembly binary cannot be loaded (${reason}); give its bytes or URL as "binary"`;
  return new IsthmusError("TFJS_BINARY", message, { reason }, { cause });
}

async function readBinary(source: BinarySource): Promise<BufferSource> {
  if (typeof source !== "string" && !(source instanceof URL)) return source as BufferSource;
  const place = String(source);
  const files = builtin("node:fs") as { readFileSync(path: string | URL): Uint8Array<ArrayBuffer> } | undefined;
  if (files && !/^(https?|data|blob):/.test(place)) {
    return files.readFileSync(place.startsWith("file:") ? new URL(place) : place);
  }
  const response = await fetch(place);
  if (!response.ok) throw new Error(`${place}: ${response.status} ${response.statusText}`);
  return response.arrayBuffer();
}

function functionsOf(module: TfjsModule): TfjsFunctions {
  const call = (name: string, operands: number): ((...given: number[]) => void) =>
    module.cwrap(
      name,
      null,
      Array.from({ length: operands }, () => "number" as const),
    );
  return {
    init: call("init", 0),
    initWithThreadsCount: call("init_with_threads_count", 1),
    getThreadsCount: module.cwrap("get_threads_count", "number", []),
    registerTensor: call("register_tensor", 3),
    disposeData: call("dispose_data", 1),
    dispose: call("dispose", 0),
  };
}

/** A module of Node's own; nothing elsewhere. */
function builtin(name: string): unknown {
  return (
    globalThis as { process?: { getBuiltinModule?(name: string): unknown } | undefined }
  ).process?.getBuiltinModule?.(name);
}

/** Modules of the CommonJS kind, as Node and as bundlers show them. */
function unwrapped<T>(module: unknown): T {
  return ((module as { default?: unknown }).default ?? module) as T;
}

/** Of tfjs's worker: a `data:` module in Node, whose `Worker` takes no `blob:`, and a blob elsewhere. */
function workerUrl(): unknown {
  // It was cut out of a string, in which a line break was written as two characters.
  const source = unwrapped<{ wasmWorkerContents: string }>(workers).wasmWorkerContents.replaceAll("\n", "\\n");
  if (builtin("node:fs") === undefined) return URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const asModule = `import { createRequire } from "node:module";
const require = createRequire("file:///");
const __filename = "/";
${source}`;
  return new URL(`data:text/javascript,${encodeURIComponent(asModule)}`);
}

/** The script that tfjs's workers load, in browsers; in Node they find the file. */
function threadedScript(): Blob {
  const source = String(unwrapped<Factory>(threaded));
  return new Blob([`var WasmBackendModuleThreadedSimd = ${source}`], { type: "text/javascript" });
}
