// The packages bundled by Vite and run by Chromium: the same seed, the same code, the same bits as in Node.
import { calibrate, lowerNetwork, quantiseNetwork } from "@isthmus/deploy";
import { batches as datasetBatches, syntheticDigits } from "@isthmus/data";
import { encodeLatents, encodeLossless, fitFrequencyTables, packTables } from "@isthmus/codec";
import { fitLossless, openLossless, readLosslessFile, writeLosslessFile } from "@isthmus/compress";
import { initialise, referenceEngine, type StateSpec } from "@isthmus/graph";
import { configToJson, convolutionalAutoencoder, vae } from "@isthmus/models";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build, type PreviewServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type PlainPlan, runPlan } from "../browser/integers.ts";
import { run, type RunSummary } from "../browser/run.ts";
import { type PlainStreams, recoded } from "../browser/streams.ts";
import { root } from "../lib/paths.mjs";
import { has } from "../lib/probe.mjs";
import { launchChromium, openPage, serve } from "./support/chromium.ts";

/** A convolutional encoder with a table behind each layer, its first values by seed. */
async function integerPlan(): Promise<PlainPlan> {
  const trunk = { kind: "conv", channels: [8, 16], hidden: [32], activation: "tanh" } as const;
  const { encoder } = convolutionalAutoencoder({ trunk, latent: 16 });
  const values = initialise(encoder.state, 1);
  const parameters = mapShapes(encoder.state, (name, shape) => ({ shape, data: values[name]! }));
  const network = { program: encoder, parameters };
  const batches = [Float32Array.from({ length: 784 * 8 }, (_, i) => ((i * i) % 256) / 255)];
  const ranges = await calibrate(network, { outputs: ["z"], batches });
  const { constants, ...others } = lowerNetwork(
    quantiseNetwork(network, { ranges, outputs: { z: { steps: [0.001] } } }),
  );
  return { ...others, constants: [...constants] };
}

function mapShapes<T>(state: StateSpec, make: (name: string, shape: readonly number[]) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(state).map(([name, { shape }]) => [name, make(name, shape)]));
}

/** Of digits: symbols with some that are escaped, and the items themselves by a VAE as it begins. */
async function plainStreams(): Promise<PlainStreams> {
  const digits = syntheticDigits({ items: 12, seed: 4 });
  const items = Uint8Array.from(digits.values);
  const symbols = Int32Array.from(items, (value, i) => (value >> 5) - (i % 3) + (i % 97 === 0 ? 1000 * i : 0));
  const tables = fitFrequencyTables(
    symbols.map((symbol) => symbol % 50),
    4,
  );
  const {
    encoder,
    decoder,
    parameters: spec,
    config,
  } = vae({
    ...{ trunk: { kind: "dense", hidden: [16] }, latent: 4 },
    likelihood: { kind: "logisticMixture", logistics: 2 },
  });
  const values = initialise(spec, 1);
  const parameters = mapShapes(spec, (name, shape) => ({ shape, data: values[name]! }));
  const model = { encoder, decoder, parameters, config: configToJson(config) };
  const fitted = await fitLossless(referenceEngine(), model, datasetBatches(digits, { batchSize: 12 }));
  const file = writeLosslessFile(fitted);
  const coder = { model: await openLossless(fitted), modelId: readLosslessFile(file).modelId };
  return {
    latents: {
      tables: [...packTables(tables)],
      stream: [...encodeLatents(symbols, { tables, modelId: new Uint8Array(8) })],
    },
    lossless: { file: [...file], stream: [...encodeLossless(items, coder)] },
  };
}

describe.skipIf(!has().chromium)("in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-browser-"));
  const problems: string[] = [];
  let server: PreviewServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const site = { root: join(root, "tools", "browser"), logLevel: "error" as const, configFile: false as const };
    const out = { outDir: folder, emptyOutDir: true, target: "es2022" };
    await build({
      ...site,
      resolve: { conditions: ["@isthmus/source", "module", "browser", "production"] },
      build: out,
    });
    server = await serve(site.root, { outDir: folder });
    browser = await launchChromium();
    page = await openPage(browser, server.resolvedUrls!.local[0]!, problems);
    await page.waitForFunction("typeof isthmusRun === 'function'");
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const inPage = (name: RunSummary["build"]) =>
    page.evaluate(`isthmusRun(${JSON.stringify(name)})`) as Promise<RunSummary>;

  it("trains with the SIMD128 build to the very weights, stream and integers that Node gets", async () => {
    const there = await inPage("simd128");
    expect(there).toEqual(await run("simd128"));
    expect(there.lastLoss).toBeLessThan(0.7 * there.firstLoss);
    expect(problems).toEqual([]);
  }, 120_000);

  it("runs an encoder in integers to the symbols that Node gets, with either kernels", async () => {
    const plan = await integerPlan();
    const items = Array.from({ length: 20 }, (_, i) =>
      Array.from({ length: 784 }, (__, k) => (i * 97 + k * k * 31) % 256),
    );
    const there = await page.evaluate(`isthmusRunPlan(${JSON.stringify(plan)}, ${JSON.stringify(items)})`);
    const here = await runPlan(plan, items);
    expect(there).toEqual(here);
    expect(here.wasm).toEqual(here.javascript);
    expect(new Set(here.wasm.flat()).size).toBeGreaterThan(20);
    expect(problems).toEqual([]);
  });

  it("decodes what Node encoded, with loss and without, to the very numbers, and makes the very streams of them again", async () => {
    const given = await plainStreams();
    const there = await page.evaluate(`isthmusRecoded(${JSON.stringify(given)})`);
    const here = await recoded(given);
    expect(there).toEqual(here);
    expect(here.stream).toEqual(given.latents.stream);
    for (const { stream } of [here.wasm, here.javascript]) expect(stream).toEqual(given.lossless.stream);
    expect(problems).toEqual([]);
  });

  it("trains with the relaxed build, whose sums differ in the last bits only", async () => {
    const [relaxed, exact] = [await inPage("relaxed"), await run("simd128")];
    expect(relaxed.steps).toBe(50);
    // The first loss is one forward pass of sums of some 400,000 float32 terms: a few parts in a million.
    expect(Math.abs(relaxed.firstLoss / exact.firstLoss - 1)).toBeLessThan(1e-5);
    expect(relaxed.lastLoss).toBeLessThan(0.7 * relaxed.firstLoss);
  }, 120_000);
});
