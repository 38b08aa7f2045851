import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pause } from "./bell.ts";
import type { AgentConfig, ModelConfig } from "./config/config.ts";
import type { LoadedModel } from "./model/loaded-model.ts";
import { ModelKeeper } from "./model/model-keeper.ts";
import { Pipeline } from "./pipeline/pipeline.ts";
import { DiskQueue } from "./queue/disk-queue.ts";
import { Delivery } from "./send/delivery.ts";
import { openTransport } from "./send/open-transport.ts";
import { readSecret } from "./send/secrets.ts";
import { setAsideIn } from "./send/set-aside.ts";
import { readTls } from "./send/tls.ts";
import type { Transport } from "./send/transport.ts";
import { openSource } from "./source/open-source.ts";
import type { Source } from "./source/source.ts";
import { Journal } from "./status/journal.ts";
import type { Snapshot } from "./status/snapshot.ts";
import { StatusSocket } from "./status/status-socket.ts";
import { VERSION } from "./version.ts";

export interface AgentOptions {
  readonly config: AgentConfig;
  readonly stdin: Readable;
  /** Takes lines for the log. */
  readonly log: (line: string) => void;
  /** Asks it to end: what was taken from the source goes into the queue, what can be sent at once is sent. */
  readonly stop: AbortSignal;
}

/** How long it goes on sending once it was asked to end. */
const FAREWELL_MS = 10_000;
const EMPTY_POLL_MS = 100;

/** A device's agent: source to windows to frames to the queue on the disk, and from there to the service. */
export class Agent {
  readonly #config: AgentConfig;
  readonly #options: AgentOptions;
  readonly #journal: Journal;
  readonly #queue: DiskQueue;
  readonly #transport: Transport;
  readonly #delivery: Delivery;
  readonly #keeper: ModelKeeper;
  readonly #source: Source;
  readonly #begun: number = performance.now();
  #pipeline: Pipeline | undefined;
  #wanted: ModelConfig;
  /** Of the model that is being brought, which another makes pointless. */
  #bringing: AbortController | undefined;

