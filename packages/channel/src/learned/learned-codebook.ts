import { interpret } from "@isthmus/graph";
import { codebook, type Codebook } from "../codebook.ts";
import { constraintOf } from "../layers/normalise.ts";
import { requirePower } from "../power.ts";
import type { ChannelAutoencoder } from "./channel-autoencoder.ts";
import { type Parameters, trainedTensor } from "./learned-program.ts";

/**
 * The transmitter as a value: the signal of every message, labelled with the message's own number. Computed in float64.
 *
 * @throws IsthmusError `CHANNEL_POWER` when it spends more than its normalisation allows; TypeError for parameters that are not the model's.
 */
export function learnedCodebook(
  { config, codebook: program }: ChannelAutoencoder,
  parameters: Parameters,
  name = "learned",
): Codebook {
  const state = Object.fromEntries(Object.keys(program.state).map((key) => [key, trainedTensor(parameters, key)]));
  const { data, shape } = interpret(program, { inputs: {}, state, batch: 1 }).outputs["codebook"]!;
  const columns = shape[1]!;
  const rows = Array.from({ length: shape[0]! }, (_, m) => data.subarray(m * columns, (m + 1) * columns));
  const book = codebook(rows, { name, complex: config.complex });
  requirePower(book, constraintOf(config.normalize, config.complex));
  return book;
}
