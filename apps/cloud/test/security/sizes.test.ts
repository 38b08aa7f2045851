// Threat: bodies, headers and counts that are larger than the service means to hold.
import { afterAll, beforeAll, expect, it } from "vitest";
import { exchange, type RawAnswer, readAnswers } from "../support/hostile/raw-http.ts";
import { requestBytes } from "../support/hostile/request.ts";
import { digitsModel, digitStream, parcel, type TestModel } from "../support/models.ts";
import { type Running, running } from "../support/server.ts";

const MAX_BODY = 4096;
const PARCELS = "application/vnd.isthmus.parcels";

let model: TestModel;
let service: Running;
beforeAll(async () => {
  model = await digitsModel();
  service = await running({ files: { "m.safetensors": model.file }, maxBody: MAX_BODY, maxModel: MAX_BODY });
});
afterAll(() => service.close());

const port = (): number => Number(new URL(service.url).port);

/** What comes back for a head and some bytes that are sent as they are. */
async function raw(
  head: readonly (readonly [string, string])[],
  body: Uint8Array,
  target = "/v1/frames",
): Promise<RawAnswer> {
  const authorization = ["Authorization", `Bearer ${service.token("operator", "eve")}`] as const;
  const headers = [
    authorization,
    ["Content-Type", target.includes("models") ? "application/octet-stream" : PARCELS] as const,
    ...head,
  ];
  const method = target.includes("models") ? "PUT" : "POST";
  const { bytes, wasReset } = await exchange(port(), requestBytes({ method, target, headers, body }, "close"), false);
  const [answer] = readAnswers(bytes, [method], wasReset);
  return answer!;
}

const refused = ({ status, body }: RawAnswer) => ({
  status,
  ...(JSON.parse(body.toString()) as { type: string; limit?: number }),
});

it("refuses a body by the length that it says, before a byte of it comes", async () => {
  for (const target of ["/v1/frames", `/v1/models/${model.id}`, `/v1/models/${model.id}/bundle`]) {
    const answer = await raw([["Content-Length", String(MAX_BODY + 1)]], new Uint8Array(0), target);
    expect(refused(answer)).toMatchObject({ status: 413, type: "urn:isthmus:problem:too-large", limit: MAX_BODY });
    expect(answer.headers["connection"]).toBe("close");
  }
});

it("refuses a body in chunks, of which nobody says how many come, when it is too long", async () => {
  const chunk = Buffer.concat([Buffer.from("400\r\n"), Buffer.alloc(0x400), Buffer.from("\r\n")]);
  const body = Buffer.concat([chunk, chunk, chunk, chunk, chunk]);
  expect(refused(await raw([["Transfer-Encoding", "chunked"]], body))).toMatchObject({ status: 413, limit: MAX_BODY });
});

it("refuses a body that is packed, so that none grows after its length was checked", async () => {
  for (const coding of ["gzip", "br", "deflate", "x"]) {
    expect(refused(await raw([["Content-Encoding", coding]], Buffer.alloc(10)))).toMatchObject({ status: 415 });
  }
});

it("refuses headers beyond 16 KB", async () => {
  const answer = await raw([["X-Long", "x".repeat(17_000)]], new Uint8Array(0));
  expect([400, 431]).toContain(answer.status);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
});

it("believes no length within a parcel: a stream of 4 GB, one of 0, a parcel beyond the body", async () => {
  const whole = parcel("pump-7", 1, await digitStream(model, 0, 1));
  for (const length of [0xffff_ffff, 0x7fff_ffff, 0]) {
    const forged = whole.slice();
    new DataView(forged.buffer).setUint32(8, length, true);
    expect([400, 413]).toContain((await service.send(forged)).status);
  }
});

it("refuses a request without a host in the form of every other refusal", async () => {
  const { bytes } = await exchange(port(), Buffer.from("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"), false);
  const [answer] = readAnswers(bytes);
  expect(refused(answer!)).toMatchObject({ status: 400, type: "urn:isthmus:problem:invalid-request" });
  expect(answer!.headers["x-content-type-options"]).toBe("nosniff");
});

it("goes on serving", async () => {
  const response = await service.send(parcel("pump-7", 3, await digitStream(model, 0, 1)));
  expect(response.status).toBe(200);
});
