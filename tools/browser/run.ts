import { decodeLatents, encodeLatents, type LatentTables, openSession, unpackTables } from "@isthmus/codec";
import { encodeStream, fitCoding, inferLatents } from "@isthmus/compress";
import { batches, syntheticDigits, take } from "@isthmus/data";
import { modelHashes } from "@isthmus/graph";
import { vae } from "@isthmus/models";
import { fit, toModel } from "@isthmus/train";
import { createWasmEngine, type Threads, type WasmEngineOptions } from "@isthmus/wasm";

/** What a platform makes of one seeded run: everything that must not depend on the platform, and the loss. */
export interface RunSummary {
  readonly build: string;
  readonly threads: Threads;
  readonly steps: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
  /** Hash of the decoder's graph and weights. */
  readonly decoder: string;
  /** The stream of 50 test digits, hexadecimal. */
  readonly stream: string;
  /** The same symbols in three payloads, those of a model that they are strangers to, and in packets of a session. */
  readonly otherWays: readonly string[];
  /** The integers it decodes to. */
  readonly symbols: readonly number[];
}

/** 50 steps of the standard VAE on synthetic digits, then a stream: the same code for every platform. */
export async function run(build: "simd128" | "relaxed", options: WasmEngineOptions = {}): Promise<RunSummary> {
  const train = syntheticDigits({ items: 3200, seed: 1 });
  const digits = take(syntheticDigits({ items: 50, seed: 1, split: "test" }), 0, 50);
  const engine = await createWasmEngine({ ...options, build });
  const losses: number[] = [];
  const definition = vae();
  const result = await fit(definition, { train }, { engine, epochs: 2, onProgress: ({ loss }) => losses.push(loss) });
  const latents = await inferLatents(engine, { ...definition, ...result }, batches(train, { batchSize: 256 }));
  const model = toModel(definition, result, { coding: fitCoding(latents), provenance: {}, metrics: {} });
  const bytes = await encodeStream(engine, model, batches(digits, { batchSize: 50 }));
  const { id, decoder } = modelHashes(model);
  const coding = { tables: unpackTables(model.coding!.tables), modelId: id };
  const { symbols } = decodeLatents(bytes, coding);
  engine.dispose();
  return {
    build,
    threads: engine.threads,
    steps: result.steps,
    firstLoss: losses[0]!,
    lastLoss: losses.at(-1)!,
    decoder,
    stream: hex(bytes),
    otherWays: otherWays(symbols, coding).map(hex),
    symbols: [...symbols],
  };
}

function otherWays(symbols: Int32Array, coding: LatentTables): Uint8Array[] {
  const strangers = symbols.map((symbol, i) => 1000 * symbol + (i % 7));
  const sender = openSession({ ...coding, session: 3, parity: true });
  return [
    encodeLatents(symbols, { ...coding, payloads: 3 }),
    encodeLatents(strangers, { ...coding, tryDeflate: true }),
    sender.hello(),
    ...sender.encode(symbols),
  ];
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
