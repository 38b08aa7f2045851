import Fastify from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { sendText } from "../src/http/send-text.ts";
import { Turns } from "../src/turns.ts";

/** More than is sent at once. */
const LINE = "0123456789abcde\n".repeat(4096);
/** No text is as long. */
const FAR_TOO_MANY = 100_000;

/** An address that answers a text, and another that says when it was asked. */
async function serving(text: () => Iterable<string>) {
  const server = Fastify({ forceCloseConnections: true });
  const turns = new Turns();
  const asked = { short: false, ended: false };
  server.get("/long", async (_, reply) => {
    const sent = await sendText(reply, "text/csv", text(), turns);
    asked.ended = true;
    return sent;
  });
  server.get("/short", async () => {
    asked.short = true;
    return "here";
  });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  return { url, asked };
}

it("answers others before a long text ends", async () => {
  let lines = 0;
  const { url, asked } = await serving(function* () {
    while (!asked.short && lines < FAR_TOO_MANY) {
      lines++;
      yield LINE;
    }
    yield "end";
  });
  const long = await fetch(`${url}/long`);
  expect(long.headers.get("content-length")).toBeNull();
  const whole = long.text();
  expect(await (await fetch(`${url}/short`)).text()).toBe("here");
  const text = await whole;
  expect(lines).toBeLessThan(FAR_TOO_MANY);
  expect(text.length).toBe(lines * LINE.length + 3);
  expect(text.endsWith("e\nend")).toBe(true);
});

it("makes no more than is read, and stops when nobody reads any more", async () => {
  let lines = 0;
  const { url, asked } = await serving(function* () {
    while (lines < FAR_TOO_MANY) {
      lines++;
      yield LINE;
    }
  });
  const gone = new AbortController();
  const { body } = await fetch(`${url}/long`, { signal: gone.signal });
  await body!.getReader().read();
  gone.abort();
  await expect.poll(() => asked.ended, { timeout: 30_000 }).toBe(true);
  // What the connection's buffers hold, and not the 6 GiB that are behind.
  expect(lines).toBeLessThan(2000);
});

it.each([
  ["a short text", ["a", "", "b"]],
  ["none", []],
  ["what just fits", [LINE.slice(0, 2 ** 15)]],
])("sends %s whole, with its length", async (_, pieces) => {
  const { url } = await serving(() => pieces);
  const answer = await fetch(`${url}/long`);
  const expected = pieces.join("");
  expect(answer.headers.get("content-length")).toBe(String(expected.length));
  expect(answer.headers.get("content-type")).toBe("text/csv");
  expect(await answer.text()).toBe(expected);
});

it("a head has no text", async () => {
  const { url, asked } = await serving(() => Array(20).fill(LINE));
  const head = await fetch(`${url}/long`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  await expect.poll(() => asked.ended, { timeout: 30_000 }).toBe(true);
});
