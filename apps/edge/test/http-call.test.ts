// What a service can do to an agent that waits for its answer.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { httpCall } from "../src/send/http.ts";
import { NoAnswer } from "../src/send/transport.ts";

async function asking(answer: RequestListener, options: { readonly most: number; readonly patienceMs: number }) {
  const server = createServer(answer);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return await httpCall({ url, method: "GET", headers: {}, ...options });
}

it("reads no answer that is longer than it may be, whatever length it says, or that does not end", async () => {
  const options = { most: 1000, patienceMs: 60_000 };
  const { body } = await asking((_, response) => void response.end(Buffer.alloc(1000)), options);
  expect(body).toHaveLength(1000);
  const longer = asking((_, response) => void response.end(Buffer.alloc(1001)), options);
  await expect(longer).rejects.toThrow("an answer of more than 1000 bytes");
  const endless = asking((_, response) => {
    const more = setInterval(() => response.write("more"), 1);
    response.on("close", () => clearInterval(more));
  }, options);
  await expect(endless).rejects.toThrow("an answer of more than 1000 bytes");
});

it("waits no longer than its patience for an answer, or for the rest of one", async () => {
  const options = { most: 1000, patienceMs: 100 };
  await expect(asking(() => undefined, options)).rejects.toBeInstanceOf(NoAnswer);
  await expect(asking((_, response) => void response.write("a"), options)).rejects.toBeInstanceOf(NoAnswer);
});
