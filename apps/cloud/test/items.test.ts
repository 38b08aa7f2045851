/** What devices send comes back as what their models make of it, in every form. */
import { readParcels } from "@isthmus/codec";
import { decodeItems, decodePictures, decodeStreamLatents, latentDecoder, streamCodec } from "@isthmus/compress";
import { parseNpy, parseDescription, tableOf, type TableDescription } from "@isthmus/data";
import { referenceEngine } from "@isthmus/graph";
import { decode as decodePng } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  digits,
  digitsModel,
  digitStream,
  drawing,
  losslessModel,
  losslessStream,
  parcel,
  pictureModel,
  pictureStream,
  pumpModel,
  pumpStream,
  type TestModel,
} from "./support/models.ts";
import { problemOf, type Running, running } from "./support/server.ts";

/** Another engine than the service's: the float64 interpreter. */
const engine = referenceEngine();

let service: Running;
let ofDigits: TestModel;
let ofPump: TestModel;
let ofPictures: TestModel;
let lossless: Pick<TestModel, "id" | "file">;

beforeAll(async () => {
  [ofDigits, ofPump, ofPictures] = [await digitsModel(), await pumpModel(), await pictureModel()];
  lossless = await losslessModel();
  service = await running({
    files: {
      "digits.safetensors": ofDigits.file,
      "pump.safetensors": ofPump.file,
      "pictures.safetensors": ofPictures.file,
      "lossless.safetensors": lossless.file,
    },
  });
});
afterAll(() => service.close());

const json = async (path: string): Promise<any> => {
  const response = await service.ask("reader", path);
  expect(response.status).toBe(200);
  return await response.json();
};
const file = async (path: string, accept: string): Promise<Uint8Array> => {
  const response = await service.ask("reader", path, { headers: { accept } });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe(accept);
  return new Uint8Array(await response.arrayBuffer());
};
const store = async (device: string, ...streams: Uint8Array[]): Promise<void> => {
  const body = Buffer.concat(streams.map((stream, index) => parcel(device, index + 1, stream)));
  expect((await service.send(body, { name: device })).status).toBe(200);
};

/** Values of 0 to 1 as 8 bits, each within one of what another runtime makes of it. */
function expectBytes(got: ArrayLike<number>, values: Float32Array): void {
  expect(got.length).toBe(values.length);
  values.forEach((value, i) => {
    // Half a level by rounding, and what two runtimes' float32 sums may differ by.
    expect(Math.abs(got[i]! - Math.min(255, Math.max(0, 255 * value)))).toBeLessThanOrEqual(0.5 + 0.01);
  });
}

