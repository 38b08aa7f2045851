import { IsthmusError } from "@isthmus/math";
import { describe, expect, it } from "vitest";
import {
  canonicalJson,
  codingProblem,
  contentHash,
  GraphBuilder,
  initialise,
  latentShape,
  latentWidth,
  type Model,
  type ModelData,
  modelHashes,
  parseProgram,
  type Program,
  readModelFile,
  readSafetensors,
  serialiseProgram,
  type StoredTensor,
  writeModelFile,
  writeSafetensors,
} from "../src/index.ts";
import { network } from "./support/programs.ts";

function model(changes: Partial<Model> = {}): Model {
  const [{ outputs, ...halves }, decoder] = [network("encoder", 3, 2), network("decoder", 2, 3)];
  const encoder = { ...halves, outputs: { z: outputs["y"]! } };
  const spec = { ...encoder.state, ...decoder.state };
  const values = initialise(spec, 1);
  const parameters = Object.fromEntries(
    Object.entries(spec).map(([name, { shape }]) => [name, { shape, data: values[name]! }]),
  );
  return {
    kind: "ae",
    config: { hidden: [4], latent: 2, likelihood: "bernoulli" },
    encoder,
    decoder,
    parameters,
    coding: { offsets: Float32Array.of(0, 0.5), steps: Float32Array.of(1, 2), tables: Int32Array.of(1, 2, 3) },
    provenance: { seed: 1 },
    metrics: { loss: 0.25 },
    ...changes,
  };
}

type Change = (metadata: Record<string, string>, tensors: Record<string, StoredTensor>) => void;

/** The file with metadata or tensors changed by someone who makes the metadata's hash anew. */
function rewritten(change: Change): Uint8Array {
  const { metadata, tensors } = readSafetensors(writeModelFile(model()));
  change(metadata, tensors);
  const rest = { ...metadata };
  delete rest["sha256"];
  return writeSafetensors({ metadata: { ...rest, sha256: contentHash(canonicalJson(rest)) }, tensors });
}

/** The file with tensors changed by someone who makes every hash anew. */
function resealed(change: (tensors: Record<string, StoredTensor>) => void): Uint8Array {
  return rewritten((metadata, tensors) => {
    change(tensors);
    const part = <T extends StoredTensor["data"]>(name: string) => tensors[`coding.${name}`]!.data as T;
    const { encoder, tables, decoder } = modelHashes({
      encoder: parseProgram(metadata["encoder"]!),
      decoder: parseProgram(metadata["decoder"]!),
      parameters: tensors,
      coding: { offsets: part("offsets"), steps: part("steps"), tables: part("tables") },
    });
    metadata["hashes"] = canonicalJson({ encoder, tables, decoder });
  });
}

function failure(bytes: Uint8Array): Pick<IsthmusError, "code" | "message" | "details"> {
  try {
    readModelFile(bytes);
  } catch (error) {
    if (error instanceof IsthmusError) return error;
    throw error;
  }
  return { code: "none", message: "", details: {} };
}

it("survives a round trip, with and without a latent coding, and is deterministic", () => {
  for (const given of [model(), (({ coding: _, ...rest }) => rest)(model())]) {
    const bytes = writeModelFile(given);
    expect(readModelFile(bytes)).toEqual(given);
    expect(writeModelFile(readModelFile(bytes))).toEqual(bytes);
    expect(writeModelFile(model())).toEqual(writeModelFile(model()));
  }
});

describe("a prior", () => {
  const build = new GraphBuilder();
  const z = build.state("prior.z", { shape: [3, 2], init: { kind: "zeros" } });
  const withPrior = {
    ...model(),
    prior: build.program({ outputs: { z } }),
    parameters: { ...model().parameters, "prior.z": { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) } },
  };

  it("is stored with its parameters and changes no stream", () => {
    const bytes = writeModelFile(withPrior);
    expect(readModelFile(bytes)).toEqual(withPrior);
    expect(modelHashes(withPrior).id).toEqual(modelHashes(model()).id);
    expect(modelHashes(withPrior).prior).toMatch(/^[0-9a-f]{64}$/);
  });

  it("has a hash over its parameters", () => {
    const { metadata, tensors } = readSafetensors(writeModelFile(withPrior));
    const other = { ...tensors, "prior.z": { shape: [3, 2], data: new Float32Array(6) } };
    const { code, details } = failure(writeSafetensors({ metadata, tensors: other }));
    expect({ code, details }).toEqual({ code: "MODEL_FILE_HASH", details: { part: "prior" } });
  });
});

