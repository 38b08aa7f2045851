import { readFileBytes, writeFileAtomic } from "@isthmus/data/node";
import { IsthmusError } from "@isthmus/math";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { pause } from "../bell.ts";
import { isOutside } from "../errors.ts";
import type { ModelConfig } from "../config/config.ts";
import { backoffMs, type Waiting } from "../send/backoff.ts";
import type { TlsOptions } from "../send/tls.ts";
import { SendError } from "../send/transport.ts";
import type { Journal } from "../status/journal.ts";
import { fetchBundle } from "./fetch-bundle.ts";
import { type LoadedModel, loadModel } from "./loaded-model.ts";

export interface ModelKeeperOptions {
  /** Of the bundles that were fetched. */
  readonly folder: string;
  readonly journal: Journal;
  readonly token: () => string | undefined;
  readonly tls: TlsOptions;
  readonly patienceMs: number;
  readonly retry: Waiting;
}

/** Brings models: from a file, from those that were fetched before, or from the service, for which it waits. */
export class ModelKeeper {
  readonly #options: ModelKeeperOptions;

  constructor(options: ModelKeeperOptions) {
    this.#options = options;
  }

  /**
   * @returns `undefined` where `signal` was aborted before there was one
   * @throws IsthmusError a file that cannot be read or is no such model
   */
  async load(wanted: ModelConfig, signal: AbortSignal): Promise<LoadedModel | undefined> {
    if (wanted.bundle !== undefined) return await loadModel(await readFileBytes(wanted.bundle), wanted);
    return (await this.#kept(wanted)) ?? (await this.#fetched(wanted, signal));
  }

  /** Removes all fetched bundles but this one's. */
  async keepOnly(id: string): Promise<void> {
    const names = await readdir(this.#options.folder).catch(() => []);
    for (const name of names) if (name !== `${id}.isthb`) await rm(join(this.#options.folder, name), { force: true });
  }

  #pathOf({ id }: ModelConfig): string {
    return join(this.#options.folder, `${id!}.isthb`);
  }

  /** One that was fetched before; damaged ones do not count. */
  async #kept(wanted: ModelConfig): Promise<LoadedModel | undefined> {
    try {
      return await loadModel(await readFileBytes(this.#pathOf(wanted)), wanted);
    } catch (error) {
      if (!(error instanceof IsthmusError)) throw error;
      if (error.details["reason"] !== "ENOENT")
        this.#options.journal.problem("model", `the model kept here is fetched again: ${error.message}`);
      return undefined;
    }
  }

  async #fetched(wanted: ModelConfig, signal: AbortSignal): Promise<LoadedModel | undefined> {
    const { journal, retry } = this.#options;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        const model = await this.#fetch(wanted, signal);
        journal.solved("model", `model ${model.id} was fetched`);
        return model;
      } catch (error) {
        if (!(error instanceof SendError || isOutside(error))) throw error;
        if (!signal.aborted) journal.problem("model", `model ${wanted.id!} cannot be fetched: ${error.message}`);
        await pause(backoffMs(failures, retry), signal);
      }
    }
    return undefined;
  }

  /** Written only once it is known to be the model that was asked for. */
  async #fetch(wanted: ModelConfig, signal: AbortSignal): Promise<LoadedModel> {
    const { folder, token, tls, patienceMs } = this.#options;
    const bytes = await fetchBundle({ url: wanted.url!, id: wanted.id!, token: token(), tls, patienceMs, signal });
    const model = await loadModel(bytes, wanted);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileAtomic(this.#pathOf(wanted), bytes);
    return model;
  }
}
