/** Questions to a Worker and its answers: each question has a number, and its answer the same. */
import { IsthmusError } from "@isthmus/math";

interface Question {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string; readonly code?: string };
}

/** What a Worker can be asked: the names of its methods, each with what it is given and what it answers. */
export type Methods = Readonly<Record<string, (argument: never) => unknown>>;

/** In a Worker: answers every question with what the method of its name returns or throws. */
export function answerWith(methods: Methods): void {
  addEventListener("message", ({ data }: MessageEvent<Question>) => {
    void answer(methods, data).then((told) => postMessage(told));
  });
}

async function answer(methods: Methods, { id, method, argument }: Question): Promise<Answer> {
  try {
    return { id, value: await methods[method]!(argument as never) };
  } catch (error) {
    const { name, message } = error as Error;
    return { id, error: { name, message, ...(error instanceof IsthmusError && { code: error.code }) } };
  }
}

type Asked<M extends Methods, K extends keyof M> = Parameters<M[K]>[0];
type Told<M extends Methods, K extends keyof M> = Awaited<ReturnType<M[K]>>;

export interface Asker<M extends Methods> {
  /** @throws IsthmusError of the worker's code, or `WORKER_FAILED` */
  ask<K extends keyof M & string>(method: K, argument: Asked<M, K>): Promise<Told<M, K>>;
  close(): void;
}

/** In a page: asks `worker`. */
export function asker<M extends Methods>(worker: Worker): Asker<M> {
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (reason: Error) => void }>();
  let asked = 0;
  const fail = (message: string) => {
    for (const { reject } of waiting.values()) reject(new IsthmusError("WORKER_FAILED", message));
    waiting.clear();
  };
  worker.addEventListener("message", ({ data: { id, value, error } }: MessageEvent<Answer>) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (error) one?.reject(new IsthmusError(error.code ?? error.name, error.message));
    else one?.resolve(value as never);
  });
  worker.addEventListener("error", ({ message }) => fail(message || "the worker could not be started"));
  return {
    ask: (method, argument) =>
      new Promise((resolve, reject) => {
        const id = ++asked;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, method, argument } satisfies Question);
      }),
    close: () => {
      worker.terminate();
      fail("the worker was closed");
    },
  };
}
