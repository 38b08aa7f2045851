import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** Answers one request; `count` is 1 for the first. */
export type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

export interface TestServer {
  readonly url: string;
  /** The `Range` header of each request so far. */
  readonly ranges: (string | undefined)[];
}

/** An HTTP server on loopback, closed when the test ends. */
export async function serve(answer: Answer): Promise<TestServer> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response, ranges.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, ranges };
}

/** Serves `bytes`, honouring `Range`. */
export function whole(bytes: Uint8Array): Answer {
  return (request, response) => {
    const from = startOf(request);
    response.writeHead(from === undefined ? 200 : 206, headersFor(bytes, from));
    response.end(bytes.subarray(from ?? 0));
  };
}

/** Serves the next `length` bytes, then cuts the connection. */
export function cutAfter(bytes: Uint8Array, length: number): Answer {
  return (request, response) => {
    const from = startOf(request);
    response.writeHead(from === undefined ? 200 : 206, headersFor(bytes, from));
    response.write(bytes.subarray(from ?? 0, (from ?? 0) + length), () => setTimeout(() => response.destroy(), 20));
  };
}

function startOf(request: IncomingMessage): number | undefined {
  const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
  return match ? Number(match[1]) : undefined;
}

function headersFor(bytes: Uint8Array, from: number | undefined): Record<string, string | number> {
  const length = bytes.length - (from ?? 0);
  if (from === undefined) return { "content-length": length };
  return { "content-length": length, "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
}
