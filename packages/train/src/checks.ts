import { type Dataset, itemSize } from "@isthmus/data";
import type { Program } from "@isthmus/graph";
import { featureCount, type Trainable } from "@isthmus/models";

/** Throws `RangeError` unless `value` is one of 1, 2, ... */
export function requirePositiveInteger(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value > 0) return;
  throw new RangeError(`"${name}" expected a positive integer, got ${value}`);
}

export function requireSeed(seed: number): void {
  if (Number.isSafeInteger(seed) && seed >= 0) return;
  throw new RangeError(`"seed" expected a non-negative safe integer, got ${seed}`);
}

/** Throws `RangeError` unless there are items, each with as many features as the model takes. */
export function requireDataset({ config }: Trainable, dataset: Dataset): void {
  if (dataset.items < 1) throw new RangeError(`"${dataset.name}" expected at least one item, got ${dataset.items}`);
  if (itemSize(dataset) !== featureCount(config)) {
    const [expected, got] = [config.inputShape, dataset.shape].map((shape) => `[${shape.join(", ")}]`);
    throw new RangeError(`"${dataset.name}" expected items of shape ${expected}, as the model takes, got ${got}`);
  }
}

/** Throws `RangeError` unless there is a label for every item, where the program takes them. */
export function requireLabels(program: Program, { name, items, labels }: Dataset): void {
  if (!Object.hasOwn(program.inputs, "label") || labels?.length === items) return;
  throw new RangeError(`"${name}" expected a label for each of its ${items} items, got ${labels?.length ?? "none"}`);
}

/** Throws `RangeError` unless `value` is positive and finite. */
export function requirePositive(name: string, value: number): void {
  if (value > 0 && value < Infinity) return;
  throw new RangeError(`"${name}" expected a positive finite number, got ${value}`);
}
