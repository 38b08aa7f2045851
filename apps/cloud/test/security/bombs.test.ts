// Threat: few bytes that stand for very many numbers.
import { encodeLatents, readFrame, unpackTables, writeFrame } from "@isthmus/codec";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { certainModel, digitsModel, parcel, pumpModel, type TestModel } from "../support/models.ts";
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
function bomb(items: number, of = model, tryDeflate = true): Uint8Array {
  const tables = unpackTables(of.model.coding!.tables);
  const modelId = Buffer.from(of.id, "hex");
  return encodeLatents(new Int32Array(tables.length * items), { tables, modelId, tryDeflate, itemsPerFrame: items });
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

describe("of tables near certainty, under which a byte stands for a hundred thousand symbols", () => {
  /** An item of the certain model has four numbers: as many items as a frame may say, half of them, and as many as JSON may have. */
  const [MOST_OF_FORMAT, MOST, MOST_IN_JSON] = [2 ** 24, 2 ** 23, 2 ** 19];

  let certain: TestModel;
  let pump: TestModel;
  let other: Running;
  let largest: Uint8Array;
  beforeAll(async () => {
    [certain, pump] = [await certainModel(), await pumpModel()];
    other = await running({ files: { "certain.safetensors": certain.file, "pump.safetensors": pump.file } });
    largest = bomb(MOST, certain, false);
  });
  afterAll(() => other.close());

  const decode = (body: Uint8Array, accept = "application/json") =>
    other.ask("reader", "/v1/decode", {
      method: "POST",
      headers: { accept, "content-type": "application/vnd.isthmus.stream" },
      body: body as Uint8Array<ArrayBuffer>,
    });
  const parcels = (...streams: Uint8Array[]) =>
    Buffer.concat(streams.map((stream, i) => parcel("pump-7", 100 + i, stream)));

  it("refuses what claims as many items as the format has", async () => {
    expect(largest.length).toBeLessThan(200);
    const stream = forged(largest, MOST_OF_FORMAT);
    for (const answer of [await other.send(parcels(stream)), await decode(stream)]) {
      expect(await problemOf(answer)).toMatchObject({ status: 400, code: "BITSTREAM_LIMIT" });
    }
  });

  it("decodes two of a body at the most, right or wrong", { timeout: 120_000 }, async () => {
    const wrong = forged(largest, MOST - 1);
    const { results } = await problemOf(await other.send(parcels(...Array<Uint8Array>(50).fill(wrong))));
    expect(results.map(({ reason }: { reason: string }) => reason)).toEqual([
      ...Array<string>(2).fill("bad-frame"),
      ...Array<string>(48).fill("too-large"),
    ]);
    const good = await problemOf(await other.send(parcels(largest, largest, largest)));
    expect(good).toMatchObject({ status: 413, results: [{ status: "stored" }, { reason: "too-large" }, {}] });
  });

  it("takes no memory for them, and answers others meanwhile", { timeout: 120_000 }, async () => {
    const wrong = forged(largest, MOST - 1);
    const before = process.memoryUsage().arrayBuffers;
    let [most, answered, isUnderWay] = [0, 0, true];
    const sent = other.send(parcels(wrong, wrong)).finally(() => (isUnderWay = false));
    while (isUnderWay) {
      const { status } = await fetch(`${other.url}/healthz`);
      if (isUnderWay && status === 200) answered++;
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(await problemOf(await sent)).toMatchObject({ results: Array(2).fill({ reason: "bad-frame" }) });
    // Their symbols are 128 MiB each.
    expect(most).toBeLessThan(2 ** 24);
    expect(answered).toBeGreaterThan(3);
  });

  it("writes the longest text that there is, whole", { timeout: 120_000 }, async () => {
    const answer = await decode(bomb(MOST_IN_JSON, certain, false));
    expect(answer.status).toBe(200);
    const { items } = (await answer.json()) as { items: { values: number[]; code: number[] }[] };
    expect(items.length).toBe(MOST_IN_JSON);
    expect([items[0], items.at(-1)]).toEqual(Array(2).fill({ values: items[7]!.values, code: [0, 0, 0, 0] }));
  });

  it("makes no text of more numbers than anybody reads, and decodes nothing for it", { timeout: 120_000 }, async () => {
    for (const answer of [await decode(largest), await decode(bomb(MOST_IN_JSON + 1, certain, false))]) {
      const problem = await problemOf(answer);
      expect(problem).toMatchObject({ status: 413, type: "urn:isthmus:problem:too-large" });
      expect(problem["detail"]).toContain("ask for application/x-npy");
    }
    const table = bomb(2 ** 19, pump);
    for (const type of ["application/json", "text/csv"]) {
      expect(await problemOf(await decode(table, type))).toMatchObject({ status: 413 });
    }
  });
});
