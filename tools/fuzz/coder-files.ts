import { fitLossless, readLosslessFile, writeLosslessFile } from "@isthmus/compress";
import { batches, syntheticDigits } from "@isthmus/data";
import { javascriptExecutor } from "@isthmus/edge";
import {
  canonicalJson,
  contentHash,
  initialise,
  readSafetensors,
  referenceEngine,
  type StoredTensor,
  writeSafetensors,
} from "@isthmus/graph";
import { IsthmusError } from "@isthmus/math";
import { configToJson, vae } from "@isthmus/models";
import {
  type Draw,
  type HostileKind,
  pick,
  probe,
  withDamage,
} from "../../packages/codec/test/support/hostile-draws.ts";

type Tree = null | boolean | number | string | Tree[] | { [name: string]: Tree };

/** The file of an untrained coder of digits, made in a second. */
async function coderFile(): Promise<Uint8Array> {
  const {
    encoder,
    decoder,
    parameters: spec,
    config,
  } = vae({
    ...{ trunk: { kind: "dense", hidden: [4] }, latent: 2 },
    likelihood: { kind: "logisticMixture", logistics: 1 },
  });
  const parameters = Object.fromEntries(
    Object.entries(initialise(spec, 1)).map(([name, data]) => [name, { shape: spec[name]!.shape, data }]),
  );
  const digits = syntheticDigits({ items: 8, seed: 3 });
  const model = { encoder, decoder, parameters, config: configToJson(config) };
  return writeLosslessFile(await fitLossless(referenceEngine(), model, batches(digits, { batchSize: 8 })));
}

/** Another value for one that a file has, of another type now and then. */
function changed(draw: Draw, value: Tree): Tree {
  const others: Tree[] = [null, "", "x", true, [], {}, -1, 0, 0.5, 2 ** 31, 2 ** 53, -(2 ** 31)];
  if (typeof value === "number" && draw(3) > 0) return pick(draw, [value + 1, value - 1, -value, 2 * value, 4 * value]);
  return pick(draw, others);
}

/** One place of the tree changed, or left out. */
function withChange(draw: Draw, tree: Tree): Tree {
  if (tree === null || typeof tree !== "object" || Object.keys(tree).length === 0 || draw(8) === 0) {
    return changed(draw, tree);
  }
  const key = pick(draw, Object.keys(tree));
  const copy = (Array.isArray(tree) ? [...tree] : { ...tree }) as { [name: string]: Tree };
  if (draw(16) === 0) delete copy[key];
  else copy[key] = withChange(draw, copy[key]!);
  return copy;
}

/** A text or an array of numbers of the file is changed or left out, and its hash is made that of the whole again. */
function forgedFile(draw: Draw, file: Uint8Array): Uint8Array {
  const read = readSafetensors(file);
  const texts: Record<string, string> = { ...read.metadata };
  const tensors: Record<string, StoredTensor> = { ...read.tensors };
  delete texts["sha256"];
  if (draw(16) === 0) return hashed({ ...texts, [pick(draw, Object.keys(texts))]: "{" }, tensors);
  if (draw(16) === 0) delete texts[pick(draw, Object.keys(texts))];
  if (draw(16) === 0) delete tensors[pick(draw, Object.keys(tensors))];
  const name = pick(draw, ["shape", "posterior", "likelihood", "version", "tables"]);
  if (name === "tables") {
    if (!tensors["tables"]) return hashed(texts, tensors);
    const data = (tensors["tables"]!.data as Int32Array).slice();
    data[draw(data.length)] = draw(2 ** 32) | 0;
    tensors["tables"] = { shape: [data.length], data };
  } else texts[name] = JSON.stringify(withChange(draw, JSON.parse(texts[name] ?? "0") as Tree));
  return hashed(texts, tensors);
}

function hashed(texts: Record<string, string>, tensors: Record<string, StoredTensor>): Uint8Array {
  const parts = Object.keys(tensors)
    .sort()
    .flatMap((one) => [`\n${one}\n`, tensors[one]!.data]);
  return writeSafetensors({ metadata: { ...texts, sha256: contentHash(canonicalJson(texts), ...parts) }, tensors });
}

/** The most memory of a plan that is run here, not only read. */
const RUN = 2 ** 18;

/** Reads a file; what is taken for good must run. */
function outcome(bytes: Uint8Array): string {
  let read;
  try {
    read = probe.around(() => readLosslessFile(bytes));
  } catch (error) {
    if (error instanceof IsthmusError) return error.code;
    throw error;
  }
  for (const plan of [read.posterior, read.likelihood]) {
    if (plan.memoryBytes <= RUN) javascriptExecutor(plan).run(new Int8Array(plan.input.length));
  }
  return "decoded";
}

export async function coderFileKind(): Promise<HostileKind> {
  const file = await coderFile();
  return {
    name: "files of lossless coders, damaged under a good hash",
    seed: 22,
    run: (draw) =>
      outcome(
        draw(8)
          ? forgedFile(draw, file)
          : withDamage(draw, file.subarray(0, draw(2) ? file.length : 1 + draw(file.length)), 3),
      ),
    outcomes: [
      "LOSSLESS_FILE_INVALID",
      "LOSSLESS_FILE_VERSION",
      "PLAN_INVALID",
      "PLAN_VERSION",
      "TABLE_INVALID",
      "decoded",
    ],
    share: 0.05,
    // A file of some 40 kB is hashed, parsed as JSON, hashed again and checked number by number.
    most: { bytes: 2 ** 23, milliseconds: 50 },
  };
}
