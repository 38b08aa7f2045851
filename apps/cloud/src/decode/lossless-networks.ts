import { type BitsBackModel, decodeLossless, notesOf } from "@isthmus/codec";
import { joinTiles, type LosslessFile, openLossless, type TileShape } from "@isthmus/compress";
import type { Given, LosslessStream } from "./task.ts";

/** The networks of a lossless coder, in integers. */
export class LosslessNetworks {
  private readonly file: LosslessFile;
  private model: Promise<BitsBackModel> | undefined;

  constructor(file: LosslessFile) {
    this.file = file;
  }

  /** @throws IsthmusError `BITSTREAM_*` */
  async lossless({ stream, maxValues }: Given<"lossless">): Promise<LosslessStream[]> {
    const model = await (this.model ??= openLossless(this.file));
    const { modelId, shape } = this.file;
    const { pixels, values, streams } = decodeLossless(stream, { model, modelId, limits: { symbols: maxValues } });
    let at = 0;
    return streams.map(({ items, ancillary }) => {
      const own = values.slice(at, (at += items * pixels));
      const { geometry } = notesOf(ancillary);
      if (!geometry) return { items, values: own };
      const picture = joinTiles(Float32Array.from(own), geometry, shape as TileShape);
      return { items, geometry, values: Uint8Array.from(picture.values) };
    });
  }

  async close(): Promise<void> {
    this.model = undefined;
  }
}
