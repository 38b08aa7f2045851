/** Files written here are read by others: a reader made from the format's description, and the safetensors package. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { has, python } from "../../../../tools/lib/probe.mjs";
import {
  initialise,
  modelHashes,
  readSafetensors,
  type StoredTensor,
  writeModelFile,
  writeSafetensors,
} from "../../src/index.ts";
import { network } from "../support/programs.ts";

interface Held {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly dtype: string; readonly values: readonly number[] }>
  >;
  readonly hashes: Readonly<Record<"encoder" | "tables" | "decoder" | "id" | "metadata", string>> | null;
}

const script = fileURLToPath(new URL("../../../../tools/fixtures/read_safetensors.py", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "isthmus-safetensors-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function readInPython(bytes: Uint8Array, mode: string): Held {
  const path = join(folder, "file.safetensors");
  writeFileSync(path, bytes);
  const { status, stdout, stderr } = spawnSync(python, [script, path, mode], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Held;
}

const tensors: Readonly<Record<string, StoredTensor>> = {
  "zeta.kernel": { shape: [2, 3], data: Float32Array.of(0, 1.5, -2.25, 1e-45, 3.4e38, -1) },
  alpha: { shape: [3], data: Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1) },
  bytes: { shape: [5, 1], data: Uint8Array.of(0, 1, 2, 254, 255) },
  scalar: { shape: [], data: Float32Array.of(7) },
  größe: { shape: [0, 3], data: new Float32Array() },
};
const dtypes = { alpha: "int32", bytes: "uint8" } as Readonly<Record<string, string>>;

const readers = [
  { mode: "plain", title: "standard library and NumPy", isThere: has().numpy },
  { mode: "package", title: "the safetensors package", isThere: has().safetensors },
];

describe.each(readers)("$title", ({ mode, isThere }) => {
  it.skipIf(!isThere)("reads every tensor and all metadata", () => {
    const metadata = { note: 'two\n"lines"', empty: "", größe: "\u2028" };
    const held = readInPython(writeSafetensors({ metadata, tensors }), mode);
    expect(held.metadata).toEqual(metadata);
    expect(Object.keys(held.tensors).sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, { shape, data }] of Object.entries(tensors)) {
      expect(held.tensors[name], name).toEqual({ shape, dtype: dtypes[name] ?? "float32", values: [...data] });
    }
  });
});

it.skipIf(!has().numpy)("Python's hashlib gives a model file's hashes and id", () => {
  const [{ outputs, ...halves }, decoder] = [network("encoder", 5, 2), network("decoder", 2, 5)];
  const encoder = { ...halves, outputs: { z: outputs["y"]! } };
  const spec = { ...encoder.state, ...decoder.state };
  const values = initialise(spec, 2);
  const parameters = Object.fromEntries(
    Object.entries(spec).map(([name, { shape }]) => [name, { shape, data: values[name]! }]),
  );
  const coding = { offsets: Float32Array.of(1, 2), steps: Float32Array.of(3, 4), tables: Int32Array.of(5, 6, 7) };
  const data = { version: 1, item: { offset: 0.1, name: "größe" }, reading: { b: 1, a: [] }, writing: {}, source: {} };
  for (const extra of [{}, { coding }, { coding, data }]) {
    const model = {
      kind: "ae",
      config: { größe: "\u2028\n" },
      encoder,
      decoder,
      parameters,
      provenance: {},
      metrics: {},
      ...extra,
    };
    const { id, ...hashes } = modelHashes(model);
    const bytes = writeModelFile(model);
    expect(readInPython(bytes, "model").hashes).toEqual({
      ...hashes,
      id: Buffer.from(id).toString("hex"),
      metadata: readSafetensors(bytes).metadata["sha256"],
    });
  }
});
