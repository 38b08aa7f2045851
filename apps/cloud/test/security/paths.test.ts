// Threat: names in addresses that lead somewhere else.
import { afterAll, beforeAll, expect, it } from "vitest";
import { exchange, type RawAnswer, readAnswers } from "../support/hostile/raw-http.ts";
import { NAMES } from "../support/hostile/words.ts";
import { isDeviceId } from "@isthmus/codec";
import { digitsModel, digitStream, parcel } from "../support/models.ts";
import { type Running, running } from "../support/server.ts";

let service: Running;
beforeAll(async () => {
  const model = await digitsModel();
  service = await running({ files: { "m.safetensors": model.file } });
  await service.send(parcel("pump-7", 1, await digitStream(model, 0, 1)));
});
afterAll(() => service.close());

/** As it is written, which `fetch` would not leave it. */
async function get(target: string): Promise<RawAnswer> {
  const head = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${service.token("operator", "eve")}\r\n\r\n`;
  const { bytes } = await exchange(Number(new URL(service.url).port), Buffer.from(head, "latin1"), false);
  return readAnswers(bytes)[0]!;
}

it.each(["/v1/devices/{}", "/v1/devices/{}/items", "/v1/models/{}", "/v1/models/{}/bundle", "/page/{}", "/{}"])(
  "finds nothing at %s for a name that is none",
  async (route) => {
    for (const name of NAMES.filter((one) => one !== "" && one !== "main.js" && one !== ".")) {
      const { status, body } = await get(route.replace("{}", name));
      expect([name, status]).toEqual([name, expect.toSatisfy((one: number) => one === 400 || one === 404)]);
      expect(body.toString()).not.toMatch(/root:|safetensors|frames\.db/);
    }
  },
);

it("takes no name for a device's that would be markup, a path or another header", () => {
  const names = [
    "<b>",
    "a/b",
    "a\\b",
    "..",
    ".a",
    "",
    "a".repeat(65),
    "a b",
    "a\r\nb",
    "a\0",
    "a%00",
    "é",
    "a\u202eb",
    "a;b",
    'a"b',
    "a'b",
    "a&b",
  ];
  expect(names.filter(isDeviceId)).toEqual([]);
});

it("knows no file of its folders by name, only models by id", async () => {
  for (const name of ["m", "m.safetensors", "secret", "frames.db", "..%2fsecret", "%2e%2e%2fm.safetensors"]) {
    expect([400, 404]).toContain((await get(`/v1/models/${name}`)).status);
  }
});
