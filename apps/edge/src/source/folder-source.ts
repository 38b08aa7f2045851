import { type ImagesDescription } from "@isthmus/data";
import { loadImage } from "@isthmus/data/node";
import { IsthmusError } from "@isthmus/math";
import { copyFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pause } from "../bell.ts";
import type { FolderConfig } from "../config/config.ts";
import { isOutside } from "../errors.ts";
import { DoneFiles, type SeenFile } from "./done-files.ts";
import type { Sink, Source } from "./source.ts";

/** What goes with a run from its begin to its end. */
interface Run {
  readonly sink: Sink;
  readonly stop: AbortSignal;
  readonly done: DoneFiles;
}

const PICTURE = /^[^.].*\.(png|jpe?g|webp)$/i;

/**
 * Pictures that come into a folder, the oldest first. One is taken when it has not grown since the last look, and is moved away, deleted or remembered once it
 * is in the queue; which are between is in the queue with them.
 */
export class FolderSource implements Source {
  readonly name: string;
  readonly #config: FolderConfig;
  readonly #donePath: string;
  readonly #description: ImagesDescription;
  /** As they were at the last look. */
  #seen: Map<string, SeenFile> = new Map();
  /** Given, but not yet in the queue. */
  #given: SeenFile[] = [];

  /** @param donePath where to remember pictures that are kept in the folder */
  constructor(config: FolderConfig, donePath: string) {
    this.name = `folder:${config.path}`;
    this.#config = config;
    this.#donePath = donePath;
    const { width, height, channels, fit } = config;
    this.#description = {
      version: 1,
      item: { kind: "images", width, height, channels },
      reading: { fit },
      writing: {},
      source: {},
    };
  }

  async run(sink: Sink, from: Readonly<Record<string, unknown>> | undefined, stop: AbortSignal): Promise<void> {
    const run = { sink, stop, done: await DoneFiles.open(this.#donePath) };
    await this.#settle(await this.#stillThere((from?.["files"] ?? []) as SeenFile[]), run);
    while (!stop.aborted) {
      for (const file of await this.#ready(run)) {
        if (stop.aborted) return;
        await this.#give(file, run);
      }
      await pause(this.#config.pollMs, stop);
    }
  }

  /** Pictures that are as they were at the last look, and not dealt with. */
  async #ready({ sink, done }: Run): Promise<SeenFile[]> {
    const names = (await this.#names(sink)).filter((name) => PICTURE.test(name));
    done.forgetAllBut(new Set(names));
    const before = this.#seen;
    const found = (await Promise.all(names.map((name) => this.#look(name)))).filter((file) => file !== undefined);
    this.#seen = new Map(found.map((file) => [file.name, file]));
    const isGiven = (file: SeenFile) => this.#given.some(({ name }) => name === file.name);
    return found
      .filter((file) => isSame(file, before.get(file.name)) && !done.has(file) && !isGiven(file))
      .sort((a, b) => a.modified - b.modified || (a.name < b.name ? -1 : 1));
  }

  async #names(sink: Sink): Promise<string[]> {
    try {
      return await readdir(this.#config.path);
    } catch (error) {
      if (!isOutside(error)) throw error;
      sink.waiting(error.message);
      return [];
    }
  }

  /** Tries until it works, such as on a disk that is full: a picture that is not dealt with would be taken again. */
  async #insisting({ sink, stop }: Run, work: () => Promise<void>): Promise<void> {
    do {
      try {
        return await work();
      } catch (error) {
        if (!isOutside(error)) throw error;
        sink.waiting(error.message);
      }
      await pause(this.#config.pollMs, stop);
    } while (!stop.aborted);
  }

  async #look(name: string): Promise<SeenFile | undefined> {
    const found = await stat(join(this.#config.path, name)).catch(() => undefined);
    return found?.isFile() && found.size > 0
      ? { name, bytes: found.size, modified: Math.round(found.mtimeMs) }
      : undefined;
  }

  async #give(file: SeenFile, run: Run): Promise<void> {
    const samples = await this.#samples(file, run.sink);
    if (!samples) return await this.#refuse(file, run);
    this.#given.push(file);
    await run.sink.item({
      samples,
      time: 1000 * file.modified,
      next: { files: [...this.#given] },
      queued: async () => {
        this.#given = this.#given.filter((one) => one !== file);
        await this.#settle([file], run);
      },
    });
  }

  async #samples(file: SeenFile, sink: Sink): Promise<Uint8Array | undefined> {
    try {
      return (await loadImage(join(this.#config.path, file.name), this.#description)).values as Uint8Array;
    } catch (error) {
      if (!(error instanceof IsthmusError)) throw error;
      sink.refused(error.message);
      return undefined;
    }
  }

  async #refuse(file: SeenFile, run: Run): Promise<void> {
    await this.#insisting(run, async () => {
      if (this.#config.done === "keep") await run.done.add([file]);
      else await this.#move(file, this.#config.refusedFolder);
    });
  }

  /** They are in the queue. */
  async #settle(files: readonly SeenFile[], run: Run): Promise<void> {
    const { done: how, path, doneFolder } = this.#config;
    if (files.length === 0) return;
    if (how === "keep") return await this.#insisting(run, () => run.done.add(files));
    for (const file of files) {
      await this.#insisting(run, () =>
        how === "delete" ? rm(join(path, file.name), { force: true }) : this.#move(file, doneFolder),
      );
    }
  }

  async #move({ name, modified }: SeenFile, folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    const isTaken = await stat(join(folder, name)).then(
      () => true,
      () => false,
    );
    const [from, to] = [join(this.#config.path, name), join(folder, isTaken ? `${modified}-${name}` : name)];
    try {
      await rename(from, to);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return;
      if (code !== "EXDEV") throw error;
      await copyFile(from, to);
      await rm(from, { force: true });
    }
  }

  async #stillThere(files: readonly SeenFile[]): Promise<SeenFile[]> {
    const found = await Promise.all(
      files.map(async (file) => (isSame(file, await this.#look(file.name)) ? file : undefined)),
    );
    return found.filter((file) => file !== undefined);
  }
}

function isSame(one: SeenFile, other: SeenFile | undefined): boolean {
  return other !== undefined && one.bytes === other.bytes && one.modified === other.modified;
}