describe("a description of the data", () => {
  const data = {
    version: 1,
    item: { offset: 0.5 },
    reading: { missing: "mean" },
    writing: { header: true },
    source: {},
  };
  const changed = (change: Partial<ModelData>) => {
    const [base, other] = [modelHashes(model({ data })), modelHashes(model({ data: { ...data, ...change } }))];
    return (["encoder", "tables", "decoder"] as const).filter((part) => base[part] !== other[part]);
  };

  it("is stored, and gives a model another identity", () => {
    const bytes = writeModelFile(model({ data }));
    expect(readModelFile(bytes)).toEqual(model({ data }));
    expect(readSafetensors(bytes).metadata["data"]).toBe(canonicalJson(data));
    expect(modelHashes(model({ data })).id).not.toEqual(modelHashes(model()).id);
  });

  it("changes the hash of what it decides: encoder, decoder, both or none", () => {
    expect(changed({ item: { offset: 0.25 } })).toEqual(["encoder", "decoder"]);
    expect(changed({ version: 2 })).toEqual(["encoder", "decoder"]);
    expect(changed({ reading: { missing: "drop" } })).toEqual(["encoder"]);
    expect(changed({ writing: { header: false } })).toEqual(["decoder"]);
    expect(changed({ source: { testShare: 0.5 } })).toEqual([]);
  });

  it.each(["{}", '{"version":1,"item":{},"reading":{},"writing":{},"source":{},"more":1}', "[]", "x"])(
    "%s is refused",
    (text) => {
      const bytes = rewritten((metadata) => (metadata["data"] = text));
      expect(failure(bytes)).toMatchObject({ code: "MODEL_FILE_INVALID" });
      expect(failure(bytes).message).toMatch(/^model file: metadata "data" /);
    },
  );

  it("that someone put there, or took away, is found by the hashes", () => {
    const bytes = rewritten((metadata) => (metadata["data"] = canonicalJson(data)));
    expect(failure(bytes)).toMatchObject({ code: "MODEL_FILE_HASH", details: { part: "encoder" } });
  });
});

it("keeps graphs as their text and everything else as JSON in the metadata", () => {
  const { metadata, tensors } = readSafetensors(writeModelFile(model()));
  expect(metadata["encoder"]).toBe(serialiseProgram(model().encoder));
  expect(metadata["config"]).toBe('{"hidden":[4],"latent":2,"likelihood":"bernoulli"}');
  expect(metadata).toMatchObject({ format: "isthmus-model", version: "2", kind: "ae", metrics: '{"loss":0.25}' });
  expect(tensors["coding.tables"]!.data).toEqual(Int32Array.of(1, 2, 3));
});

describe("hashes", () => {
  // Our own golden, so that the format does not change by accident; the full tier recomputes hashes in Python.
  it("of this model stay what they are", () => {
    const { encoder, decoder, tables, id } = modelHashes(model({ encoder: network("encoder", 3, 2) }));
    expect({ encoder, decoder, tables, id: Buffer.from(id).toString("hex") }).toEqual({
      encoder: "355c22ea51c05dc5beabdf3b1bb8d6ca7a066bb8bca5a1b9d526ca66365778af",
      decoder: "1add32eec47886e9bc862b76c728f6219ec68fe343b02aeb639367d88407065c",
      tables: "5c3ef6e9a64248ecef9249fd6f72050fc57a66831b6e3fc238fad3d8f75a92af",
      id: "3a002c16c5505178",
    });
  });

  it("do not change with metrics, provenance, kind and config", () => {
    const other = model({ metrics: { loss: 7 }, provenance: {}, kind: "vae", config: {} });
    expect(modelHashes(other)).toEqual(modelHashes(model()));
  });

  it("change for the part that changes, and the id with each", () => {
    const base = modelHashes(model());
    const { coding, decoder, parameters } = model();
    const name = "encoder.dense0.bias";
    const spoiled = { ...parameters, [name]: { ...parameters[name]!, data: Float32Array.of(9, 9) } };
    const parts = (given: Model) => {
      const hashes = modelHashes(given);
      return [hashes.encoder !== base.encoder, hashes.tables !== base.tables, hashes.decoder !== base.decoder];
    };
    expect(parts(model({ parameters: spoiled }))).toEqual([true, false, false]);
    expect(parts(model({ coding: { ...coding!, steps: Float32Array.of(1, 3) } }))).toEqual([false, true, false]);
    expect(parts(model({ decoder: { ...decoder, outputs: { other: decoder.outputs["y"]! } } }))).toEqual([
      false,
      false,
      true,
    ]);
    const ids = [model(), model({ parameters: spoiled })].map((given) => modelHashes(given).id.join());
    expect(new Set(ids).size).toBe(2);
  });
});

