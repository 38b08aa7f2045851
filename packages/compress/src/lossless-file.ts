import { numbersPerPixel, packBitsBackTables, unpackBitsBackTables } from "@isthmus/codec";
import { type IntegerPlan } from "@isthmus/edge";
import { checkPlan } from "@isthmus/edge/format";
import { canonicalJson, contentHash, readSafetensors, type StoredTensor, writeSafetensors } from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import type { LosslessCoding } from "./lossless.ts";

/** Changes when the layout of the file changes. Another is refused. */
export const LOSSLESS_FILE_VERSION = 1;
const FORMAT = "isthmus-lossless";

/** A `LosslessCoding` with the id that its streams carry: the first 8 bytes of the hash over all of it. */
export interface LosslessFile extends LosslessCoding {
  readonly modelId: Uint8Array;
}

/**
 * All that codes and decodes without loss, as the bytes of a `.safetensors` file: integers only, and no float network. The same
 * coding gives the same bytes.
 */
export function writeLosslessFile({ shape, tables, posterior, likelihood }: LosslessCoding): Uint8Array {
  const metadata = {
    format: FORMAT,
    version: String(LOSSLESS_FILE_VERSION),
    shape: canonicalJson([...shape]),
    posterior: planText(posterior),
    likelihood: planText(likelihood),
  };
  const packed = packBitsBackTables(tables);
  const tensors = {
    tables: { shape: [packed.length], data: packed },
    "posterior.constants": bytesTensor(posterior.constants),
    "likelihood.constants": bytesTensor(likelihood.constants),
  };
  return writeSafetensors({ metadata: { ...metadata, sha256: hashOf(metadata, tensors) }, tensors });
}

function bytesTensor(data: Uint8Array): StoredTensor {
  return { shape: [data.length], data };
}

function planText({ constants: _, ...plan }: IntegerPlan): string {
  return canonicalJson(plan as unknown as Parameters<typeof canonicalJson>[0]);
}

function hashOf(metadata: Readonly<Record<string, string>>, tensors: Readonly<Record<string, StoredTensor>>): string {
  const parts = Object.keys(tensors)
    .sort()
    .flatMap((name) => [`\n${name}\n`, tensors[name]!.data]);
  return contentHash(canonicalJson(metadata), ...parts);
}

/** Whether these bytes begin as a file that `writeLosslessFile` wrote does, whatever else is wrong with it. */
export function isLosslessFile(bytes: Uint8Array): boolean {
  try {
    return readSafetensors(bytes).metadata["format"] === FORMAT;
  } catch {
    return false;
  }
}

/**
 * Reads and checks what `writeLosslessFile` wrote.
 *
 * @throws IsthmusError `LOSSLESS_FILE_INVALID` for another kind of file, a damaged one or one with parts missing;
 *   `LOSSLESS_FILE_VERSION`; `TABLE_INVALID`, `PLAN_INVALID` or `PLAN_VERSION` for parts that are wrong; and what
 *   `readSafetensors` throws
 */
export function readLosslessFile(bytes: Uint8Array): LosslessFile {
  const { metadata, tensors } = readSafetensors(bytes);
  const { sha256, ...rest } = metadata;
  if (metadata["format"] !== FORMAT)
    throw invalid("it is no file of a lossless coder; isthmus prepare-lossless makes one");
  if (metadata["version"] !== String(LOSSLESS_FILE_VERSION)) {
    const message = `lossless coder: version ${metadata["version"]}; this reader knows version ${LOSSLESS_FILE_VERSION}`;
    throw new IsthmusError("LOSSLESS_FILE_VERSION", message, { version: metadata["version"] });
  }
  if (sha256 !== hashOf(rest, tensors)) throw invalid("its contents do not have the hash that it says: it is damaged");
  const tables = tensors["tables"]?.data;
  if (!(tables instanceof Int32Array)) throw invalid("it has no tables");
  const coding = {
    shape: shapeOf(rest["shape"]),
    tables: unpackBitsBackTables(tables),
    posterior: planOf("posterior", rest, tensors),
    likelihood: planOf("likelihood", rest, tensors),
  };
  requireAgreement(coding);
  const modelId = Uint8Array.from({ length: 8 }, (_, i) => Number.parseInt(sha256.slice(2 * i, 2 * i + 2), 16));
  return { ...coding, modelId };
}

/** Pixels and latents are as many to each of the parts. */
function requireAgreement({ shape, tables, posterior, likelihood }: LosslessCoding): void {
  const pixels = shape.reduce((product, size) => product * size, 1);
  const latents = tables.seedBits.length;
  const said = ({ outputs }: IntegerPlan): number => outputs.reduce((sum, { length }) => sum + length, 0);
  const counts: readonly (readonly [what: string, expected: number, got: number])[] = [
    ["pixels into the posterior", pixels, posterior.input.length],
    ["numbers out of the posterior", 2 * latents, said(posterior)],
    ["latents into the likelihood", latents, likelihood.input.length],
    ["numbers out of the likelihood", numbersPerPixel(tables.pixels) * pixels, said(likelihood)],
  ];
  for (const [what, expected, got] of counts) {
    if (got !== expected) throw invalid(`expected ${expected} ${what}, got ${got}`);
  }
}

function invalid(what: string): IsthmusError {
  return new IsthmusError("LOSSLESS_FILE_INVALID", `lossless coder: ${what}`);
}

function parsed(name: string, text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    throw invalid(`"${name}" is no JSON`);
  }
}

function shapeOf(text: string | undefined): readonly number[] {
  const shape = parsed("shape", text);
  const isShape = Array.isArray(shape) && shape.length > 0 && shape.every((size) => Number.isInteger(size) && size > 0);
  if (isShape) return shape as number[];
  throw invalid(`"shape" expected positive integers`);
}

function planOf(
  name: string,
  metadata: Readonly<Record<string, string>>,
  tensors: Readonly<Record<string, StoredTensor>>,
): IntegerPlan {
  const constants = tensors[`${name}.constants`]?.data;
  if (!(constants instanceof Uint8Array)) throw invalid(`it has no constants of "${name}"`);
  const plan = parsed(name, metadata[name]);
  if (typeof plan !== "object" || plan === null) throw invalid(`"${name}" is no plan`);
  const whole = { ...plan, constants } as IntegerPlan;
  checkPlan(whole);
  return whole;
}
