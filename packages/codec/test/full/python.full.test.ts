/** Streams made here are decoded by the Python program that was written from docs/format.md. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import type { EncodeLatentsOptions } from "../../src/index.ts";
import { encodeLatents, fitFrequencyTables, packTables } from "../../src/index.ts";
import { bellSymbols, uniforms } from "../support/index.ts";

const PYTHON = "/usr/bin/python3";
const program = fileURLToPath(new URL("../../../../tools/fixtures/codec_reference.py", import.meta.url));

interface Stream {
  readonly name: string;
  readonly modelId: string;
  readonly tables: readonly number[];
  readonly stream: string;
  readonly symbols: readonly number[];
  readonly items: number;
  readonly dims: number;
}

/** Bell-shaped symbols under tables fitted on others, with every tenth symbol anywhere in int32. */
function stream(seed: number): Stream {
  const uniform = uniforms(seed);
  const dims = 1 + (seed % 5);
  const precision = 12 + (seed % 5);
  const symbols = bellSymbols(200, dims, seed).map((s) =>
    uniform() < 0.1 ? Math.floor(uniform() * 2 ** 32) - 2 ** 31 : s,
  );
  const tables = fitFrequencyTables(bellSymbols(300, dims, seed + 1000), dims, {
    precision,
    maxSymbols: 3 + (seed % 20),
  });
  const modelId = Uint8Array.from({ length: 8 }, () => Math.floor(uniform() * 256));
  const bytes = encodeLatents(symbols, { tables, modelId, itemsPerFrame: 1 + seed * 7, ...ways(seed, dims) });
  return {
    name: `seed ${seed}`,
    modelId: hex(modelId),
    tables: [...packTables(tables)],
    stream: hex(bytes),
    symbols: [...symbols],
    items: 200,
    dims,
  };
}

/** Any number of payloads, and deflated where that is shorter. */
function ways(seed: number, dims: number): Pick<EncodeLatentsOptions, "payloads" | "tryDeflate"> {
  return { payloads: 1 + (seed % dims), tryDeflate: seed % 2 === 0 };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

it.skipIf(!existsSync(PYTHON))("the Python reference decodes forty random streams to the same symbols", () => {
  const streams = Array.from({ length: 40 }, (_, i) => stream(i + 1));
  const folder = mkdtempSync(join(tmpdir(), "isthmus-codec-"));
  try {
    const file = join(folder, "streams.json");
    writeFileSync(file, JSON.stringify(streams));
    const decoded = JSON.parse(execFileSync(PYTHON, [program, file], { encoding: "utf8" })) as unknown[];
    const expected = streams.map(({ name, items, dims, symbols }) => ({ name, items, dims, symbols }));
    expect(decoded).toMatchObject(expected);
    expect(decoded).toHaveLength(streams.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
