import { dense, type GraphBuilder, type Node } from "@isthmus/graph";
import { normalise } from "../layers/normalise.ts";
import type { ChannelAutoencoderConfig } from "./config.ts";

/**
 * Every message's signal, [2^k, dimensions], complex uses as real and imaginary part side by side.
 *
 * @param prefix Of its parameters' names, where there are several transmitters.
 */
export function transmitterCodebook(build: GraphBuilder, config: ChannelAutoencoderConfig, prefix = ""): Node {
  return normalise(build, signals(build, config, `${prefix}encoder`), config.normalize, config);
}

/** The signals of a batch: labels i32 [batch] -> [batch, dimensions]. */
export function transmitted(build: GraphBuilder, codebook: Node, label: Node): Node {
  return build.gather(codebook, label);
}

/** Real dimensions of a block. */
function dimensionsOf({ n, complex }: ChannelAutoencoderConfig): number {
  return complex ? 2 * n : n;
}

/** Before normalisation. Layers on unit vectors: the first layer's rows are its kernel's. */
function signals(build: GraphBuilder, config: ChannelAutoencoderConfig, side: string): Node {
  const { encoder, encoderHidden } = config;
  const sizes = [...encoderHidden, dimensionsOf(config)];
  const [first, rest] = [sizes[0]!, sizes.slice(1)];
  const rows =
    encoder === "embedding"
      ? vectors(build, config, first, side)
      : firstLayer(build, config, first, rest.length > 0, side);
  return rest.reduce(
    (h, units, index) =>
      index === rest.length - 1
        ? dense(build, h, { name: `${side}.z`, units })
        : dense(build, h, { name: `${side}.dense${index + 1}`, units, activation: "relu" }),
    rows,
  );
}

/** Of variance 1 / units, so that they start with length about 1. */
function vectors(build: GraphBuilder, { k }: ChannelAutoencoderConfig, units: number, side: string): Node {
  const init = { kind: "uniform", limit: Math.sqrt(3 / units) } as const;
  return build.state(`${side}.table`, { shape: [2 ** k, units], init });
}

function firstLayer(
  build: GraphBuilder,
  { k }: ChannelAutoencoderConfig,
  units: number,
  isHidden: boolean,
  side: string,
): Node {
  const name = isHidden ? `${side}.dense0` : `${side}.z`;
  const init = { kind: "uniform", limit: 1 / Math.sqrt(2 ** k) } as const;
  const kernel = build.state(`${name}.kernel`, { shape: [2 ** k, units], init });
  const biased = build.add(kernel, build.state(`${name}.bias`, { shape: [units], init }));
  return isHidden ? build.relu(biased) : biased;
}
