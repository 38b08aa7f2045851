import type { Readable } from "node:stream";
import type { LinesConfig } from "../config/config.ts";
import { rowsOf } from "./line-rows.ts";
import { LineSplitter } from "./line-splitter.ts";
import { rowReader } from "./row-reader.ts";
import type { Sink, Source } from "./source.ts";

/** Lines of a stream, which is read no faster than rows are taken. There is no going back in it. */
export class StdinSource implements Source {
  readonly name = "stdin";
  readonly #config: LinesConfig;
  readonly #stream: Readable;

  constructor(config: LinesConfig, stream: Readable) {
    this.#config = config;
    this.#stream = stream;
  }

  async run(sink: Sink, _: unknown, stop: AbortSignal): Promise<void> {
    const [splitter, reader] = [new LineSplitter(), rowReader(this.#config)];
    const stopped = (): void => void this.#stream.destroy();
    stop.addEventListener("abort", stopped);
    try {
      if (stop.aborted) return;
      for await (const piece of this.#stream) {
        await sink.rows(rowsOf(splitter.push(piece as Buffer), reader, sink));
      }
      await sink.rows(rowsOf(splitter.end(), reader, sink));
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      stop.removeEventListener("abort", stopped);
    }
  }
}
