import { writeFileAtomic, readFileBytes } from "@isthmus/data/node";
import { type Model, readModelFile } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { denseConfig, type DenseConfig, defineModel, type ModelDefinition } from "@isthmus/models";
import { open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { namingFile } from "./errors.ts";

/** Reads a model file; errors name the file. */
export async function openModel(path: string): Promise<Model> {
  const bytes = await readFileBytes(path);
  return namingFile(path, () => readModelFile(bytes));
}

/** The configuration of a model of the zoo. */
export function modelConfig(model: Model): DenseConfig {
  return denseConfig(model.config as unknown as DenseConfig);
}

/** The zoo's definition of a stored model: its evaluation and training graphs. */
export function definitionOf(model: Model): ModelDefinition {
  return defineModel(model.kind, modelConfig(model));
}

/** Finds out before the work begins whether `path` can be written; one clear line otherwise. */
export async function requireWritable(path: string): Promise<void> {
  const probe = join(dirname(path), `.isthmus-probe-${process.pid}`);
  await writeFileAtomic(probe, new Uint8Array());
  await rm(probe, { force: true });
  const existing = await open(path, "r+").catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : error));
  if (existing instanceof Error) throw new IsthmusError("FILE_WRITE", `cannot write ${path}: ${existing.message}`, { path });
  await existing?.close();
}