describe("digits", () => {
  let streams: Uint8Array[];
  let expected: Float32Array;
  beforeAll(async () => {
    streams = [await digitStream(ofDigits, 0, 3), await digitStream(ofDigits, 3, 4)];
    await store("cam", ...streams);
    expected = await decodeItems(engine, ofDigits.model, decodeStreamLatents(ofDigits.model, Buffer.concat(streams)));
  });

  it("come as JSON with their codes", async () => {
    const { frames, models, next } = await json("/v1/devices/cam/items");
    expect(next).toBeUndefined();
    expect(models).toEqual({
      [ofDigits.id]: { id: ofDigits.id, kind: "vae", shape: [28, 28, 1], data: { kind: "images" } },
    });
    const about = frames.map(({ items: _items, received: _received, ...rest }: any) => rest);
    expect(about).toEqual([
      { sequence: 1, time: 1000, model: ofDigits.id, bytes: streams[0]!.length, rawBytes: 3 * 784 },
      { sequence: 2, time: 2000, model: ofDigits.id, bytes: streams[1]!.length, rawBytes: 784 },
    ]);
    const items = frames.flatMap((frame: any) => frame.items);
    expectBytes(
      items.flatMap((item: any) => item.values),
      expected,
    );
    const { symbols } = latentDecoder(streamCodec(ofDigits.model))(Buffer.concat(streams));
    expect(items.flatMap((item: any) => item.code)).toEqual([...symbols]);
  });

  it("come as one picture, or as a grid of several", async () => {
    const grid = decodePng(await file("/v1/devices/cam/items", "image/png"));
    // Two across and two down, each four times as large, with a pixel around.
    expect([grid.width, grid.height, grid.channels]).toEqual([2 * 113 + 1, 2 * 113 + 1, 1]);
    const one = decodePng(await file("/v1/devices/cam/items?from=2000", "image/png"));
    expect([one.width, one.height, one.channels]).toEqual([28, 28, 1]);
    expectBytes(one.data, expected.subarray(3 * 784));
  });

  it("come as an array of bytes", async () => {
    const { type, shape, values } = parseNpy(await file("/v1/devices/cam/items", "application/x-npy"), "x");
    expect([type, shape]).toEqual(["u8", [4, 28, 28, 1]]);
    expectBytes(values as Uint8Array, expected);
  });

  it("come as they were stored", async () => {
    const bytes = await file("/v1/devices/cam/items", "application/vnd.isthmus.parcels");
    const found = [...readParcels(bytes)].map((one) => ("parcel" in one ? one.parcel : one.error));
    expect(found).toEqual(
      streams.map((stream, i) => ({ device: "cam", sequence: i + 1, time: 1000 * (i + 1), stream })),
    );
  });

  it("cannot be had as a table", async () => {
    const response = await service.ask("reader", "/v1/devices/cam/items", { headers: { accept: "text/csv" } });
    expect(await problemOf(response)).toMatchObject({ status: 406, type: "urn:isthmus:problem:not-acceptable" });
    const none = await service.ask("reader", "/v1/devices/cam/items", { headers: { accept: "audio/mp3" } });
    expect(await problemOf(none)).toMatchObject({ status: 406 });
  });

  it("are decoded without being stored", async () => {
    const before = await json("/v1/devices");
    const decode = (accept: string) =>
      service.ask("operator", "/v1/decode", {
        ...{ method: "POST", body: Buffer.concat(streams) },
        headers: { "content-type": "application/vnd.isthmus.stream", accept },
      });
    const { model, items } = (await (await decode("application/json")).json()) as any;
    expect(model.id).toBe(ofDigits.id);
    expectBytes(
      items.flatMap((item: any) => item.values),
      expected,
    );
    const array = parseNpy(new Uint8Array(await (await decode("application/x-npy")).arrayBuffer()), "x");
    expect(array.shape).toEqual([4, 28, 28, 1]);
    expect((await json("/v1/devices")).totals).toEqual(before.totals);
  });
});

describe("rows of a table", () => {
  const rows = 10;
  let stream: Uint8Array;
  let expected: ReturnType<typeof tableOf>;
  beforeAll(async () => {
    stream = await pumpStream(ofPump, rows);
    await store("pump-7", stream);
    const values = await decodeItems(engine, ofPump.model, decodeStreamLatents(ofPump.model, stream));
    expected = tableOf(parseDescription(ofPump.model.data!) as TableDescription, values);
  });

  /** What onnxruntime gives beside our engine, as everywhere. */
  const expectNear = (got: unknown, value: number): void =>
    expect(Math.abs((got as number) - value)).toBeLessThanOrEqual(1e-5 + 1e-4 * Math.abs(value));

  /** Of the first rows: the others only fill the last window up. */
  const expectRows = (got: readonly (readonly (number | string)[])[]): void => {
    expect(got.length).toBe(rows);
    const [flow, heat, state] = expected.columns as any;
    got.forEach((row, i) => {
      expectNear(row[0], flow.values[i]);
      expectNear(row[1], heat.values[i]);
      expect(row[2]).toBe(state.categories[state.values[i]]);
    });
  };

  it("come as JSON, window by window, in their own units and names", async () => {
    const { frames, models } = await json("/v1/devices/pump-7/items");
    const data = { kind: "table", columns: ["flow", "heat", "state"] };
    expect(models[ofPump.id]).toEqual({ id: ofPump.id, kind: "vae", shape: [4, 3], data });
    expect(frames[0].rawBytes).toBe(rows * (4 + 4 + 1));
    expect(frames[0].items.map(({ values }: any) => values.length)).toEqual([12, 12, 6]);
    const flat = frames[0].items.flatMap(({ values }: any) => values);
    expectRows(Array.from({ length: rows }, (_, row) => flat.slice(3 * row, 3 * row + 3)));
  });

  it("come as CSV", async () => {
    const [header, ...lines] = new TextDecoder()
      .decode(await file("/v1/devices/pump-7/items", "text/csv"))
      .trim()
      .split("\n");
    expect(header).toBe("flow,heat,state");
    expectRows(lines.map((line) => line.split(",").map((cell, i) => (i < 2 ? Number(cell) : cell))));
  });

  it("come as an array of numbers", async () => {
    const { shape } = parseNpy(await file("/v1/devices/pump-7/items", "application/x-npy"), "x");
    expect(shape).toEqual([rows, 3]);
  });

  it("cannot be had as pictures", async () => {
    const response = await service.ask("reader", "/v1/devices/pump-7/items", { headers: { accept: "image/png" } });
    expect(await problemOf(response)).toMatchObject({ status: 406 });
  });
});

