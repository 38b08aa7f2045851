import { CHANNEL_AUTOENCODER } from "@isthmus/channel";
import { UsageError } from "@isthmus/command-line/node";
import { describedShape, parseDescription } from "@isthmus/data";
import { readFileBytes } from "@isthmus/data/node";
import { type Model, readModelFile } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { type BaseConfig, defineModel, type ModelDefinition } from "@isthmus/models";
import { IMPORTED_KIND } from "@isthmus/onnx";
import { namingFile } from "./errors.ts";
import { fileKind } from "./file-kinds.ts";
import { importedDefinition } from "./imported.ts";

/** Reads a model file and checks that its configuration is that of its tensors; errors name the file. */
export async function openModel(path: string): Promise<Model> {
  const bytes = await readFileBytes(path);
  const kind = fileKind(bytes);
  if (kind !== undefined && kind !== "safetensors")
    throw new UsageError(`${path} is no model file; it looks like ${kind}`);
  return namingFile(path, () => {
    const model = readModelFile(bytes);
    if (model.kind === CHANNEL_AUTOENCODER)
      throw new UsageError(`${path} is a communication link; isthmus channel --help lists what can be done with it`);
    const problem = configProblem(model);
    if (problem !== undefined) throw new IsthmusError("MODEL_FILE_INVALID", `model file: ${problem}`);
    return model;
  });
}

function configProblem(model: Model): string | undefined {
  try {
    const { parameters, config } = definitionOf(model);
    const described = model.data && describedShape(parseDescription(model.data));
    if (described && String(described) !== String(config.inputShape)) {
      return `items of shape [${config.inputShape.join(", ")}], their data described as [${described.join(", ")}]`;
    }
    const shape = (tensors: Readonly<Record<string, { shape: readonly unknown[] }>>, name: string) =>
      String(tensors[name]?.shape);
    const names = Object.keys({ ...parameters, ...model.parameters });
    const strange = names.find((name) => shape(parameters, name) !== shape(model.parameters, name));
    return strange === undefined ? undefined : `the configuration does not describe tensor "${strange}"`;
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return error.message;
    throw error;
  }
}

/** The configuration of a model. */
export function modelConfig(model: Model): BaseConfig {
  return definitionOf(model).config;
}

/** The definition of a stored model: the zoo's with its evaluation and training graphs, or what an imported one has of it. */
export function definitionOf(model: Model): ModelDefinition {
  return model.kind === IMPORTED_KIND ? importedDefinition(model) : defineModel(model.kind, model.config);
}

/** Whether a model is a decoder alone: its items are codes that somebody else has made. */
export function takesCodes({ kind, config }: Pick<Model, "kind" | "config">): boolean {
  return kind === IMPORTED_KIND && config["codes"] === true;
}

/** Shape of what the encoder takes. */
export function encodedShape(model: Model): readonly number[] {
  const { inputShape, latent } = modelConfig(model);
  return takesCodes(model) ? [latent] : inputShape;
}

/** How many numbers a model has learned. */
export function parameterCount({ parameters }: Pick<Model, "parameters">): number {
  return Object.values(parameters).reduce((count, { data }) => count + data.length, 0);
}
