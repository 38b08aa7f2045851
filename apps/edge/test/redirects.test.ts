// A token goes to the service that was configured, and nowhere that an answer names.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { fetchBundle } from "../src/model/fetch-bundle.ts";
import { httpCall, serviceUrl } from "../src/send/http.ts";

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it.each([301, 302, 303, 307, 308])("follows no redirection: %i", async (status) => {
  const asked = { here: 0, elsewhere: 0 };
  const elsewhere = await listening(
    createServer((_, response) => {
      asked.elsewhere++;
      response.end();
    }),
  );
  const url = await listening(
    createServer((request, response) => {
      asked.here++;
      request.resume();
      response.writeHead(status, { location: `${elsewhere}/v1/frames`, connection: "close" }).end();
    }),
  );
  const options = { tls: {}, patienceMs: 60_000, signal: new AbortController().signal };
  const headers = { Authorization: "Bearer device.pump-7.0.mac" };
  const sent = { method: "POST", headers, body: Uint8Array.of(1), most: 1000, ...options } as const;
  expect((await httpCall({ url: serviceUrl(url, "v1/frames"), ...sent })).status).toBe(status);
  const bundle = fetchBundle({ url, id: "0123456789abcdef", token: "device.pump-7.0.mac", ...options });
  await expect(bundle).rejects.toThrow(`status ${status}`);
  expect(asked).toEqual({ here: 2, elsewhere: 0 });
});
