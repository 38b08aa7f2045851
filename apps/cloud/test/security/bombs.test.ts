// Threat: few bytes that stand for very many numbers.
import { encodeLatents, readFrame, unpackTables, writeFrame } from "@isthmus/codec";
import { afterAll, beforeAll, expect, it } from "vitest";
import { digitsModel, parcel, type TestModel } from "../support/models.ts";
import { problemOf, type Running, running } from "../support/server.ts";

/** A digit has 784 numbers, so that a body may hold 83 of them. */
const MAX_VALUES = 2 ** 16;

let model: TestModel;
let service: Running;
beforeAll(async () => {
  model = await digitsModel();
  service = await running({ files: { "m.safetensors": model.file }, maxValues: MAX_VALUES });
});
afterAll(() => service.close());

/** Items whose code is 0 everywhere, as a stream: deflated, a byte stands for a thousand symbols. */
function bomb(items: number): Uint8Array {
  const tables = unpackTables(model.model.coding!.tables);
  const modelId = Buffer.from(model.id, "hex");
  return encodeLatents(new Int32Array(4 * items), { tables, modelId, tryDeflate: true });
}

/** A frame that says another number of items, under a good checksum. */
function forged(stream: Uint8Array, items: number): Uint8Array {
  return writeFrame({ ...readFrame(stream), items });
}

const send = (...streams: Uint8Array[]) =>
  service.send(Buffer.concat(streams.map((stream, i) => parcel("pump-7", 1000 * streams.length + i, stream))));

it("refuses a stream that decodes to more numbers than are accepted, before they are made", async () => {
  const stream = bomb(100_000);
  expect(stream.length).toBeLessThan(4096);
  expect(await problemOf(await send(stream))).toMatchObject({ status: 400, code: "BITSTREAM_LIMIT" });
  expect((await send(bomb(83))).status).toBe(200);
});

it("believes no number of items that the payload cannot hold", async () => {
  const honest = bomb(1);
  for (const items of [84, 2 ** 20, 2 ** 24]) {
    expect(await problemOf(await send(forged(honest, items)))).toMatchObject({ status: 400, code: "BITSTREAM_LIMIT" });
  }
});

it("decodes nothing for a reader that it would not store", async () => {
  const decode = (body: Uint8Array) =>
    service.ask("reader", "/v1/decode", {
      method: "POST",
      headers: { "content-type": "application/vnd.isthmus.stream" },
      body: body as Uint8Array<ArrayBuffer>,
    });
  expect(await problemOf(await decode(bomb(100_000)))).toMatchObject({ status: 400, code: "BITSTREAM_LIMIT" });
  expect(await problemOf(await decode(Buffer.concat([bomb(80), bomb(80)])))).toMatchObject({ status: 400 });
  expect((await decode(bomb(80))).status).toBe(200);
});
