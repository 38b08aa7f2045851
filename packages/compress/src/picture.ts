import type { Engine, Model } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { type Batches, inferLatents } from "./latents.ts";
import {
  type DecodedLatents,
  type DecodedStream,
  decodeItems,
  type EncodeStreamOptions,
  streamWriter,
} from "./stream.ts";
import {
  joinTiles,
  type Picture,
  requireGeometry,
  requireTiles,
  tileBatches,
  tileGrid,
  type TileShape,
} from "./tiles.ts";
import { decodePicture, inferPicture, type OnShare, pictureRun } from "./whole-picture.ts";

export interface EncodePictureOptions extends Omit<EncodeStreamOptions, "filledRows" | "geometry"> {
  /**
   * Whether the networks run over the picture as one. Default: where they can, and have seen in training what lies away
   * from edges (`pictureRun`).
   */
  readonly seamless?: boolean;
  /** Called with the share that is done, from 0 to 1. */
  readonly onShare?: OnShare;
}

/**
 * The size of a model's tiles: the shape of its items.
 *
 * @throws RangeError for a model whose items are no pictures
 */
export function tileShape({ config }: Pick<Model, "config">): TileShape {
  const shape = config["inputShape"] as readonly number[] | undefined;
  if (shape?.length === 3) return shape as unknown as TileShape;
  throw new RangeError(`"model" expected items of shape [height, width, channels], got [${shape?.join(", ") ?? ""}]`);
}

/**
 * A picture of any size as a stream of a model's items, its tiles, with the picture's size. Where the model is a codec of
 * convolutions alone its networks run over the picture as one, and no tile has an edge; another model's tiles are coded
 * each for itself, and show.
 *
 * @throws IsthmusError, RangeError as `encodeStream` and `cutTiles`; RangeError for a model whose items are no pictures, or
 * for `seamless` of one whose networks cannot run over them
 */
export async function encodePicture(
  engine: Engine,
  model: Model,
  picture: Picture,
  { onShare, seamless, ...options }: EncodePictureOptions = {},
): Promise<Uint8Array> {
  const shape = tileShape(model);
  requireTiles(picture, shape);
  const { height, width, channels } = picture;
  const { possible, learned } = pictureRun(model);
  const asOne = seamless ?? (possible && learned);
  if (asOne && !possible)
    throw new RangeError('"seamless" expected false: the model is no codec of convolutions alone');
  const write = streamWriter(model, { ...options, geometry: { height, width, channels }, seamless: asOne });
  const whole = asOne ? await inferPicture(engine, model, picture, onShare) : undefined;
  return write(whole ?? (await inferTiles(engine, model, picture, onShare)));
}

async function inferTiles(engine: Engine, model: Model, picture: Picture, onShare?: OnShare): Promise<Float32Array> {
  const shape = tileShape(model);
  const [down, across] = tileGrid(picture, shape);
  return (await inferLatents(engine, model, told(tileBatches(picture, shape), down * across, onShare))).values;
}

/** Tells of batches that are done when the next one is asked for. */
function* told(batches: Batches, items: number, onShare?: OnShare): Generator<{ size: number; values: Float32Array }> {
  let done = 0;
  for (const batch of batches) {
    yield batch;
    done += batch.size;
    onShare?.(done / items);
  }
}

/**
 * The pictures of streams that `encodePicture` made, one for each stream, as they are asked for.
 *
 * @param latents such as `decodeStreamLatents` gives
 * @throws IsthmusError `BITSTREAM_GEOMETRY` for a stream that does not say what picture it is of, or has not its tiles
 */
export async function* decodePictures(
  engine: Engine,
  model: Model,
  latents: DecodedLatents,
  onShare?: OnShare,
): AsyncGenerator<Picture, void, undefined> {
  const shape = tileShape(model);
  for (const [index, { geometry, seamless, ...items }] of streamParts(latents).entries()) {
    if (!geometry)
      throw new IsthmusError("BITSTREAM_GEOMETRY", `stream ${index} holds items and no picture`, { index });
    requireGeometry(items.items, geometry, shape);
    const whole = seamless ? await decodePicture(engine, model, items.values, geometry, onShare) : undefined;
    yield whole ?? joinTiles(await decodeItems(engine, model, items), geometry, shape);
  }
}

/** Each stream with its own latents. */
function streamParts({ dims, values, streams = [] }: DecodedLatents): (DecodedStream & DecodedLatents)[] {
  let at = 0;
  return streams.map((stream) => ({ ...stream, dims, values: values.subarray(at, (at += stream.items * dims)) }));
}
