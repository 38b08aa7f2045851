import { UsageError } from "@isthmus/command-line/node";
import { type Dataset, select } from "@isthmus/data";
import { elementCount } from "@isthmus/graph";
import type { ModelDefinition } from "@isthmus/models";
import { definitionOf } from "../model-files.ts";
import { priorDraws, reconstructionsOf, repeated, toldOf, valuesOf } from "../trained.ts";
import type { ItemPicture } from "./picture.ts";
import { firstItems, type Subject } from "./subject.ts";

export interface CompletionOptions {
  readonly count: number;
  /** Of each item. */
  readonly draws: number;
  readonly seed: number;
}

/** Items of a model that is told a part of an image, each with that part and what it makes of it with draws from the prior. */
export async function completions(
  subject: Subject,
  dataset: Dataset,
  { count, draws, seed }: CompletionOptions,
): Promise<ItemPicture> {
  const { engine, model, shape, path } = subject;
  const { condition } = definitionOf(model);
  if (!condition) {
    throw new UsageError(`${path} is of kind "${model.kind}" and told no part of an image; try plot samples`);
  }
  const shown = select(dataset, firstItems(dataset, count));
  const told = await toldOf(engine, model, shown);
  const [originals, size] = [valuesOf(shown), elementCount(shape)];
  const parts = knownParts(told["condition"] as Float32Array, condition);
  const across = 2 + draws;
  const values = new Float32Array(shown.items * across * size);
  for (let item = 0; item < shown.items; item++) {
    const same = repeated(told, { items: shown.items, item, count: draws });
    const drawn = await priorDraws(engine, model, { count: draws, seed: seed + item, path, told: same });
    values.set(originals.subarray(item * size, (item + 1) * size), item * across * size);
    values.set(parts.subarray(item * size, (item + 1) * size), (item * across + 1) * size);
    values.set(await reconstructionsOf(engine, model, drawn), (item * across + 2) * size);
  }
  const names = ["item", "told", ...Array.from({ length: draws }, (_, draw) => `${draw + 1}`)];
  return {
    kind: "items",
    images: { shape, values },
    grid: { columns: across, columnLabels: names },
    alt: `${shown.items} items of ${dataset.name}, each with the part that the model is told and ${draws} draws of the whole`,
  };
}

const UNKNOWN = 0.5;

/** Items [items, features] as far as a model is told of them: grey where it is not. */
function knownParts(told: Float32Array, { shape, toldBy }: NonNullable<ModelDefinition["condition"]>): Float32Array {
  const size = elementCount(shape);
  const parts = new Float32Array((told.length / size) * toldBy.length);
  return parts.map((_, at) => {
    const by = toldBy[at % toldBy.length]!;
    return by < 0 ? UNKNOWN : told[Math.floor(at / toldBy.length) * size + by]!;
  });
}