describe("damage", () => {
  it("of any byte of any tensor is found by its hash", () => {
    const bytes = writeModelFile(model());
    const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    for (let at = start; at < bytes.length; at++) {
      const spoiled = bytes.slice();
      spoiled[at]! ^= 0x10;
      expect(failure(spoiled).code, `byte ${at}`).toBe("MODEL_FILE_HASH");
    }
  });

  it("by one flipped bit, anywhere in the file, is refused with one of our errors", () => {
    const bytes = writeModelFile(model());
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        bytes[at]! ^= 1 << bit;
        expect(failure(bytes).code, `bit ${bit} of byte ${at}`).toMatch(/^(SAFETENSORS|MODEL_FILE)_\w+$/);
        bytes[at]! ^= 1 << bit;
      }
    }
    expect(readModelFile(bytes)).toEqual(model());
  });

  it("is nothing but the blanks after the header: a tab among them reads the same", () => {
    const bytes = writeModelFile(model({ kind: "ae, padded" }));
    const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(bytes[end - 1]).toBe(0x20);
    bytes[end - 1] = 0x09;
    expect(readModelFile(bytes)).toEqual(model({ kind: "ae, padded" }));
  });

  it.each([
    ["kind", "ae", "vae"],
    ["config", '"hidden":[4]', '"hidden":[5]'],
    ["metrics", "0.25", "0.35"],
    ["provenance", '"seed":1', '"seed":2'],
  ])("of the %s is found by the metadata's hash", (key, from, to) => {
    const { metadata, tensors } = readSafetensors(writeModelFile(model()));
    const changed = metadata[key]!.replace(from, to);
    expect(changed).not.toBe(metadata[key]);
    const { code, message, details } = failure(
      writeSafetensors({ metadata: { ...metadata, [key]: changed }, tensors }),
    );
    expect(code).toBe("MODEL_FILE_HASH");
    expect(message).toMatch(/the hash of the metadata does not match; the file is damaged/);
    expect(details).toEqual({ part: "metadata" });
  });

  it.each<[string, string, RegExp, Change]>([
    ["another format", "MODEL_FILE_FORMAT", /format: pt/, (metadata) => (metadata["format"] = "pt")],
    ["a newer version", "MODEL_FILE_VERSION", /version 3 is not 2/, (metadata) => (metadata["version"] = "3")],
    ["no version", "MODEL_FILE_VERSION", /version none/, (metadata) => delete metadata["version"]],
    [
      "a newer graph",
      "GRAPH_VERSION",
      /version 2/,
      (metadata) => (metadata["encoder"] = metadata["encoder"]!.replace(/"version":1}$/, '"version":2}')),
    ],
    ...["kind", "config", "encoder", "decoder", "provenance", "metrics", "hashes"].map(
      (key): [string, string, RegExp, Change] => [
        `no ${key}`,
        "MODEL_FILE_INVALID",
        new RegExp(`metadata "${key}" is missing`),
        (metadata) => delete metadata[key],
      ],
    ),
    [
      "a config that is a list",
      "MODEL_FILE_INVALID",
      /"config" is not a JSON object/,
      (metadata) => (metadata["config"] = "[]"),
    ],
    [
      "metrics that are no JSON",
      "MODEL_FILE_INVALID",
      /"metrics" is not a JSON object/,
      (metadata) => (metadata["metrics"] = "{"),
    ],
    ["hashes of nothing", "MODEL_FILE_HASH", /encoder/, (metadata) => (metadata["hashes"] = "{}")],
    [
      "a parameter that is missing",
      "MODEL_FILE_INVALID",
      /"encoder.dense0.bias" expected f32 \[2\], got nothing/,
      (_, tensors) => delete tensors["encoder.dense0.bias"],
    ],
    [
      "a parameter of another shape",
      "MODEL_FILE_INVALID",
      /expected f32 \[2\], got \[1, 2\]/,
      (_, tensors) => (tensors["encoder.dense0.bias"] = { shape: [1, 2], data: new Float32Array(2) }),
    ],
    [
      "a parameter of another type",
      "MODEL_FILE_INVALID",
      /expected f32/,
      (_, tensors) => (tensors["encoder.dense0.bias"] = { shape: [2], data: new Int32Array(2) }),
    ],
    [
      "a parameter nobody reads",
      "MODEL_FILE_INVALID",
      /"extra" is read by none of/,
      (_, tensors) => (tensors["extra"] = { shape: [], data: new Float32Array(1) }),
    ],
    ["half a coding", "MODEL_FILE_INVALID", /coding is incomplete/, (_, tensors) => delete tensors["coding.tables"]],
    [
      "a tensor of coding nobody reads",
      "MODEL_FILE_INVALID",
      /"coding.extra" is read by none of/,
      (_, tensors) => (tensors["coding.extra"] = { shape: [], data: new Float32Array(1) }),
    ],
  ])("%s is %s", (_, code, message, change) => {
    const error = failure(rewritten(change));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it("a state tensor called like a property of every object is looked for in the file", () => {
    const rename = (text: string) => text.replaceAll("encoder.dense0.bias", "constructor");
    const bytes = rewritten((metadata) => (metadata["encoder"] = rename(metadata["encoder"]!)));
    expect(failure(bytes).message).toMatch(/parameter "constructor" expected f32 \[2\], got nothing/);
  });
});