  private constructor(options: AgentOptions) {
    const { config, log } = options;
    this.#options = options;
    this.#config = config;
    this.#wanted = config.model;
    this.#journal = new Journal(log);
    const { device, state, queue, send } = config;
    this.#transport = openTransport(config);
    this.#queue = new DiskQueue(join(state, "queue"), {
      device,
      ...queue,
      problem: (kind, message) => this.#journal.problem(kind, message),
    });
    this.#delivery = new Delivery({
      ...{ device, queue: this.#queue, transport: this.#transport, journal: this.#journal },
      setAside: setAsideIn(join(state, "set-aside"), this.#journal),
      ...send,
    });
    this.#keeper = new ModelKeeper({
      ...{ folder: join(state, "models"), journal: this.#journal, token: () => readSecret(send.token) },
      ...{ tls: readTls(send.tls), patienceMs: send.patienceMs, retry: send.retry },
    });
    this.#source = openSource(config, options.stdin, () => this.#pipeline?.model.units);
  }

  /**
   * Runs until the source ends and all is sent, or until it is stopped.
   *
   * @param started given the agent once it runs
   * @throws UsageError another agent in the same state folder, a secret that is not there; IsthmusError a model file that is none
   */
  static async run(options: AgentOptions, started: (agent: Agent) => void = () => undefined): Promise<void> {
    const { state } = options.config;
    mkdirSync(state, { recursive: true, mode: 0o700 });
    let agent: Agent | undefined;
    const socket = await StatusSocket.listen(state, () => agent!.snapshot());
    try {
      agent = new Agent(options);
      started(agent);
      await agent.#run();
    } finally {
      await socket.close();
    }
  }

  async #run(): Promise<void> {
    const { stop } = this.#options;
    const [ended, flushed, abandon] = [new AbortController(), new AbortController(), new AbortController()];
    const flushing = setInterval(() => this.#queue.sync(), this.#config.queue.fsyncMs);
    const farewell = (): void => {
      ended.abort();
      void pause(FAREWELL_MS, abandon.signal).then(() => abandon.abort());
    };
    stop.addEventListener("abort", farewell);
    if (stop.aborted) farewell();
    this.#journal.say(
      `${this.#config.device}: ${this.#source.name} to ${this.#transport.target}; ${this.#queue.frames} frames wait`,
    );
    const delivering = this.#delivery.run(flushed.signal, abandon.signal);
    delivering.catch(() => ended.abort());
    try {
      await this.#encode(ended, abandon.signal);
      if (!stop.aborted) await this.#emptied(stop);
      flushed.abort();
      await delivering;
    } finally {
      abandon.abort();
      clearInterval(flushing);
      stop.removeEventListener("abort", farewell);
      await delivering.catch(() => undefined);
      await this.#transport.close();
      this.#queue.close();
      this.#journal.say(`stopped; ${this.#queue.frames} frames wait`);
    }
  }

  /** All of the source, to its end or to the stop. */
  async #encode(ended: AbortController, abandon: AbortSignal): Promise<void> {
    const model = await this.#firstModel(ended.signal);
    if (!model) return;
    const { frame, source } = this.#config;
    this.#pipeline = new Pipeline({
      ...{ queue: this.#queue, journal: this.#journal, model, source: this.#source.name, stop: abandon, ...frame },
      ...("window" in source && { window: source.window }),
      ...("stride" in source && { stride: source.stride }),
    });
    await this.#keeper.keepOnly(model.id);
    this.#journal.say(`model ${model.id}, ${model.encoder.kernels}`);
    await this.#source.run(this.#pipeline, this.#pipeline.resume(), ended.signal);
    await this.#pipeline.flush();
  }

  /** Until the service has everything. */
  async #emptied(stop: AbortSignal): Promise<void> {
    if (this.#queue.frames > 0)
      this.#journal.say(`the source has ended; ${this.#queue.frames} frames are still to be sent`);
    while (this.#queue.frames > 0 && !stop.aborted) await pause(EMPTY_POLL_MS, stop);
  }

  async #firstModel(ended: AbortSignal): Promise<LoadedModel | undefined> {
    let model: LoadedModel | undefined;
    while (!model && !ended.aborted) model = await this.#brought(ended);
    return model;
  }

  /** The model that is wanted now; `undefined` where it was stopped, or another is wanted meanwhile. */
  async #brought(stop: AbortSignal): Promise<LoadedModel | undefined> {
    const bringing = new AbortController();
    this.#bringing = bringing;
    const stopped = (): void => bringing.abort();
    stop.addEventListener("abort", stopped);
    try {
      const model = await this.#keeper.load(this.#wanted, bringing.signal);
      return bringing.signal.aborted ? undefined : model;
    } finally {
      stop.removeEventListener("abort", stopped);
    }
  }

  /**
   * Brings another model while this one goes on; from the first window after that it is the one that encodes.
   *
   * @throws IsthmusError a file that cannot be read or is no such model: nothing is changed then
   */
  async useModel(wanted: ModelConfig): Promise<void> {
    this.#wanted = wanted;
    this.#bringing?.abort();
    const pipeline = this.#pipeline;
    if (!pipeline) return;
    const model = await this.#brought(this.#options.stop);
    if (!model || model.sha256 === pipeline.model.sha256) return;
    await pipeline.swap(model);
    await this.#keeper.keepOnly(model.id);
    this.#journal.solved("model", "the model can be used");
    this.#journal.say(`model ${model.id} from now on`);
  }

  /** Something that went wrong outside, such as a configuration that cannot be read again. */
  problem(kind: string, message: string): void {
    this.#journal.problem(kind, message);
  }

  snapshot(): Snapshot {
    const [pipeline, queue, delivery] = [this.#pipeline, this.#queue, this.#delivery];
    const model = pipeline?.model;
    const { frames, bytes, oldestSeconds, nextSequence } = queue;
    const { dropped, damaged, diskErrors } = queue.counts;
    return {
      device: this.#config.device,
      version: VERSION,
      pid: process.pid,
      uptimeSeconds: (performance.now() - this.#begun) / 1000,
      model: model ? { id: model.id, sha256: model.sha256, kernels: model.encoder.kernels } : null,
      source: {
        name: this.#source.name,
        rows: pipeline?.counts.rows ?? 0,
        refused: pipeline?.counts.refused ?? 0,
        items: pipeline?.items.total ?? 0,
        itemsPerSecond: pipeline?.items.perSecond ?? 0,
        waiting: pipeline?.unframed ?? 0,
        rawBytes: pipeline?.rawBytes.total ?? 0,
        encodedBytes: pipeline?.encodedBytes.total ?? 0,
      },
      queue: {
        frames,
        bytes,
        limitBytes: this.#config.queue.bytes,
        oldestSeconds,
        nextSequence,
        dropped,
        damaged,
        diskErrors,
      },
      send: {
        target: this.#transport.target,
        stored: delivery.stored.total,
        storedPerSecond: delivery.stored.perSecond,
        bytes: delivery.storedBytes.total,
        bytesPerSecond: delivery.storedBytes.perSecond,
        ...delivery.counts,
        nextTrySeconds: delivery.nextTrySeconds ?? null,
      },
      problems: this.#journal.problems,
    };
  }
}
