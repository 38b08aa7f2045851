// Threat: text that becomes something else on its way: a header, a line of the log, a property of every object.
import { afterAll, beforeAll, expect, it } from "vitest";
import { exchange, readAnswers } from "../support/hostile/raw-http.ts";
import { digitsModel, digitStream, parcel } from "../support/models.ts";
import { problemOf, type Running, running } from "../support/server.ts";

let service: Running;
beforeAll(async () => {
  const model = await digitsModel();
  service = await running({ files: { "m.safetensors": model.file } });
  for (let i = 1; i < 4; i++) await service.send(parcel("pump-7", i, await digitStream(model, i, i + 1)));
});
afterAll(() => service.close());

const BREAKS = [
  "%0d%0aX-Injected:%201",
  "%0aX-Injected:%201",
  "%0d%0a%0d%0a<script>",
  "%E5%98%8A%E5%98%8DX-Injected:1",
];

it("brings nothing of an address into the headers of its answer", async () => {
  for (const text of BREAKS) {
    for (const path of [
      `/v1/devices/${text}`,
      `/v1/devices?after=${text}`,
      `/${text}`,
      `/v1/devices/pump-7/items?limit=1&x=${text}`,
    ]) {
      const { headers } = await service.ask("reader", path);
      expect(headers.get("x-injected")).toBeNull();
    }
  }
  const { headers } = await service.ask("reader", "/v1/devices/pump-7/items?limit=1");
  expect(headers.get("link")).toMatch(/^<\/v1\/devices\/pump-7\/items\?limit=1&after=[\d.]+>; rel="next"$/);
});

it("writes a line for a request, whatever is in it, and none of its body or token", async () => {
  const before = service.log.length;
  const marked = "forged-line-7c1";
  await service.ask("reader", `/v1/devices/%0a{"level":30,"msg":"${marked}"}`, {
    headers: { "user-agent": marked, "x-forwarded-for": marked },
  });
  await service.send(new TextEncoder().encode(`${marked}\n{"level":30}`));
  const said = service.log.slice(before);
  expect(said.filter(({ msg }) => msg === "answered")).toHaveLength(2);
  expect(JSON.stringify(said)).not.toContain(marked);
  for (const line of said) expect(line["ip"] ?? "127.0.0.1").toBe("127.0.0.1");
});

it("gives no object a property that a request names", async () => {
  const polluting = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}`;
  for (const query of [
    "__proto__[polluted]=1",
    "__proto__.polluted=1",
    "constructor[prototype][polluted]=1",
    "__proto__=1",
    "limit=1&limit=2",
  ]) {
    const { status } = await service.ask("reader", `/v1/devices?${query}`);
    expect([query, status]).toEqual([query, expect.toSatisfy((one: number) => one === 200 || one === 400)]);
  }
  for (const type of ["application/json", "application/vnd.isthmus.parcels"]) {
    const headers = { "content-type": type };
    const response = await service.ask("operator", "/v1/frames", { method: "POST", body: polluting, headers });
    expect([400, 415]).toContain(response.status);
  }
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

it("says JSON and nothing that a browser would take for a page, with hostile words in it", async () => {
  const response = await service.ask("reader", "/v1/devices/%3Cscript%3Ealert(1)%3C%2Fscript%3E");
  expect(response.headers.get("content-type")).toContain("application/problem+json");
  expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  expect((await problemOf(response)).status).toBe(400);
});

it("lets a body end where its length says, so that no second request hides in it", async () => {
  const hidden = "GET /v1/devices HTTP/1.1\r\nHost: b\r\n\r\n";
  for (const lengths of [
    "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: 5\r\nContent-Length: 0\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding : chunked\r\n",
  ]) {
    const bytes = Buffer.from(`POST /v1/frames HTTP/1.1\r\nHost: a\r\n${lengths}\r\n0\r\n\r\n${hidden}`);
    const answers = readAnswers((await exchange(Number(new URL(service.url).port), bytes, true)).bytes, [], true);
    expect([lengths, answers.map(({ status }) => status)]).toEqual([lengths, [400]]);
  }
});

it("lets no other origin's page read or change anything: no CORS where none is configured, no cookies", async () => {
  for (const path of ["/v1/devices", "/", "/metrics"]) {
    const { headers } = await service.ask("reader", path, { headers: { origin: "https://evil.example" } });
    expect([...headers.keys()].filter((name) => name.startsWith("access-control-") || name === "set-cookie")).toEqual(
      [],
    );
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  }
  const preflight = await fetch(`${service.url}/v1/frames`, {
    method: "OPTIONS",
    headers: { origin: "https://evil.example", "access-control-request-method": "POST" },
  });
  expect(preflight.status).toBe(405);
  const simple = await fetch(`${service.url}/v1/frames`, {
    method: "POST",
    body: "x=1",
    headers: { "content-type": "text/plain" },
  });
  expect(simple.status).toBe(401);
});
