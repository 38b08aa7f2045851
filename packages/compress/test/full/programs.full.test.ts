// Encoder and decoder as two programs that share a model file and nothing else: each stream decodes everywhere.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { codeLengthBits, decodeLatents, readFrames, unpackTables } from "@isthmus/codec";
import { batches, syntheticDigits } from "@isthmus/data";
import { initialise, type Model, modelHashes, writeModelFile } from "@isthmus/graph";
import { configToJson, vae } from "@isthmus/models";
import { createWasmEngine } from "@isthmus/wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeStreamLatents, fitCoding, inferLatents } from "../../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "isthmus-programs-"));
const modelFile = join(folder, "m.safetensors");
const program = (name: string): string => fileURLToPath(new URL(`../programs/${name}.ts`, import.meta.url));
const node = ["--import", "tsx", "--conditions=@isthmus/source"];

async function runProgram(name: string, ...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [...node, program(name), ...args])).stdout;
}

describe("encoder and decoder in two programs", () => {
  let model: Model;
  const streams: Record<string, Uint8Array> = {};

  beforeAll(async () => {
    const definition = vae({ trunk: { kind: "dense", hidden: [32] }, latent: 6 });
    const values = Object.entries(initialise(definition.parameters, 1));
    const parameters = values.map(([name, data]) => [name, { shape: definition.parameters[name]!.shape, data }]);
    const base = { ...definition, config: configToJson(definition.config), provenance: {}, metrics: {} };
    const untrained = { ...base, parameters: Object.fromEntries(parameters) as Model["parameters"] };
    const engine = await createWasmEngine({ build: "simd128" });
    const digits = syntheticDigits({ items: 1200, seed: 5 });
    const latents = await inferLatents(engine, untrained, batches(digits, { batchSize: 100 }));
    engine.dispose();
    // Bins as narrow as make the untrained codes cost what trained ones do, some fifty bits an item.
    model = { ...untrained, coding: fitCoding(latents, { stepScale: 0.001 }) };
    writeFileSync(modelFile, writeModelFile(model));
    for (const threads of ["1", "2"]) {
      const stream = join(folder, `${threads}.isth`);
      await runProgram("encode", modelFile, stream, threads);
      streams[threads] = readFileSync(stream);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it("the stream is the same from any number of threads", () => {
    expect(streams["1"]).toEqual(streams["2"]);
  });

  it("decodes to the same latents in another process as in this one", async () => {
    const { items, values } = decodeStreamLatents(model, streams["2"]!);
    expect(items).toBe(1200);
    const hash = createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex");
    expect(await runProgram("decode", modelFile, join(folder, "2.isth"))).toBe(hash);
  });

  it("has a file within 1 % of what the symbols' likelihood under the tables says, header and all", () => {
    const tables = unpackTables(model.coding!.tables);
    const bytes = streams["1"]!;
    const { symbols } = decodeLatents(bytes, { tables, modelId: modelHashes(model).id });
    const estimate = codeLengthBits(symbols, tables);
    expect([...readFrames(bytes)].every(({ coding }) => coding === "learned")).toBe(true);
    expect(8 * bytes.length).toBeGreaterThan(estimate);
    expect(8 * bytes.length).toBeLessThan(1.01 * estimate);
  });
});
