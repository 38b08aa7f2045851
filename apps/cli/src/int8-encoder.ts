/** A model's encoder in int8, as the commands that write one for devices make it. */
import { UsageError } from "@isthmus/command-line/node";
import { batches, take } from "@isthmus/data";
import { bundleEncoder } from "@isthmus/deploy";
import type { Command } from "commander";
import type { Console } from "./console.ts";
import { openSplit } from "./datasets.ts";
import { withEngine } from "./engines.ts";
import { checkedByUserAsync } from "./errors.ts";
import { encodedShape, openModel } from "./model-files.ts";
import { buildOption, dataDirOption, isNamed, NAMED, wholeNumber } from "./options.ts";

export interface Int8Options {
  readonly calibrate?: string;
  readonly items: number;
  readonly quality: number;
  readonly dataDir?: string;
  readonly build: string;
}

/** Items that are enough to see what values are between. */
export const ENOUGH_ITEMS = 1000;

export function withInt8Options(command: Command): Command {
  return command
    .option(
      "--calibrate <what>",
      `items that show what values are between: ${NAMED.join(", ")}, a .csv, .npy or IDX file, or a folder of pictures`,
    )
    .option("--items <n>", "how many of them", wholeNumber(1), ENOUGH_ITEMS)
    .option("--quality <n>", "which of the model's qualities, from 0", wholeNumber(0, 255), 0)
    .addOption(dataDirOption())
    .addOption(buildOption());
}

/** The bytes of a bundle. */
export async function int8Bundle(console: Console, path: string, options: Int8Options): Promise<Uint8Array> {
  const { calibrate, items, quality, ...others } = options;
  if (calibrate === undefined)
    throw new UsageError("int8 needs --calibrate: what its values are between is measured on items");
  const model = await openModel(path);
  const split = { ...others, data: calibrate, split: isNamed(calibrate) ? "train" : "all" } as const;
  const dataset = await openSplit(console, split, { ...model, shape: encodedShape(model) });
  const some = take(dataset, 0, Math.min(dataset.items, items));
  return await withEngine(others, (engine) =>
    checkedByUserAsync(() => bundleEncoder(model, { quality, engine, method: "outputs", batches: valuesOf(some) })),
  );
}

function* valuesOf(dataset: Parameters<typeof take>[0]): Iterable<Float32Array> {
  for (const { values } of batches(dataset, { batchSize: 250 })) yield values;
}
