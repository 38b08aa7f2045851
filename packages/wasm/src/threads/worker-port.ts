import { workerSource } from "./worker-source.ts";

/** What `worker_threads` and the Web's Worker have in common. */
export interface WorkerPort {
  post(message: unknown): void;
  /** `gone` gets the reason when the worker fails or ends. */
  listen(message: () => void, gone: (reason: string) => void): void;
  /** Lets the process end although the worker lives. */
  unref(): void;
  terminate(): void;
}

interface NodeWorker {
  on(event: string, listener: (value: unknown) => void): void;
  postMessage(message: unknown): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface NodeThreads {
  readonly Worker: new (source: string | URL, options: object) => NodeWorker;
}

type BuiltinModules = { getBuiltinModule?(name: string): unknown } | undefined;

/** A module of Node's own; nothing elsewhere. Nothing is imported, so bundlers for browsers have nothing to resolve. */
export function builtinModule(name: string): unknown {
  return (globalThis as { process?: BuiltinModules }).process?.getBuiltinModule?.(name);
}

/** Whether workers can be made here at all. */
export function hasWorkers(): boolean {
  return builtinModule("node:worker_threads") !== undefined || typeof Worker === "function";
}

/** Starts a worker with our own code, or with what `url` holds. */
export function openWorker(url?: string | URL): WorkerPort {
  const threads = builtinModule("node:worker_threads") as NodeThreads | undefined;
  return threads ? openNodeWorker(threads, url) : openWebWorker(url);
}

function openNodeWorker({ Worker }: NodeThreads, url?: string | URL): WorkerPort {
  const options = { execArgv: [], name: "isthmus" };
  const worker =
    url === undefined ? new Worker(workerSource, { ...options, eval: true }) : new Worker(new URL(url), options);
  return {
    post: (message) => worker.postMessage(message),
    listen(message, gone) {
      worker.on("message", message);
      worker.on("error", (error) => gone(String(error)));
      worker.on("exit", (code) => gone(`it ended with code ${String(code)}`));
    },
    unref: () => worker.unref(),
    terminate: () => void worker.terminate(),
  };
}

function openWebWorker(url?: string | URL): WorkerPort {
  const own =
    url === undefined ? URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" })) : undefined;
  const worker = new Worker(url ?? own!, { name: "isthmus" });
  return {
    post: (message) => worker.postMessage(message),
    listen(message, gone) {
      worker.addEventListener("message", message);
      worker.addEventListener("error", (event) => gone(event.message || "its code could not be loaded"));
      worker.addEventListener("messageerror", () => gone("it could not read what it was sent"));
    },
    unref: () => own !== undefined && URL.revokeObjectURL(own),
    terminate: () => worker.terminate(),
  };
}
