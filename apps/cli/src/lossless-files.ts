import type { LosslessCoder } from "@isthmus/codec";
import { UsageError } from "@isthmus/command-line/node";
import { isLosslessFile, type LosslessFile, openLossless, readLosslessFile } from "@isthmus/compress";
import { readFileBytes } from "@isthmus/data/node";
import { namingFile } from "./errors.ts";

export interface OpenedCoder extends LosslessCoder {
  readonly file: LosslessFile;
}

/** A lossless coder on the fastest kernels that run here. */
export async function openCoder(path: string): Promise<OpenedCoder> {
  const bytes = await readFileBytes(path);
  if (!isLosslessFile(bytes)) {
    throw new UsageError(`${path} holds no lossless coder; isthmus prepare-lossless makes one of a model`);
  }
  const file = namingFile(path, () => readLosslessFile(bytes));
  return { file, model: await openLossless(file), modelId: file.modelId };
}

/** Whether pixels are black or white, and stand in streams as 0 or 1. */
export function isBinary({ tables }: Pick<LosslessFile, "tables">): boolean {
  return tables.pixels.kind === "bernoulli";
}
