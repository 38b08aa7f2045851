/** A process that runs networks for the service: one task at a time, in the order in which they come. */
import { isLosslessFile, readLosslessFile } from "@isthmus/compress";
import { readModelFile } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { LatentNetworks } from "./latent-networks.ts";
import { LosslessNetworks } from "./lossless-networks.ts";
import { losslessFacts, type ModelFacts, modelFacts } from "./model-facts.ts";
import type { Given, TaskName } from "./task.ts";

/** To a process: open a model's file before its tasks, close it again, or do a task. */
export type Order =
  | { readonly order: "open"; readonly id: string; readonly file: Uint8Array }
  | { readonly order: "close"; readonly id: string }
  | { readonly order: "do"; readonly name: TaskName; readonly id: string; readonly given: unknown };

/** From a process, to each task, one after the other. */
export type Answer =
  | { readonly made: unknown }
  | { readonly code: string; readonly message: string; readonly details: Readonly<Record<string, unknown>> };

type Networks = Partial<Record<TaskName, (given: never) => Promise<unknown>>> & { close(): Promise<void> };

const opened = new Map<string, Networks>();
let last: Promise<void> = Promise.resolve();

process.on("message", (order: Order) => {
  last = last.then(() => follow(order));
});
// The service has ended, however that came about.
process.on("disconnect", () => process.exit());
// Control-C reaches the whole group of processes; the service lets us end when it has.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);

async function follow(order: Order): Promise<void> {
  if (order.order === "do") return void process.send!(await answerTo(order.name, order.id, order.given));
  await opened.get(order.id)?.close();
  opened.delete(order.id);
  if (order.order === "open") opened.set(order.id, networksOf(order.file));
}

async function answerTo(name: TaskName, id: string, given: unknown): Promise<Answer> {
  try {
    if (name === "inspect") return { made: factsOf((given as Given<"inspect">).file) };
    const networks = opened.get(id);
    const run = networks?.[name];
    if (!run) throw new IsthmusError("MODEL_NOT_SERVED", `model ${id} has no ${name}`);
    return { made: await run.call(networks, given as never) };
  } catch (error) {
    if (error instanceof IsthmusError) return { code: error.code, message: error.message, details: error.details };
    const isUnfit = error instanceof RangeError && name === "bundle";
    if (isUnfit) return { code: "DEPLOY_ENCODER", message: error.message, details: {} };
    return { code: "DECODE_FAILED", message: error instanceof Error ? error.message : String(error), details: {} };
  }
}

/** A file that was inspected before: what is wrong with it would have been said then. */
function networksOf(file: Uint8Array): Networks {
  if (isLosslessFile(file)) return new LosslessNetworks(readLosslessFile(file)) as Networks;
  return new LatentNetworks(readModelFile(file)) as Networks;
}

function factsOf(file: Uint8Array): ModelFacts {
  return isLosslessFile(file) ? losslessFacts(readLosslessFile(file)) : modelFacts(readModelFile(file));
}
