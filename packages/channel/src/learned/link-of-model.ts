import type { Model } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import type { GivenOwnChannel } from "../channel-layers/channel.ts";
import { CHANNEL_AUTOENCODER, channelAutoencoder } from "./channel-autoencoder.ts";
import type { ChannelAutoencoderConfig, GivenChannelAutoencoder } from "./config.ts";
import type { LearnedLink } from "./measure-links.ts";

/**
 * The link that a model file holds (`toModel` of `@isthmus/train` makes what is written there).
 *
 * @param channel The function that a link over a channel of the user's was trained with.
 * @throws IsthmusError `CHANNEL_MODEL` for a model of another kind; TypeError, RangeError for a configuration that is none, such as one with a
 * channel of the user's that is not given.
 */
export function linkOfModel(
  model: Pick<Model, "kind" | "config" | "parameters">,
  channel?: GivenOwnChannel,
): LearnedLink {
  const { kind, parameters } = model;
  if (kind !== CHANNEL_AUTOENCODER) {
    throw new IsthmusError("CHANNEL_MODEL", `expected a model of kind ${CHANNEL_AUTOENCODER}, got ${kind}`, { kind });
  }
  const config = model.config as unknown as ChannelAutoencoderConfig;
  const given = { ...config, ...(channel && { channel }) } as GivenChannelAutoencoder;
  return { definition: channelAutoencoder(given), parameters };
}
