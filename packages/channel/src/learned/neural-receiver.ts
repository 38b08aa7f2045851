import type { Engine } from "@isthmus/graph";
import { initialFingerprint } from "@isthmus/train";
import type { Received } from "../channels.ts";
import { greatest, type Receiver } from "../receivers.ts";
import type { ChannelAutoencoderConfig } from "./config.ts";
import { LearnedProgram } from "./learned-program.ts";
import type { LearnedLink } from "./measure-links.ts";

/** A learned receiver that `simulate` and `compareSystems` take; dispose of it when it is no longer used. */
export interface NeuralReceiverOnEngine extends Receiver {
  dispose(): void;
}

/**
 * The receiver of a link on an engine: the message of the largest logit, or the bits whose logits are positive. Its name tells its parameters
 * apart. Where it is told the state of the channel, that is the gains of a channel of real uses.
 *
 * @throws RangeError for a receiver of complex uses that is told a state: simulated channels tell none; TypeError for parameters that are not the model's.
 */
export async function neuralReceiver(
  { definition, parameters }: LearnedLink,
  engine: Engine,
): Promise<NeuralReceiverOnEngine> {
  const { config, decoder } = definition;
  if (config.decoder.state && config.complex)
    throw new RangeError(`"decoder.state" of complex uses is not told in simulations`);
  const network = await LearnedProgram.create(engine, decoder, parameters);
  const columns =
    decoder.inputs["state"] === undefined ? 0 : (decoder.nodes[decoder.inputs["state"]]!.shape[1] as number);
  return {
    name: `neural receiver ${initialFingerprint(parameters).slice(0, 8)}`,
    async decide(received, decisions) {
      const inputs = { received: received.signal, state: stateOf(received, columns), deviation: deviations(received) };
      const { outputs } = await network.run(inputs);
      decide(await outputs["logits"]!.read(), decisions, config);
    },
    dispose: () => network.dispose(),
  };
}

/** The first `columns` gains of each block. */
function stateOf({ gains, blocks, columns: all }: Received, columns: number): Float32Array {
  if (columns === 0) return new Float32Array();
  if (!gains) throw new RangeError(`the receiver expected a channel that tells its gains, got none`);
  return Float32Array.from(
    { length: blocks * columns },
    (_, at) => gains[Math.floor(at / columns) * all + (at % columns)]!,
  );
}

function deviations({ deviation, blocks }: Received): Float32Array {
  return new Float32Array(blocks).fill(deviation);
}

function decide(logits: Float32Array, decisions: Uint32Array, { loss, k }: ChannelAutoencoderConfig): void {
  if (loss === "messages") return greatest(logits, 2 ** k, decisions);
  for (let block = 0; block < decisions.length; block++) {
    let message = 0;
    for (let bit = 0; bit < k; bit++) if (logits[block * k + bit]! > 0) message |= 1 << bit;
    decisions[block] = message;
  }
}
