/** How much memory an export takes beside the model that it is of, each way in a process of its own. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const TSX = import.meta.resolve("tsx");
const CHILD = fileURLToPath(new URL("support/memory-child.ts", import.meta.url));

interface Sizes {
  readonly peak: number;
  readonly model: number;
  readonly largest: number;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "isthmus-memory-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function measured(kind: string, way: string): Sizes {
  const args = ["--expose-gc", "--import", TSX, "--conditions=@isthmus/source", CHILD, kind, way, folder];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" })) as Sizes;
}

/** Of processes that only hold a model, by its kind: measured once for all ways to write it. */
const held = new Map<string, Sizes>();

/** Bytes beyond those of a process that only holds the model. */
function extra(kind: string, way: string): Sizes & { readonly extra: number } {
  const sizes = measured(kind, way);
  const before = held.get(kind) ?? measured(kind, "hold");
  held.set(kind, before);
  return { ...sizes, extra: sizes.peak - before.peak };
}

/*
 * One tensor is there as it is turned and one as it is written, the one before until the collector comes (the child calls it before
 * each tensor), and a fourth for what the allocator keeps: four tensors, where the whole model is eight. (Measured beside a busy
 * machine: 1.1 to 3.1.)
 */
const TENSORS = 4;

describe.skipIf(!existsSync("/proc/self/status"))("memory (peaks are read from Linux's /proc/self/status)", () => {
  const kinds = ["dense", "normalised", "convolutional"];
  const written = kinds.flatMap((kind) => ["file", "two files"].map((way) => [kind, way] as const));
  const reduced = ["a file of halves", "a file of bytes"].map((way) => ["dense", way] as const);
  test.each([...written, ...reduced])(
    "a %s model, written as %s, takes a few tensors more, not a second model",
    (kind, way) => {
      const { extra: more, model, largest } = extra(kind, way);
      expect(model).toBeGreaterThan(7.9 * largest);
      expect(more).toBeLessThan(TENSORS * largest);
    },
  );

  // Beside a large array the array's own parts wait longer (measured: the array and 2 to 5 tensors of 8).
  test("as one array it takes that array and less than another model: memory does not triple", () => {
    const { extra: more, model } = extra("dense", "bytes");
    expect(more).toBeGreaterThan(model);
    expect(more).toBeLessThan(2 * model);
  });
});
