import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type Logger, pino } from "pino";
import { ownSecret, readSecret } from "./auth/secret.ts";
import { Tokens } from "./auth/tokens.ts";
import { Crew } from "./decode/crew.ts";
import { Decoder } from "./decode/decoder.ts";
import { Ingest } from "./ingest/ingest.ts";
import { Metrics } from "./metrics.ts";
import { ModelLibrary } from "./models/model-library.ts";
import type { FrameStore } from "./store/frame-store.ts";
import { Turns } from "./turns.ts";

export interface ServiceOptions {
  /** Folder of the service's own files. */
  readonly data: string;
  /** Folder of models that are there from the beginning. */
  readonly models?: string;
  /** Where frames are kept; closed with the service. */
  readonly store: FrameStore;
  /** A file with the secret that tokens are made with. Default: one in the data folder, made when it is not there. */
  readonly secretFile?: string;
  /** Whether everybody may do everything. Default: false. */
  readonly open?: boolean;
  /** Processes that run networks. Default: one less than the machine's cores. */
  readonly workers?: number;
  /** Numbers that a stream may decode to. Default: 2^25. */
  readonly maxValues?: number;
  /** Default: silent. */
  readonly log?: Logger;
  /** Options of Node for the processes that run networks. Default: those of this one. */
  readonly execArgv?: readonly string[];
}

/** Everything of the service but how it is reached: HTTP, MQTT and pages are put in front of it. */
export interface Service {
  readonly store: FrameStore;
  readonly models: ModelLibrary;
  readonly ingest: Ingest;
  readonly decoder: Decoder;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Undefined where everybody may do everything. */
  readonly tokens: Tokens | undefined;
  readonly maxValues: number;
  /** Of the event loop, for whatever takes long in it. */
  readonly turns: Turns;
  /** Ends the processes, then the store. What stands in front is to have ended before. */
  close(): Promise<void>;
}

const MAX_VALUES = 2 ** 25;

/** The secret that tokens are made with. */
export async function secretOf({ data, secretFile }: Pick<ServiceOptions, "data" | "secretFile">): Promise<Uint8Array> {
  return secretFile === undefined ? await ownSecret(join(data, "secret")) : await readSecret(secretFile);
}

/**
 * Reads the models, and puts the parts together.
 *
 * @throws UsageError, IsthmusError for what cannot be opened or read
 */
export async function openService(options: ServiceOptions): Promise<Service> {
  const { store, models: folder, open = false, maxValues = MAX_VALUES, execArgv } = options;
  const { log = pino({ level: "silent" }), workers = Math.max(1, availableParallelism() - 1) } = options;
  const secret = open ? undefined : await secretOf(options);
  const crew = new Crew({ workers, ...(execArgv && { execArgv }) });
  const close = async (): Promise<void> => {
    crew.close();
    await store.close();
  };
  try {
    const turns = new Turns();
    const metrics = new Metrics();
    const models = new ModelLibrary({ store, crew, maxValues });
    if (folder !== undefined) await models.readFolder(folder);
    const decoder = new Decoder({ crew, onBatch: metrics.onBatch });
    const ingest = new Ingest({ store, models, turns, onResult: metrics.onResult });
    metrics.watchStore(store);
    metrics.watchQueue("isthmus_decode_queue", "Items and tasks that wait to be decoded or are", () => decoder.queued);
    metrics.watchQueue("isthmus_ingest_pending_bodies", "Bodies that are being stored", () => ingest.pendingBodies);
    const tokens = secret && new Tokens(secret, store);
    return { store, models, ingest, decoder, metrics, log, tokens, maxValues, turns, close };
  } catch (error) {
    await close();
    throw error;
  }
}
