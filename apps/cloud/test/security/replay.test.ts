// Threat: frames that are sent again, by others, or as others.
import { afterAll, beforeAll, expect, it } from "vitest";
import { digitsModel, digitStream, parcel, type TestModel } from "../support/models.ts";
import { problemOf, type Running, running } from "../support/server.ts";

let model: TestModel;
let service: Running;
beforeAll(async () => {
  model = await digitsModel();
  service = await running({ files: { "m.safetensors": model.file } });
});
afterAll(() => service.close());

const frames = async (): Promise<number> => (await service.service.store.totals()).frames;

it("stores a frame once, however often it is sent", async () => {
  const body = parcel("pump-7", 1, await digitStream(model, 0, 1));
  const statuses: string[] = [];
  for (let i = 0; i < 5; i++) {
    const { results } = (await (await service.send(body)).json()) as { results: { status: string }[] };
    statuses.push(results[0]!.status);
  }
  expect(statuses).toEqual(["stored", ...Array<string>(4).fill("duplicate")]);
  expect(await frames()).toBe(1);
  const together = await service.send(Buffer.concat([body, body, body]));
  expect(together.status).toBe(200);
  expect(await frames()).toBe(1);
});

it("refuses a frame that was overheard, from whoever has another device's token, and a reader's", async () => {
  const overheard = parcel("pump-7", 2, await digitStream(model, 1, 2));
  expect(await problemOf(await service.send(overheard, { name: "pump-8" }))).toMatchObject({
    status: 403,
    type: "urn:isthmus:problem:other-device",
  });
  expect((await service.send(overheard, { role: "reader", name: "pump-7" })).status).toBe(403);
  expect(await frames()).toBe(1);
});

it("puts no other stream in the place of one that is stored", async () => {
  const other = parcel("pump-7", 1, await digitStream(model, 5, 9));
  expect(await problemOf(await service.send(other))).toMatchObject({
    status: 409,
    type: "urn:isthmus:problem:sequence-taken",
    next: 2,
  });
  expect((await service.send(parcel("pump-7", 1, await digitStream(model, 0, 1)))).status).toBe(200);
});

it("refuses tokens of before a revocation", async () => {
  const body = parcel("pump-9", 1, await digitStream(model, 0, 1));
  await service.service.store.revoke("device.pump-9");
  expect((await service.send(body, { name: "pump-9" })).status).toBe(401);
});
