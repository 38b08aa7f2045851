// Threat: a model file that was made to harm whoever opens it. Only operators may upload one; what they are given may still be a trap.
import {
  canonicalJson,
  contentHash,
  type Model,
  readModelFile,
  readSafetensors,
  writeModelFile,
  writeSafetensors,
} from "@isthmus/graph";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Crew } from "../../src/decode/crew.ts";
import { itemsAtOnce } from "../../src/decode/model-facts.ts";
import { digitsModel, digitStream, parcel, type TestModel } from "../support/models.ts";
import { FROM_SOURCE, problemOf, type Running, running } from "../support/server.ts";

let model: TestModel;
let service: Running;
beforeAll(async () => {
  model = await digitsModel();
  service = await running({ maxModel: 2 ** 24 });
});
afterAll(() => service.close());

const put = (file: Uint8Array, id = model.id): Promise<Response> =>
  service.ask("operator", `/v1/models/${id}`, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: file as Uint8Array<ArrayBuffer>,
  });

/** A safetensors file with this header, and some bytes behind it. */
function withHeader(header: string, said: bigint = BigInt(header.length), data = 16): Uint8Array {
  const bytes = new Uint8Array(8 + header.length + data);
  new DataView(bytes.buffer).setBigUint64(0, said, true);
  bytes.set(new TextEncoder().encode(header), 8);
  return bytes;
}

/** The file with other texts in it, under a good hash. */
function forged(change: (texts: Record<string, string>) => Record<string, string>): Uint8Array {
  const { metadata, tensors } = readSafetensors(model.file);
  const other = change({ ...metadata });
  delete other["sha256"];
  return writeSafetensors({ metadata: { ...other, sha256: contentHash(canonicalJson(other)) }, tensors });
}

const tensor = (shape: unknown, offsets: unknown): string =>
  JSON.stringify({ x: { dtype: "F32", shape, data_offsets: offsets } });

it.each([
  ["a header of 2^63 bytes", withHeader("{}", 2n ** 63n)],
  ["a header longer than the file", withHeader("{}", 1000n)],
  ["a header of 64 MB that is not there", withHeader("{}", 2n ** 26n)],
  ["no JSON", withHeader("{".repeat(1000))],
  ["JSON as deep as a well", withHeader(`{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`)],
  ["a shape whose product is beyond all numbers", withHeader(tensor([2 ** 40, 2 ** 40, 2 ** 40], [0, 16]))],
  ["a shape of 0 times very many", withHeader(tensor([0, 2 ** 53], [0, 0]), undefined, 0)],
  ["offsets that are negative", withHeader(tensor([4], [-16, 0]))],
  ["offsets beyond the file", withHeader(tensor([2 ** 30], [0, 2 ** 32]))],
  [
    "tensors that overlap",
    withHeader(
      JSON.stringify({
        a: { dtype: "F32", shape: [4], data_offsets: [0, 16] },
        b: { dtype: "F32", shape: [4], data_offsets: [0, 16] },
      }),
    ),
  ],
  [
    "names of an object's own",
    withHeader(`{"__proto__":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"__metadata__":{"__proto__":"x"}}`),
  ],
  ["no byte", new Uint8Array(0)],
])("refuses %s", async (_, file) => {
  expect(await problemOf(await put(file))).toMatchObject({ status: 422, type: "urn:isthmus:problem:invalid-model" });
  expect(({} as Record<string, unknown>)["dtype"]).toBeUndefined();
});

it("refuses another model than the one that the address names, and texts that do not fit their hashes", async () => {
  expect(await problemOf(await put(model.file, "0123456789abcdef"))).toMatchObject({ status: 422, code: "MODEL_ID" });
  const { metadata, tensors } = readSafetensors(model.file);
  const [name, { shape, data }] = Object.entries(tensors).find(([, one]) => one.data instanceof Float32Array)!;
  const other = { ...tensors, [name]: { shape, data: Float32Array.from(data, (value) => value + 1) } };
  const changed = writeSafetensors({ metadata, tensors: other });
  expect(await problemOf(await put(changed))).toMatchObject({ status: 422, code: "MODEL_FILE_HASH" });
  const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
  for (const text of ["decoder", "encoder", "hashes", "data"]) {
    expect(await problemOf(await put(forged((texts) => ({ ...texts, [text]: deep }))))).toMatchObject({ status: 422 });
  }
});

type Node = Model["decoder"]["nodes"][number];

/** The model with a decoder that repeats its item many times, under good hashes. */
function repeating(many: number): Uint8Array {
  const { decoder, ...rest } = readModelFile(model.file);
  const at = decoder.nodes.length;
  const node = (id: number, op: string, from: number, shape: Node["shape"]): Node => {
    return { id, op, inputs: [from], attributes: { shape }, shape, dtype: "f32" };
  };
  const nodes = [
    node(at, "reshape", decoder.outputs["reconstruction"]!, ["batch", 1, 784]),
    node(at + 1, "broadcastTo", at, ["batch", many, 784]),
  ];
  const outputs = { ...decoder.outputs, reconstruction: at + 1 };
  return writeModelFile({ ...rest, decoder: { ...decoder, nodes: [...decoder.nodes, ...nodes], outputs } });
}

it("refuses a decoder that makes an item of very many numbers, before it is run", async () => {
  for (const many of [2 ** 17, 2 ** 30]) {
    const problem = await problemOf(await put(repeating(many)));
    expect(problem).toMatchObject({ status: 422, code: "MODEL_NOT_SERVED" });
    expect(problem["detail"]).toContain("numbers for an item");
  }
  expect(await problemOf(await put(repeating(2 ** 52)))).toMatchObject({ status: 422, code: "GRAPH_INVALID" });
});

it("gives a network that makes many numbers few items at once, so that what it takes is bounded", () => {
  expect(itemsAtOnce(model.model.decoder)).toBe(256);
  expect(itemsAtOnce(readModelFile(repeating(2 ** 12)).decoder)).toBe(20);
  expect(itemsAtOnce(readModelFile(repeating(2 ** 16)).decoder)).toBe(1);
});

it("ends a process that takes too long over a file or a network, and starts another for the next", async () => {
  const crew = new Crew({ workers: 1, patienceMs: 1, execArgv: FROM_SOURCE });
  for (let i = 0; i < 2; i++) {
    await expect(crew.do("inspect", { file: model.file })).rejects.toMatchObject({ code: "DECODE_FAILED" });
  }
  crew.close();
});

it("serves after all of these the model that is good", async () => {
  expect((await put(model.file)).status).toBe(201);
  expect((await service.send(parcel("pump-7", 1, await digitStream(model, 0, 1)))).status).toBe(200);
  expect((await service.ask("reader", "/v1/devices/pump-7/items")).status).toBe(200);
});
