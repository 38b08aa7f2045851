import type { Command } from "commander";
import type { Report } from "../console.ts";
import { addPartOptions } from "../data-options.ts";
import { openSplit } from "../datasets.ts";
import { type EngineChoice, toRun, withEngine } from "../engines.ts";
import { modelConfig, openModel } from "../model-files.ts";
import { buildOption, engineOption, outOption, type PartOptions, wholeNumber } from "../options.ts";
import { requireWritable } from "../outputs.ts";
import { interpolation } from "../plots/interpolation.ts";
import { requireItemsEnding, writeItems } from "../plots/picture.ts";
import { type Context, describeCommand, reporting } from "./command.ts";

interface InterpolateOptions extends PartOptions {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
  readonly spherical?: boolean;
  readonly engine?: EngineChoice;
  readonly build: string;
  readonly out: string;
}

export function interpolateCommand(context: Context): Command {
  const command = describeCommand({
    name: "interpolate",
    summary:
      "Decode codes on the way from one item's to another's: a row of a .png, or their values, in the units of the model's data, as .npy or .csv.",
    examples: ["isthmus interpolate m.safetensors --from 0 --to 1 --steps 11 --spherical -o way.png"],
  }).argument("<model>", "model file");
  return addPartOptions(command)
    .requiredOption("--from <item>", "the first item", wholeNumber(0))
    .requiredOption("--to <item>", "the last item", wholeNumber(0))
    .option("--steps <n>", "from the first to the last, both included", wholeNumber(2, 1000), 11)
    .option("--spherical", "along the arc between the codes (default: along a straight line)")
    .addOption(engineOption())
    .addOption(buildOption())
    .addOption(outOption("way.png, way.npy, or way.csv"))
    .action(reporting(context, (path: string, options: InterpolateOptions) => interpolate(context, path, options)));
}

async function interpolate({ console }: Context, path: string, options: InterpolateOptions): Promise<Report> {
  const { from, to, steps, out, spherical = false } = options;
  const model = await openModel(path);
  const { inputShape: shape } = modelConfig(model);
  await requireItemsEnding(out, model);
  await requireWritable(out, [path]);
  const dataset = await openSplit(console, options, { ...model, shape });
  const way = spherical ? "spherical" : "linear";
  const picture = await withEngine(
    options,
    (engine) => interpolation({ path, model, engine, shape }, dataset, { from, to, steps, ways: [way] }),
    toRun("the decoder", model.decoder, console),
  );
  await writeItems(out, picture, model);
  return { json: { from, to, steps, way, out }, lines: [`${picture.alt} -> ${out}`] };
}
