import { fitFrequencyTable, type FrequencyTable, packTables } from "@isthmus/codec";
import type { Engine, LatentCoding, Model, Program } from "@isthmus/graph";
import { openNetwork } from "./network.ts";

/** Bins and their probabilities, learned with a model's networks; `quantisation` of a definition of `@isthmus/models`. */
export interface LearnedBins {
  readonly channels: number;
  readonly qualities: number;
  /** Groups of channels that are worth a payload of their own. */
  readonly streams: number;
  /**
   * `symbol` [batch] -> `mass` [batch, qualities, channels], `offsets` [channels], `steps` [qualities, channels] and, where
   * codes are decoded with some, `gains` [qualities, channels].
   */
  readonly program: Program;
}

/** Symbols from -LARGEST to LARGEST may get a frequency of their own; others are escaped. */
const LARGEST = 1000;
/**
 * Of 32 bits the coder's state then keeps one more than a frequency has: with 16 its rounding moves a stream's length by a
 * hundredth from what frequencies say.
 */
const PRECISION = 15;
/** Less than half of a table's least frequency is escaped, so that tables do not pay for symbols that never come. */
const LEAST_MASS = 2 ** -(PRECISION + 1);
/** Masses are counted out of so many; the half that fitting adds to each count is nothing beside them. */
const COUNTS = 2 ** 28;

/**
 * The coding that a model has learned: its bins, and integer tables of its densities. It is stored in the model file and
 * never recomputed, since masses are floating-point numbers.
 */
export async function learnedCoding(
  engine: Engine,
  { channels, qualities, streams, program }: LearnedBins,
  parameters: Model["parameters"],
): Promise<LatentCoding> {
  const network = await openNetwork(engine, program, parameters);
  try {
    const symbol = Float32Array.from({ length: 2 * LARGEST + 1 }, (_, index) => index - LARGEST);
    const { mass, offsets, steps, gains } = (await network.run({ symbol })) as Record<
      "mass" | "offsets" | "steps",
      Float32Array
    > & { readonly gains?: Float32Array };
    const tables = Array.from({ length: qualities * channels }, (_, column) =>
      tableOf(symbol.map((_, row) => mass[row * qualities * channels + column]!)),
    );
    return {
      offsets: Float32Array.from({ length: qualities * channels }, (_, index) => offsets[index % channels]!),
      steps,
      ...(gains && { gains }),
      tables: packTables(tables),
      ...(qualities > 1 && { qualities }),
      ...(streams > 1 && { payloads: streams }),
    };
  } finally {
    network.dispose();
  }
}

/** The middle symbol always has a frequency: a table needs one. */
function tableOf(mass: Float32Array): FrequencyTable {
  const counts = new Map([[0, 1]]);
  mass.forEach((share, index) => {
    if (share >= LEAST_MASS) counts.set(index - LARGEST, Math.round(share * COUNTS));
  });
  return fitFrequencyTable(counts, { precision: PRECISION });
}
