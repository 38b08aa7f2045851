import { stat } from "node:fs/promises";
import { pause } from "../bell.ts";
import type { FileConfig } from "../config/config.ts";
import { rowsOf } from "./line-rows.ts";
import { LineSplitter } from "./line-splitter.ts";
import { type RowReader, rowReader } from "./row-reader.ts";
import type { Sink, Source } from "./source.ts";
import { findFile, type FilePosition, TailedFile } from "./tailed-file.ts";

/** Lines that are added to a file. It may be renamed and begun anew, or cut to nothing; a restart goes on behind the rows that are in the queue. */
export class FileSource implements Source {
  readonly name: string;
  readonly #config: FileConfig;
  readonly #reader: RowReader;

  constructor(config: FileConfig) {
    this.name = `file:${config.path}`;
    this.#config = config;
    this.#reader = rowReader(config);
  }

  async run(sink: Sink, from: Readonly<Record<string, unknown>> | undefined, stop: AbortSignal): Promise<void> {
    let file = await this.#first(positionIn(from), sink, stop);
    while (file && !stop.aborted) {
      const next = await this.#readAll(file, sink, stop);
      await file.close();
      file = next ? await this.#opened(0, sink, stop) : undefined;
    }
    await file?.close();
  }

  async #first(from: FilePosition | undefined, sink: Sink, stop: AbortSignal): Promise<TailedFile | undefined> {
    const known = from && (await findFile(this.#config.path, from));
    if (known !== undefined) return await TailedFile.open(known, from!.offset);
    if (from || this.#config.from === "start") return await this.#opened(0, sink, stop);
    const size = await stat(this.#config.path).then(
      ({ size: bytes }) => bytes,
      () => 0,
    );
    return await this.#opened(size, sink, stop);
  }

  /** Waits for a file of this name. */
  async #opened(offset: number, sink: Sink, stop: AbortSignal): Promise<TailedFile | undefined> {
    while (!stop.aborted) {
      try {
        return await TailedFile.open(this.#config.path, offset);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        if (!this.#config.follow) throw error;
        sink.waiting("there is no such file yet");
      }
      await pause(this.#config.pollMs, stop);
    }
    return undefined;
  }

  /** Reads a file until another has its name, or it is cut short; whether there is another then. */
  async #readAll(file: TailedFile, sink: Sink, stop: AbortSignal): Promise<boolean> {
    this.#reader.begin();
    if (file.offset > 0) await this.#learnHeader(file);
    const splitter = new LineSplitter(file.offset);
    const give = (lines: ReturnType<LineSplitter["end"]>): Promise<void> =>
      sink.rows(rowsOf(lines, this.#reader, sink, (offset) => file.position(offset)));
    let isReplaced = false;
    while (!stop.aborted) {
      const bytes = await file.read();
      if (bytes.length > 0) {
        await give(splitter.push(bytes));
      } else if (isReplaced || !this.#config.follow) {
        await give(splitter.end());
        return isReplaced;
      } else if (await file.isShorter()) {
        return true;
      } else {
        // Once another file has the name this one is read to its end once more: something may have come between.
        isReplaced = await this.#isReplaced(file);
        if (!isReplaced) await pause(this.#config.pollMs, stop);
      }
    }
    return false;
  }

  async #learnHeader(file: TailedFile): Promise<void> {
    const first = this.#config.format === "csv" && this.#config.header ? await file.firstLine() : undefined;
    if (first !== undefined) rowsOf([{ text: first, start: 0, end: 0 }], this.#reader, { refused: () => undefined });
  }

  async #isReplaced(file: TailedFile): Promise<boolean> {
    const found = await stat(this.#config.path).catch(() => undefined);
    return found !== undefined && found.ino !== file.inode;
  }
}

function positionIn(from: Readonly<Record<string, unknown>> | undefined): FilePosition | undefined {
  const { inode, offset, head } = from ?? {};
  const isPosition = typeof inode === "number" && typeof offset === "number" && typeof head === "number";
  return isPosition ? { inode, offset, head } : undefined;
}
