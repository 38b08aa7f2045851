import { UsageError } from "@isthmus/command-line/node";
import { ndArray, ndArrayOps } from "@isthmus/math";
import { classesOf, hasStandardNormalPrior, isToldImage, type Told } from "../trained.ts";
import type { ItemPicture } from "./picture.ts";
import { decodeAll, type Subject } from "./subject.ts";

export interface ManifoldOptions {
  /** Rows and columns. */
  readonly size: number;
  /** Two latents, from 1. */
  readonly dims: readonly [number, number];
  /** For a conditional model. */
  readonly label?: number;
}

/**
 * The decoder over a plane of the prior: two latents at the quantiles of N(0, 1) of evenly spaced probabilities, so that
 * every image stands for as much of the prior as any other; the other latents are 0.
 */
export async function manifold(subject: Subject, options: ManifoldOptions): Promise<ItemPicture> {
  const { size, dims, label = 0 } = options;
  const latents = latentsOf(subject);
  if (!hasStandardNormalPrior(subject.model)) {
    throw new UsageError(
      `${subject.path} is of kind "${subject.model.kind}", which has no prior N(0, I); try plot sheet`,
    );
  }
  const strange = dims.find((index) => index > latents);
  if (strange !== undefined) throw new UsageError(`--dims expected latents from 1 to ${latents}, got ${strange}`);
  const told = toldLabel(subject, label);
  const at = quantiles(size);
  const codes = Array.from({ length: size * size }, (_, cell) => {
    const z = new Float64Array(latents);
    z[dims[0] - 1] = at[cell % size]!;
    // Upwards, as in a chart.
    z[dims[1] - 1] = at[size - 1 - Math.floor(cell / size)]!;
    return z;
  });
  return {
    kind: "items",
    images: { shape: subject.shape, values: await decodeAll(subject, codes, told) },
    grid: { columns: size, gap: 0 },
    alt: `${size} by ${size} decodings over the plane of z${dims[0]} and z${dims[1]}, from ${at[0]!.toFixed(2)} to ${at[size - 1]!.toFixed(2)}`,
  };
}

/** Throws `UsageError` for a class that a conditional model does not know, and for a model that is told more than a class. */
function toldLabel({ model, path }: Subject, label: number): Told {
  if (isToldImage(model)) throw new UsageError(`${path} is told a part of an image; try plot traversals`);
  const classes = classesOf(model);
  if (classes === undefined) return {};
  if (label < classes) return { label: Int32Array.of(label) };
  throw new UsageError(`--label expected 0 to ${classes - 1}, got ${label}`);
}

/** Size of the decoder's input. */
export function latentsOf({ model }: Pick<Subject, "model">): number {
  return model.decoder.nodes[model.decoder.inputs["z"]!]!.shape[1] as number;
}

/** At probabilities (i + 1/2) / n. */
function quantiles(n: number): Float64Array {
  const p = Float64Array.from({ length: n }, (_, i) => (i + 0.5) / n);
  return ndArrayOps.normalQuantile(ndArray([n], p)).data;
}
