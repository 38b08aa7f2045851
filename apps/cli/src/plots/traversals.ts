import { type Dataset, select } from "@isthmus/data";
import { type Codes, hasStandardNormalPrior, repeated } from "../trained.ts";
import type { ItemPicture } from "./picture.ts";
import { codesOf, decodeAll, requireItem, type Subject } from "./subject.ts";

export interface TraversalOptions {
  /** The item whose code is changed; otherwise the middle of the prior or, without one, of the codes. */
  readonly from?: number;
  /** How far to either side, in standard deviations. */
  readonly span: number;
  readonly steps: number;
  /** How many latents: those that say most about the data. */
  readonly latents: number;
}

/** One latent after the other is moved while the rest stand still, a row for each, the most telling first. */
export async function traversals(
  subject: Subject,
  dataset: Dataset,
  { from, span, steps, latents }: TraversalOptions,
): Promise<ItemPicture> {
  if (from !== undefined) requireItem("--from", from, dataset);
  const codes = await codesOf(subject, dataset);
  const { dims, items } = codes;
  const { middle, spread } = momentsOf(codes);
  const hasPrior = hasStandardNormalPrior(subject.model);
  const unit = hasPrior ? spread.map(() => 1) : spread;
  const base = from === undefined ? (hasPrior ? new Float64Array(dims) : middle) : await codeOf(subject, dataset, from);
  const order = Array.from(spread, (_, index) => index).sort((a, b) => spread[b]! - spread[a]! || a - b);
  const shown = order.slice(0, latents);
  const offsets = Array.from({ length: steps }, (_, step) => span * ((2 * step) / (steps - 1) - 1));
  const told = repeated(codes.told, { items, item: from ?? 0, count: 1 });
  const centre = (index: number): number => (hasPrior ? 0 : middle[index]!);
  const codesShown = shown.flatMap((index) =>
    offsets.map((offset) => base.map((value, i) => (i === index ? centre(index) + offset * unit[index]! : value))),
  );
  return {
    kind: "items",
    images: { shape: subject.shape, values: await decodeAll(subject, codesShown, told) },
    grid: {
      columns: steps,
      rowLabels: shown.map((index) => `z${index + 1}`),
      columnLabels: offsets.map((offset) => Number(offset.toFixed(1)).toString()),
    },
    alt: `decodings while one of ${shown.length} latents at a time goes from -${span} to ${span} standard deviations`,
  };
}

async function codeOf(subject: Subject, dataset: Dataset, item: number): Promise<Float64Array> {
  return Float64Array.from((await codesOf(subject, select(dataset, [item]))).mean);
}

/** Mean and standard deviation of each latent over the items. */
function momentsOf({ items, dims, mean }: Codes): { middle: Float64Array; spread: Float64Array } {
  const middle = new Float64Array(dims);
  const square = new Float64Array(dims);
  mean.forEach((value, i) => (middle[i % dims]! += value / items));
  mean.forEach((value, i) => (square[i % dims]! += (value - middle[i % dims]!) ** 2 / items));
  return { middle, spread: square.map(Math.sqrt) };
}