it("a file without the metadata's hash is refused", () => {
  const { metadata, tensors } = readSafetensors(writeModelFile(model()));
  const rest = { ...metadata };
  delete rest["sha256"];
  expect(failure(writeSafetensors({ metadata: rest, tensors }))).toMatchObject({
    code: "MODEL_FILE_INVALID",
    message: 'model file: metadata "sha256" is missing',
  });
});

describe("numbers that no model has are refused, read and written", () => {
  const set = (name: string, values: readonly number[]) => (tensors: Record<string, StoredTensor>) =>
    void (tensors[name] = { shape: [values.length], data: Float32Array.from(values) });
  const written = (change: (tensors: Record<string, StoredTensor>) => void) => {
    const { parameters, coding } = model();
    const tensors: Record<string, StoredTensor> = {
      ...parameters,
      "coding.offsets": { shape: [2], data: coding!.offsets },
      "coding.steps": { shape: [2], data: coding!.steps },
    };
    change(tensors);
    const { "coding.offsets": offsets, "coding.steps": steps, ...rest } = tensors;
    const changed = { offsets: offsets!.data as Float32Array, steps: steps!.data as Float32Array };
    return () => writeModelFile(model({ parameters: rest, coding: { ...coding!, ...changed } }));
  };

  it.each<[string, string, readonly number[], RegExp]>([
    ["a weight", "encoder.dense0.bias", [0, Number.NaN], /tensor "encoder.dense0.bias" has NaN at index 1/],
    ["a weight", "decoder.dense0.bias", [-Infinity, 0, 0], /tensor "decoder.dense0.bias" has -Infinity at index 0/],
    ["a step", "coding.steps", [1, 0], /"coding.steps" expected finite numbers > 0, got 0 at index 1/],
    ["a step", "coding.steps", [-1, 1], /"coding.steps" expected .+ got -1 at index 0/],
    ["a step", "coding.steps", [1, Infinity], /"coding.steps" expected .+ got Infinity at index 1/],
    ["an offset", "coding.offsets", [0, Number.NaN], /"coding.offsets" expected finite numbers, got NaN at index 1/],
    ["offsets", "coding.offsets", [0], /1 offsets and 2 steps for 2 latents/],
    ["steps", "coding.steps", [1, 1, 1], /2 offsets and 3 steps for 2 latents/],
  ])("%s: %s of %j", (_, name, values, message) => {
    const change = set(name, values);
    const error = failure(resealed(change));
    expect(error.code).toBe("MODEL_FILE_INVALID");
    expect(error.message).toMatch(message);
    expect(written(change)).toThrow(expect.objectContaining({ code: "MODEL_FILE_INVALID", message: error.message }));
  });

  it("and says in its details where", () => {
    const { details } = failure(resealed(set("encoder.dense0.bias", [0, Number.NaN])));
    expect(details).toEqual({ tensor: "encoder.dense0.bias", index: 1 });
  });

  it("a coding for an encoder without a code", () => {
    const { encoder } = model();
    const outputs = { y: encoder.outputs["z"]! };
    expect(() => writeModelFile(model({ encoder: { ...encoder, outputs } }))).toThrow(
      expect.objectContaining({ code: "MODEL_FILE_INVALID", message: expect.stringMatching(/no output "mu" or "z"/) }),
    );
  });
});

