import type { Answer } from "./answer.ts";

/** What a worker answers to one message; it ends then. */
export function askWorker<T>(worker: Worker, message: unknown): Promise<Answer<T>> {
  const told = new Promise<Answer<T>>((resolve) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Answer<T>>) => resolve(data));
    worker.addEventListener("error", ({ message: error }) => resolve({ error, stack: error }));
    worker.postMessage(message);
  });
  return told.finally(() => worker.terminate());
}
