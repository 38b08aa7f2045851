import { type Engine, latentShape, type Model } from "@isthmus/graph";
import { openNetwork } from "./network.ts";

/** Items in batches; `@isthmus/data`'s `batches` gives them. `values`: [size, ...shape], may be reused by the next. */
export type Batches = Iterable<{ readonly size: number; readonly values: Float32Array }>;

/** Items of one array, [items, ...shape], in batches; views of it. */
export function* batchesOf(
  values: Float32Array,
  itemSize: number,
  batchSize: number,
): Generator<{ readonly size: number; readonly values: Float32Array }, void, undefined> {
  for (let from = 0; from < values.length; from += batchSize * itemSize) {
    const part = values.subarray(from, from + batchSize * itemSize);
    yield { size: part.length / itemSize, values: part };
  }
}

/** What an encoder says of items. */
export interface InferredLatents {
  readonly items: number;
  readonly dims: number;
  /** Dimension i is of channel i mod channels. As many as `dims`, but for codes of shape [..., channels]. */
  readonly channels?: number;
  /** The code, [items, dims]: the posterior's mean for a VAE. */
  readonly values: Float32Array;
  /** Mean posterior variance per dimension, for a VAE. */
  readonly posteriorVariance?: Float64Array;
}

/** The part of a model that encoding needs. */
export type EncoderModel = Pick<Model, "encoder" | "parameters">;

/** Runs the encoder over `batches`. */
export async function inferLatents(engine: Engine, model: EncoderModel, batches: Batches): Promise<InferredLatents> {
  const network = await openNetwork(engine, model.encoder, model.parameters);
  const { dims, channels } = codeOf(model);
  const parts: Float32Array[] = [];
  const variance = new Float64Array(dims);
  let hasVariance = false;
  try {
    for (const { values } of batches) {
      const { mu, z, logVar } = await network.run({ x: values });
      parts.push((mu ?? z) as Float32Array);
      hasVariance ||= logVar !== undefined;
      logVar?.forEach((value, index) => (variance[index % dims]! += Math.exp(value)));
    }
  } finally {
    network.dispose();
  }
  const values = concatenate(parts);
  const items = values.length / dims;
  return {
    items,
    dims,
    channels,
    values,
    ...(hasVariance ? { posteriorVariance: variance.map((sum) => sum / items) } : {}),
  };
}

/**
 * Size of a model's code.
 *
 * @throws RangeError when the encoder has none
 */
export function latentDims(model: Pick<Model, "encoder">): number {
  return codeOf(model).dims;
}

function codeOf({ encoder }: Pick<Model, "encoder">): { dims: number; channels: number } {
  const shape = latentShape(encoder);
  if (!shape) throw new RangeError(`"model.encoder" has no output "mu" or "z" of shape [batch, ...]`);
  return { dims: shape.reduce((size, length) => size * length), channels: shape.at(-1)! };
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