describe("a latent coding of several qualities, its tables shared by positions", () => {
  const coding = {
    offsets: Float32Array.of(0, 0.5),
    steps: Float32Array.of(1, 2),
    tables: Int32Array.of(1, 2, 3),
    qualities: 2,
  };

  it("survives a round trip, and the number of qualities is hashed", () => {
    const bytes = writeModelFile(model({ coding }));
    expect(readSafetensors(bytes).tensors["coding.steps"]!.shape).toEqual([2, 1]);
    expect(readModelFile(bytes).coding).toEqual(coding);
    const { offsets, steps, tables } = coding;
    expect(modelHashes(model({ coding })).tables).not.toBe(
      modelHashes(model({ coding: { offsets, steps, tables } })).tables,
    );
  });

  it.each([
    [{ qualities: 257 }, /"coding.qualities" expected an integer 1 to 256, got 257/],
    [{ qualities: 0.5 }, /"coding.qualities" .+ got 0.5/],
    [{ qualities: 4 }, /2 offsets and 2 steps of 4 qualities for 2 latents/],
    [{ offsets: new Float32Array(6), steps: new Float32Array(6).fill(1) }, /6 steps of 2 qualities for 2 latents/],
    [{ payloads: 2 }, /"coding.payloads" expected an integer 1 to 1, got 2/],
    [{ gains: new Float32Array(3) }, /3 gains and 2 steps of 2 qualities/],
    [{ gains: Float32Array.of(1, 0) }, /"coding.gains" expected finite numbers > 0, got 0 at index 1/],
    [{ payloads: NaN }, /"coding.payloads" .+ got NaN/],
  ])("with %o is refused", (changes, message) => {
    expect(codingProblem(model({ coding: { ...coding, ...changes } }))).toMatch(message);
  });
});

describe("a latent coding with gains", () => {
  const { coding } = model();
  const amplified = { ...coding!, gains: Float32Array.of(0.5, 1) };

  it("survives a round trip; they are part of the tables' hash, and so of the id", () => {
    const bytes = writeModelFile(model({ coding: amplified }));
    expect(readModelFile(bytes).coding).toEqual(amplified);
    const [plain, other] = [coding!, amplified].map((one) => modelHashes(model({ coding: one })));
    expect(other!.tables).not.toBe(plain!.tables);
    expect(other!.id).not.toEqual(plain!.id);
    expect([other!.encoder, other!.decoder]).toEqual([plain!.encoder, plain!.decoder]);
  });

  it("is refused where gains are no floats", () => {
    const { metadata, tensors } = readSafetensors(writeModelFile(model({ coding: amplified })));
    const spoiled = { ...tensors, "coding.gains": { shape: [2], data: Int32Array.of(1, 1) } };
    expect(failure(writeSafetensors({ metadata, tensors: spoiled })).message).toMatch(/coding is incomplete/);
  });
});

describe("a latent coding in several payloads", () => {
  const coding = {
    ...{ offsets: Float32Array.of(0, 0.5), steps: Float32Array.of(1, 2), tables: Int32Array.of(1, 2, 3) },
    payloads: 2,
  };

  it("survives a round trip, with the same hashes: frames say how many they have", () => {
    const { payloads, ...rest } = coding;
    expect(payloads).toBe(2);
    expect(readModelFile(writeModelFile(model({ coding }))).coding).toEqual(coding);
    expect(modelHashes(model({ coding }))).toEqual(modelHashes(model({ coding: rest })));
  });
});

describe("the shape of a code", () => {
  it("is that of the encoder's mu, or else z, without the batch", () => {
    const { encoder } = model();
    const shaped = (shape: readonly (number | "batch")[]) => {
      const nodes = encoder.nodes.map((node, id) => (id === encoder.outputs["z"] ? { ...node, shape } : node));
      return { ...encoder, nodes } as Program;
    };
    expect(latentShape(encoder)).toEqual([2]);
    expect(latentShape(shaped(["batch", 4, 4, 3]))).toEqual([4, 4, 3]);
    expect(latentWidth(shaped(["batch", 4, 4, 3]))).toBe(48);
    expect(latentShape(shaped(["batch"]))).toBeUndefined();
    expect(latentShape(shaped([4, 3]))).toBeUndefined();
    expect(latentShape(shaped(["batch", "batch"]))).toBeUndefined();
  });
});

it("writing refuses parameters that are missing, wrong, or read by nobody", () => {
  const { parameters } = model();
  const without = Object.fromEntries(Object.entries(parameters).filter(([name]) => name !== "encoder.dense0.bias"));
  expect(() => writeModelFile(model({ parameters: without }))).toThrow(
    new RangeError(`writeModelFile: parameter "encoder.dense0.bias" expected f32 [2], got nothing`),
  );
  const extra = { shape: [], data: new Float32Array(1) };
  expect(() => writeModelFile(model({ parameters: { ...parameters, "coding.steps": extra } }))).toThrow(
    new RangeError(`writeModelFile: parameter "coding.steps" is read by none of encoder, decoder and prior`),
  );
});
