import { elementCount } from "@isthmus/graph";
import { channelsOf, type Layer } from "./layers.ts";

/**
 * What an output's integers count: q = round((y - offset) / step), in int32. One number for all, one for each channel of the last layer,
 * or one for each number of the output where channels agree.
 */
export interface Grid {
  readonly steps: ArrayLike<number>;
  /** Default: 0. */
  readonly offsets?: ArrayLike<number>;
}

/** One step and one offset for each channel. */
export interface ChannelGrid {
  readonly steps: Float64Array;
  readonly offsets: Float64Array;
}

/** @throws RangeError another number of numbers, two for one channel, or steps that are not above 0 */
export function channelGrid({ steps, offsets = [0] }: Grid, layer: Layer): ChannelGrid {
  const found = perChannel("steps", steps, layer);
  const wrong = found.find((step) => !(step > 0 && step < Infinity));
  if (wrong !== undefined) throw new RangeError(`"steps" expected finite numbers above 0, got ${wrong}`);
  return { steps: found, offsets: perChannel("offsets", offsets, layer) };
}

function perChannel(name: string, values: ArrayLike<number>, layer: Layer): Float64Array {
  const channels = channelsOf(layer);
  const all = elementCount(layer.end.shape);
  if (![1, channels, all].includes(values.length)) {
    throw new RangeError(`"${name}" expected 1, ${channels} or ${all} numbers, got ${values.length}`);
  }
  const found = Float64Array.from({ length: channels }, (_, c) => values[c % values.length]!);
  for (let i = channels; i < values.length; i++) {
    if (values[i] === found[i % channels]) continue;
    throw new RangeError(
      `"${name}" expected one number for each channel of a convolution, got two for channel ${i % channels}`,
    );
  }
  return found;
}
