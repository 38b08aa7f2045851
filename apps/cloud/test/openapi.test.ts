/** The document says what is served, and what is served is what the document says. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { PROBLEMS } from "../src/problems.ts";
import { digitsModel, digitStream, parcel } from "./support/models.ts";
import { problemOf, type Running, running } from "./support/server.ts";

let service: Running;
let document: any;
let model: Awaited<ReturnType<typeof digitsModel>>;
beforeAll(async () => {
  model = await digitsModel();
  service = await running({ files: { "m.safetensors": model.file } });
  document = await (await fetch(`${service.url}/openapi.json`)).json();
});
afterAll(() => service.close());

it("has every route of the service, and no other", async () => {
  expect(document.openapi).toBe("3.1.0");
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(listed.sort()).toEqual([
    "GET /healthz",
    "GET /metrics",
    "GET /openapi.json",
    "GET /readyz",
    "GET /v1/devices",
    "GET /v1/devices/{id}",
    "GET /v1/devices/{id}/items",
    "GET /v1/models",
    "GET /v1/models/{id}",
    "GET /v1/models/{id}/bundle",
    "POST /v1/decode",
    "POST /v1/frames",
    "PUT /v1/models/{id}",
    "PUT /v1/models/{id}/bundle",
  ]);
  for (const line of listed) {
    const [method, path] = line.split(" ") as [string, string];
    expect(service.app.server.hasRoute({ method: method as "GET", url: path.replaceAll(/\{(\w+)\}/g, ":$1") })).toBe(
      true,
    );
  }
  const ids = Object.values(document.paths).flatMap((methods: any) =>
    Object.values(methods).map((one: any) => one.operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

it("names the parameters that are checked: each is refused where it is not as it says", async () => {
  for (const [path, methods] of Object.entries(document.paths) as [string, any][]) {
    for (const { name, in: place, schema } of methods.get?.parameters ?? []) {
      expect(path.includes(`{${name}}`), path).toBe(place === "path");
      const wrong = schema.type === "integer" ? "-1" : "*";
      const address =
        place === "path" ? path.replace(`{${name}}`, wrong) : `${path.replace("{id}", "a")}?${name}=${wrong}`;
      expect(await problemOf(await service.ask("operator", address)), address).toMatchObject({ status: 400 });
    }
  }
});

it("describes every answer that comes: fields that it names, and no others", async () => {
  const body = parcel("pump-7", 1, await digitStream(model, 0, 2));
  const operator = { headers: { "content-type": "application/vnd.isthmus.parcels" } };
  await service.ask("operator", "/v1/frames", { ...operator, method: "POST", body: body as Uint8Array<ArrayBuffer> });
  const asked: readonly (readonly [path: string, at: string, init?: RequestInit])[] = [
    ["/v1/frames", "/v1/frames", { ...operator, method: "POST", body: body as Uint8Array<ArrayBuffer> }],
    ["/v1/devices", "/v1/devices?limit=1"],
    ["/v1/devices/{id}", "/v1/devices/pump-7"],
    ["/v1/devices/{id}/items", "/v1/devices/pump-7/items?limit=1"],
    ["/v1/models", "/v1/models"],
    ["/healthz", "/healthz"],
    ["/readyz", "/readyz"],
  ];
  for (const [path, at, init] of asked) {
    const response = await service.ask("operator", at, init);
    const { content } = document.paths[path][init?.method?.toLowerCase() ?? "get"].responses[response.status];
    expectFits(await response.json(), content["application/json"].schema, at);
  }
  const refused = await service.ask("operator", "/v1/devices/nobody");
  expectFits(await refused.json(), document.components.schemas.Problem, "a problem");
});

it("gives each kind of problem a status, and the same to each that has a name in it", () => {
  const responses = Object.values(document.paths).flatMap((methods: any) =>
    Object.values(methods).flatMap((one: any) => Object.entries(one.responses)),
  ) as [string, any][];
  for (const [status, { content = {}, description }] of responses) {
    if (!("application/problem+json" in content)) continue;
    for (const kind of description.split(", ")) expect(PROBLEMS[kind as "internal"].status, kind).toBe(Number(status));
  }
});

/** As much of JSON Schema as the document uses. */
function expectFits(value: any, schema: any, at: string): void {
  if (schema.enum) expect(schema.enum, at).toContain(value);
  if (schema.pattern) expect(value, at).toMatch(new RegExp(schema.pattern));
  if (schema.type) expect([schema.type].flat(), at).toContain(typeOf(value, schema.type));
  if (Array.isArray(value))
    for (const [index, one] of value.entries()) expectFits(one, schema.items, `${at}[${index}]`);
  if (schema.type !== "object") return;
  for (const name of schema.required ?? []) expect(Object.keys(value), at).toContain(name);
  for (const [name, one] of Object.entries(value)) {
    const known = schema.properties?.[name] ?? schema.additionalProperties;
    if (known) expectFits(one, known, `${at}.${name}`);
    else expect(known, `${at}.${name}`).not.toBe(false);
  }
}

function typeOf(value: unknown, wanted: string | string[]): string {
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) && [wanted].flat().includes("integer") ? "integer" : typeof value;
}