describe("pictures", () => {
  const sizes = [
    [20, 37],
    [33, 16],
  ] as const;
  let streams: Uint8Array[];
  beforeAll(async () => {
    streams = [];
    for (const [index, [height, width]] of sizes.entries()) {
      streams.push(await pictureStream(ofPictures, drawing(height, width), index === 0));
    }
    await store("eye", ...streams);
  });

  it.each([0, 1])("come in their own size, decoded as one or tile by tile: %i", async (index) => {
    const { value } = await decodePictures(
      engine,
      ofPictures.model,
      decodeStreamLatents(ofPictures.model, streams[index]!),
    ).next();
    const picture = value!;
    const from = 1000 * (index + 1);
    const png = decodePng(await file(`/v1/devices/eye/items?from=${from}&to=${from + 1}`, "image/png"));
    expect([png.height, png.width, png.channels]).toEqual([...sizes[index]!, 3]);
    expectBytes(png.data, picture.values);
    const { frames } = await json(`/v1/devices/eye/items?from=${from}&to=${from + 1}`);
    expect(frames[0].items).toHaveLength(1);
    expect(frames[0].items[0].shape).toEqual([...sizes[index]!, 3]);
    expect(frames[0].rawBytes).toBe(sizes[index]![0] * sizes[index]![1] * 3);
    expectBytes(frames[0].items[0].values, picture.values);
  });

  it("end a file where another size begins, and say what is behind", async () => {
    const first = await service.ask("reader", "/v1/devices/eye/items", { headers: { accept: "application/x-npy" } });
    expect(parseNpy(new Uint8Array(await first.arrayBuffer()), "x").shape).toEqual([1, ...sizes[0], 3]);
    const [, next] = /^<(.*)>; rel="next"$/.exec(first.headers.get("link")!)!;
    const second = await service.ask("reader", next!, { headers: { accept: "application/x-npy" } });
    expect(parseNpy(new Uint8Array(await second.arrayBuffer()), "x").shape).toEqual([1, ...sizes[1], 3]);
    expect(second.headers.get("link")).toBeNull();
  });
});

describe("a lossless stream", () => {
  const items = digits.values.slice(0, 2 * 784) as Uint8Array;
  beforeAll(async () => await store("exact", await losslessStream(lossless, items)));

  it("comes back to the last bit", async () => {
    const { values, shape } = parseNpy(await file("/v1/devices/exact/items", "application/x-npy"), "x");
    expect(shape).toEqual([2, 28, 28, 1]);
    expect(values).toEqual(items);
    const { frames } = await json("/v1/devices/exact/items");
    expect(frames[0].items.flatMap((item: any) => item.values)).toEqual([...items]);
    expect(frames[0].rawBytes).toBe(items.length);
    expect(frames[0].items[0].code).toEqual([]);
  });
});

it("lists devices and models", async () => {
  const { devices, totals } = await json("/v1/devices");
  expect(devices.map(({ device }: any) => device)).toEqual(["cam", "exact", "eye", "pump-7"]);
  expect(totals).toMatchObject({ devices: 4, frames: 6 });
  const page = await json("/v1/devices?limit=2");
  expect([page.devices.length, page.next]).toEqual([2, "exact"]);
  expect((await json("/v1/devices?limit=2&after=exact")).devices.map(({ device }: any) => device)).toEqual([
    "eye",
    "pump-7",
  ]);
  expect(await json("/v1/devices/cam")).toEqual(devices[0]);
  const ids = [ofDigits, ofPump, ofPictures, lossless].map(({ id }) => id).sort();
  expect((await json("/v1/models")).models.map(({ id }: any) => id)).toEqual(ids);
});

it("pages through items", async () => {
  const seen: number[] = [];
  let path = "/v1/devices/cam/items?limit=1";
  for (;;) {
    const { frames, next } = await json(path);
    seen.push(...frames.map(({ sequence }: any) => sequence));
    if (next === undefined) break;
    path = `/v1/devices/cam/items?limit=1&after=${next}`;
  }
  expect(seen).toEqual([1, 2]);
  const empty = await service.ask("reader", "/v1/devices/cam/items?from=9000", { headers: { accept: "image/png" } });
  expect(empty.status).toBe(204);
  expect((await json("/v1/devices/cam/items?from=9000")).frames).toEqual([]);
});
