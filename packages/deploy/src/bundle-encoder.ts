import { unpackTables } from "@isthmus/codec";
import { featureUnits, parseDescription } from "@isthmus/data";
import type { BundleUnits, EncoderBundle } from "@isthmus/edge";
import { type LatentCoding, latentShape, type Model, modelHashes } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { calibrate, type CalibrateOptions } from "./calibrate.ts";
import type { Grid } from "./grid.ts";
import { lowerFloatNetwork } from "./lower-float-network.ts";
import { lowerNetwork } from "./lower-network.ts";
import { quantiseNetwork } from "./quantise-network.ts";
import { hexBytes, writeBundle } from "./write-bundle.ts";

export interface BundleOptions extends Omit<CalibrateOptions, "outputs"> {
  /** Which of the model's qualities devices encode at. Default: 0. */
  readonly quality?: number;
}

/**
 * What a device needs of a model, as the bytes of an `.isthb` file for `loadEncoder` of `@isthmus/edge`: the encoder in int8, its tables,
 * what its samples mean. The decoder is not in it.
 *
 * @throws IsthmusError `MODEL_NO_CODING` a model without frequency tables; `DEPLOY_OPERATION`, `DEPLOY_CALIBRATION` as `quantiseNetwork`
 *   and `calibrate`
 * @throws RangeError a quality that the model does not have, or an encoder that is no function of items alone
 */
export async function bundleEncoder(
  model: Model,
  { quality = 0, ...calibration }: BundleOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { grid, output, ...parts } = bundleParts(model, quality);
  const network = { program: model.encoder, parameters: model.parameters };
  const ranges = await calibrate(network, { ...calibration, outputs: [output] });
  return writeBundle({
    ...parts,
    plan: lowerNetwork(quantiseNetwork(network, { ranges, outputs: { [output]: grid } })),
  });
}

/**
 * The same in float32: nothing is calibrated, and weights take four times the bytes.
 *
 * @throws IsthmusError `MODEL_NO_CODING`; `DEPLOY_OPERATION` an operation that the runtime of devices does not have, by name
 * @throws RangeError as `bundleEncoder`
 */
export function bundleFloatEncoder(
  model: Model,
  { quality = 0 }: Pick<BundleOptions, "quality"> = {},
): Uint8Array<ArrayBuffer> {
  const { grid, output, ...parts } = bundleParts(model, quality);
  const network = { program: model.encoder, parameters: model.parameters };
  return writeBundle({ ...parts, plan: lowerFloatNetwork(network, { [output]: grid }) });
}

/** All of a bundle but its plan, and which output is coded on which grid. */
function bundleParts(
  model: Model,
  quality: number,
): Omit<EncoderBundle, "sections" | "plan"> & { readonly output: string; readonly grid: Grid } {
  const { encoder: program, coding, data } = model;
  if (!coding)
    throw new IsthmusError("MODEL_NO_CODING", "the model holds no frequency tables, which a device needs to write");
  const { id, encoder, tables, decoder } = modelHashes(model);
  const units = data && bundleUnits(featureUnits(parseDescription(data)));
  return {
    ...{ modelId: id, quality, dims: latentShape(program)!.reduce((size, length) => size * length) },
    hashes: { encoder: hexBytes(encoder), tables: hexBytes(tables), decoder: hexBytes(decoder) },
    ...(units && { units }),
    ...ofQuality(coding, quality),
    output: Object.hasOwn(program.outputs, "mu") ? "mu" : "z",
  };
}

function ofQuality(
  { offsets, steps, tables, qualities = 1 }: LatentCoding,
  quality: number,
): { readonly grid: Grid; readonly tables: EncoderBundle["tables"] } {
  if (!Number.isInteger(quality) || quality < 0 || quality >= qualities) {
    throw new RangeError(`"quality" expected an integer 0 to ${qualities - 1}, got ${quality}`);
  }
  const channels = steps.length / qualities;
  const [from, to] = [quality * channels, (quality + 1) * channels];
  return {
    grid: { steps: steps.subarray(from, to), offsets: offsets.subarray(from, to) },
    tables: unpackTables(tables).slice(from, to),
  };
}

/** In float64, of as many rows as there are. */
function bundleUnits({ offsets, scales, fills }: ReturnType<typeof featureUnits>): BundleUnits {
  return {
    offsets: Float64Array.from(offsets),
    scales: Float64Array.from(scales),
    ...(fills && { fills: Float64Array.from(fills) }),
  };
}
