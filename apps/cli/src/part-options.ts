/** What a part's file is asked to be: the options of the command as those of the library. */
import { UsageError } from "@isthmus/command-line/node";
import { featureUnits, parseDescription } from "@isthmus/data";
import type { Model } from "@isthmus/graph";
import {
  type ExportableModel,
  IMPORTED_KIND,
  type ItemForm,
  type ModelPart,
  type ModelPartOptions,
  type Opset,
} from "@isthmus/onnx";
import { dataConvention } from "@isthmus/train";
import { definitionOf, encodedShape, modelConfig } from "./model-files.ts";
import { requireOnly } from "./options.ts";
import type { PrecisionOptions } from "./precision.ts";
import { VERSION } from "./version.ts";

/** As the command line says it. */
export interface PartFileOptions extends PrecisionOptions {
  readonly opset: number;
  readonly profile: "portable" | "compact";
  readonly layout?: "nhwc" | "nchw";
  readonly uint8Io?: boolean;
  readonly dataUnits?: boolean;
  readonly sample?: boolean;
  readonly outputs?: readonly string[];
  readonly batch?: number;
  readonly license?: string;
  /** False where `--no-golden` is said. */
  readonly golden?: boolean;
}

/** Of which part of which file. */
export interface AskedPart extends PartFileOptions {
  readonly part: ModelPart;
  readonly path: string;
}

/** How the file has the model's items. */
export function formOf(model: Model, options: AskedPart): ItemForm {
  const { layout = "rows", uint8Io = false, dataUnits = false } = options;
  const numbers = dataUnits ? "the data's own units" : "the network's own numbers";
  return {
    shape: encodedShape(model),
    layout,
    uint8: uint8Io,
    ...(dataUnits && { units: unitsOf(model, options) }),
    values: uint8Io ? "bytes" : numbers,
  };
}

/** The options of the command as those of the library. */
export function partOptions(model: Model, options: AskedPart): ModelPartOptions {
  const { part, opset, profile, layout, uint8Io, dataUnits, sample, outputs, batch, license, golden } = options;
  const convention = conventionOf(model);
  requireOnly(part !== "prior", options, ["layout", "uint8Io", "dataUnits", "calibrate"], "parts that have items");
  requireOnly(part === "encoder" || part === "autoencoder", options, ["sample"], "--part encoder or autoencoder");
  if (uint8Io) requirePictures(model, options);
  return {
    producerVersion: VERSION,
    opset: opset as Opset,
    profile,
    ...(layout && { layout }),
    ...(uint8Io && { uint8: true }),
    ...(dataUnits && { units: unitsOf(model, options) }),
    ...(sample && { sample }),
    ...(outputs && { outputs }),
    ...(batch !== undefined && { batch }),
    ...(convention !== undefined && { convention }),
    ...(license !== undefined && { license }),
    ...(golden !== undefined && { golden }),
  };
}

/** What the likelihood takes the data to be; of an imported model nobody knows. */
function conventionOf(model: Model): string | undefined {
  return model.kind === IMPORTED_KIND ? undefined : dataConvention(modelConfig(model), model.data);
}

function unitsOf({ data }: Model, { path }: AskedPart): NonNullable<ModelPartOptions["units"]> {
  if (data) return featureUnits(parseDescription(data));
  throw new UsageError(`--data-units: ${path} does not describe its data; its items have the network's own numbers`);
}

/** Bytes are for numbers that lie in [0, 1] to the network. */
function requirePictures({ data }: Model, { path, part, outputs }: AskedPart): void {
  const described = data && parseDescription(data).item;
  const isUnit =
    described?.kind === "images" || (described?.kind === "array" && described.offset === 0 && described.scale === 255);
  if (described && !isUnit) {
    throw new UsageError(
      `--uint8-io: the items of ${path} are standardised numbers, not bytes; --data-units takes those`,
    );
  }
  if (part === "decoder" && outputs && !outputs.includes("reconstruction")) {
    throw new UsageError(
      `--uint8-io goes with the output reconstruction, which --outputs ${outputs.join(",")} leaves out`,
    );
  }
}

/** With what z is drawn from, where that is asked for. */
export function withPosterior(model: Model, { sample, path }: AskedPart): ExportableModel {
  if (!sample) return model;
  const { posterior } = definitionOf(model);
  if (posterior) return { ...model, posterior };
  throw new UsageError(`--sample: ${path} is of kind "${model.kind}", which has no posterior to draw from`);
}
