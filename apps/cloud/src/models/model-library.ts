import { UsageError } from "@isthmus/command-line/node";
import { readFileBytes } from "@isthmus/data/node";
import { readBundle } from "@isthmus/edge";
import { IsthmusError } from "@isthmus/math";
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Crew } from "../decode/crew.ts";
import type { ModelFacts } from "../decode/model-facts.ts";
import type { FrameStore, ModelPart } from "../store/frame-store.ts";
import { type Models, ServedModel } from "./served-model.ts";

export interface LibraryParts {
  readonly store: Pick<FrameStore, "model" | "putModel" | "models">;
  readonly crew: Pick<Crew, "do">;
  readonly maxValues: number;
}

/** How many models are kept ready, and for how long it is believed that one is not there. */
const MOST_READY = 64;
const MISSING_MS = 1000;
const MOST_MISSING = 10_000;

/** A whole file with what it is known by. */
export interface KnownFile {
  readonly bytes: Uint8Array;
  /** Base64. */
  readonly sha256: string;
}

/**
 * Models by their ids: those of a folder, which is read once, and those that operators upload, which the store keeps for all instances.
 * An id is looked up among those that were found, and never becomes a path.
 */
export class ModelLibrary implements Models<ServedModel> {
  private readonly parts: LibraryParts;
  /** Of the folder: where the files are that were found in it. */
  private readonly found: Readonly<Record<ModelPart, Map<string, string>>> = { model: new Map(), bundle: new Map() };
  /** The model used last is last. */
  private readonly ready = new Map<string, Promise<ServedModel | undefined>>();
  private readonly missing = new Map<string, number>();

  constructor(parts: LibraryParts) {
    this.parts = parts;
  }

  /**
   * Takes in the models, `.safetensors`, and bundles, `.isthb`, of a folder, instead of those of a folder before.
   *
   * @throws UsageError, IsthmusError naming a file that cannot be served
   */
  async readFolder(folder: string): Promise<void> {
    const names = await readdir(folder).catch((error: Error) => {
      throw new UsageError(`cannot read the folder ${folder}: ${error.message}`);
    });
    const found = { model: new Map<string, string>(), bundle: new Map<string, string>() };
    for (const name of names.sort()) {
      const path = join(folder, name);
      const facts = extname(name) === ".safetensors" ? await this.inspect(path) : undefined;
      if (facts) found.model.set(facts.id, path);
      if (extname(name) === ".isthb") found.bundle.set(bundleModel(await readFileBytes(path)), path);
    }
    for (const part of ["model", "bundle"] as const) {
      this.found[part].clear();
      for (const [id, path] of found[part]) this.found[part].set(id, path);
    }
    this.forget();
  }

  /** Undefined for what is no model at all, such as a checkpoint of its training. */
  private async inspect(path: string): Promise<ModelFacts | undefined> {
    const file = await readFileBytes(path);
    try {
      return await this.parts.crew.do("inspect", { file });
    } catch (error) {
      if (!(error instanceof IsthmusError)) throw error;
      if (error.code === "MODEL_FILE_FORMAT") return undefined;
      throw new IsthmusError(error.code, `${path}: ${error.message}`, error.details, { cause: error });
    }
  }

  private forget(): void {
    this.ready.clear();
    this.missing.clear();
  }

  async find(id: string): Promise<ServedModel | undefined> {
    const known = this.ready.get(id);
    if (!known && (this.missing.get(id) ?? 0) > performance.now()) return undefined;
    const looked = known ?? this.open(id);
    this.ready.delete(id);
    this.ready.set(id, looked);
    if (this.ready.size > MOST_READY) this.ready.delete([...this.ready.keys()][0]!);
    const model = await looked;
    if (!model) this.ready.delete(id);
    return model;
  }

  /** Files of a name that is none are not asked for. A failure is not remembered. */
  private async open(id: string): Promise<ServedModel | undefined> {
    try {
      const file = await this.file(id, "model");
      if (file) return this.served(await this.parts.crew.do("inspect", { file }));
    } catch (error) {
      this.ready.delete(id);
      throw error;
    }
    if (this.missing.size >= MOST_MISSING) this.missing.clear();
    this.missing.set(id, performance.now() + MISSING_MS);
    return undefined;
  }

  private served(facts: ModelFacts): ServedModel {
    const { crew, maxValues } = this.parts;
    const file = async (): Promise<Uint8Array> => {
      const bytes = await this.file(facts.id, "model");
      if (bytes) return bytes;
      throw new IsthmusError("STORE_UNAVAILABLE", `model ${facts.id} is no longer there`);
    };
    return new ServedModel({ facts, file, crew, maxValues });
  }

  /** A model's file, or its bundle's; undefined where there is none. @throws IsthmusError `STORE_UNAVAILABLE`, `FILE_READ` */
  async file(id: string, part: ModelPart): Promise<Uint8Array | undefined> {
    const path = this.found[part].get(id);
    return path === undefined ? await this.parts.store.model(id, part) : await readFileBytes(path);
  }

  async known(id: string): Promise<KnownFile | undefined> {
    return knownFile(await this.file(id, "model"));
  }

  /**
   * What devices are to have of a model: the bundle that an operator has made, where its quality is the one asked for or none is asked
   * for; else one in float32.
   *
   * @throws IsthmusError as `ServedModel.bundle`
   */
  async bundle(id: string, quality?: number): Promise<KnownFile | undefined> {
    const kept = await this.file(id, "bundle");
    if (kept && (quality === undefined || readBundle(kept).quality === quality)) return knownFile(kept);
    const model = await this.find(id);
    return model && (quality ?? 0) < model.qualities ? knownFile(await model.bundle(quality ?? 0)) : undefined;
  }

  /** Those of the folder and of the store, ordered. */
  async ids(): Promise<string[]> {
    return [...new Set([...this.found.model.keys(), ...(await this.parts.store.models())])].sort();
  }

  /**
   * Keeps a model for all instances.
   *
   * @returns whether it was there before
   * @throws IsthmusError for a file that is no model or cannot be served; `MODEL_ID` for another model than that of the id
   */
  async put(id: string, file: Uint8Array): Promise<boolean> {
    const facts = await this.parts.crew.do("inspect", { file });
    requireId(id, facts.id);
    const before = await this.find(id);
    if (!before) await this.parts.store.putModel(id, "model", file);
    this.missing.delete(id);
    return before !== undefined;
  }

  /** Keeps what devices are to have of a model; returns and throws as `put`, `BUNDLE_*` for what is no bundle. */
  async putBundle(id: string, file: Uint8Array): Promise<boolean> {
    requireId(id, bundleModel(file));
    const before = await this.file(id, "bundle");
    await this.parts.store.putModel(id, "bundle", file);
    return before !== undefined;
  }
}

function knownFile(bytes: Uint8Array | undefined): KnownFile | undefined {
  return bytes && { bytes, sha256: createHash("sha256").update(bytes).digest("base64") };
}

function requireId(expected: string, got: string): void {
  if (got !== expected) throw new IsthmusError("MODEL_ID", `the file is of model ${got}, not of ${expected}`, { got });
}

/** @throws IsthmusError `BUNDLE_*`, `TABLE_INVALID`, `PLAN_*` */
function bundleModel(file: Uint8Array): string {
  return Buffer.from(readBundle(file).modelId).toString("hex");
}
