// Hostile requests to the service as a process of its own; `npm run fuzz` sends many more.
import { afterAll, beforeAll, expect, it } from "vitest";
import { fuzzRequests, problemWith } from "./support/hostile/fuzz-requests.ts";
import { exchange, readAnswers } from "./support/hostile/raw-http.ts";
import { type Served, serve } from "./support/hostile/served.ts";

/** Of each of the kinds. */
const CASES = 60;
/** What a process of Node may keep of garbage between two collections; what believes a hostile size takes gigabytes. */
const MOST_GROWN_KIB = 512 * 1024;

let served: Served;
beforeAll(async () => {
  served = await serve(["--rate", "0", "--log-level", "info"]);
});
afterAll(() => served.stop());

it(
  "answers every hostile request by a problem document or rightly, never by 500, and lives",
  { timeout: 300_000 },
  async () => {
    const before = await served.memoryKiB();
    const { tallies, problems } = await fuzzRequests({ ...served, cases: CASES });
    expect(problems).toEqual([]);
    expect(served.isAlive()).toBe(true);
    const ways = new Set(tallies.flatMap(({ statuses }) => Object.keys(statuses)));
    expect([...ways]).toEqual(
      expect.arrayContaining(["200", "400", "401", "403", "404", "405", "406", "409", "413", "415", "422"]),
    );
    expect((await served.memoryKiB()) - before).toBeLessThan(MOST_GROWN_KIB);
    const health = await fetch(`http://127.0.0.1:${served.port}/readyz`);
    expect(health.status).toBe(200);
  },
);

it("writes one line of JSON for each request, whatever the request holds, and no token", () => {
  const lines = served.log().split("\n");
  const answered = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === "answered");
  expect(answered.length).toBeGreaterThan(5 * CASES);
  for (const token of served.samples.tokens) expect(served.log()).not.toContain(token.split(".").at(-1));
  expect(served.log()).not.toMatch(/"level":(50|60)/);
});

it("would notice a failure, an answer in a form of its own, and a header that a request brought in", async () => {
  const port = served.port;
  const { bytes } = await exchange(
    port,
    Buffer.from("GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
    false,
  );
  const [answer] = readAnswers(bytes);
  expect(answer!.status).toBe(404);
  expect(problemWith(answer!)).toBeUndefined();
  const headers = answer!.headers;
  expect(problemWith({ ...answer!, status: 500 })).toContain("status 500");
  expect(problemWith({ ...answer!, status: 400 })).toContain("no problem document");
  expect(problemWith({ ...answer!, headers: { ...headers, "x-injected": "1" } })).toContain("brought in");
  expect(problemWith({ ...answer!, headers: { ...headers, "content-type": "text/html" } })).toContain("as text/html");
  expect(problemWith({ ...answer!, headers: { ...headers, "referrer-policy": "" } })).toContain("without referrer");
  expect(problemWith({ ...answer!, headers: { ...headers, "cache-control": "public" } })).toContain("may be kept");
  expect(problemWith({ ...answer!, headers: { ...headers, "content-security-policy": "" } })).toContain(
    "without a policy",
  );
  expect(problemWith({ ...answer!, body: Buffer.from("at /x/node_modules/y.js") })).toContain("tells of the inside");
  expect(() => readAnswers(bytes.subarray(0, bytes.length - 1))).toThrow("an answer of");
  expect(() => readAnswers(Buffer.from("hello"))).toThrow("no answer at 0");
});
