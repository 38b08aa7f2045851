import { readParcels } from "@isthmus/codec";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What arrived, as often as it arrived. */
interface Arrived {
  readonly device: string;
  readonly sequence: number;
  readonly time: number;
  readonly stream: Uint8Array;
}

/** How the service answers a parcel, or a whole body, other than well. */
interface Moods {
  /** A refusal of this parcel, or nothing. */
  parcel?: ((parcel: Arrived) => Record<string, unknown> | undefined) | undefined;
  /** A status and headers for the whole body, before it is read. */
  body?:
    | (() =>
        | { readonly status: number; readonly reason: string; readonly headers?: Record<string, string> }
        | undefined)
    | undefined;
  /** Stores, but never answers: the connection is cut. */
  isMute?: boolean;
}

export interface FakeService {
  readonly url: string;
  readonly moods: Moods;
  /** Each parcel of each body, as they came. */
  readonly arrived: Arrived[];
  /** Each device and sequence once. */
  readonly stored: Map<string, Arrived>;
  /** Most bodies that were there at once. */
  readonly atOnce: () => number;
  /** `Authorization` of each request that had one. */
  readonly tokens: string[];
  /** Files by path, e.g. of a model. */
  readonly files: Map<string, Uint8Array>;
  close(): Promise<void>;
}

const PARCELS = "application/vnd.isthmus.parcels";

/** The part of docs/protocol.md that a page needs, kept in memory. Streams decode to items of 784 numbers that are all 200. */
export async function fakeService(): Promise<FakeService> {
  const service = {
    moods: {} as Moods,
    arrived: [] as Arrived[],
    stored: new Map<string, Arrived>(),
    tokens: [] as string[],
  };
  const files = new Map<string, Uint8Array>();
  let [now, most] = [0, 0];
  const server = createServer((request, response) => {
    cors(response);
    if (request.headers.authorization) service.tokens.push(request.headers.authorization);
    void answer(request, response);
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { method, url } = request;
    if (method === "OPTIONS") return response.writeHead(204).end();
    if (method === "GET" && files.has(url!)) return response.writeHead(200).end(files.get(url!));
    const body = await bodyOf(request);
    if (url === "/v1/decode")
      return json(response, 200, { items: [{ values: Array.from({ length: 784 }, () => 200) }] });
    if (url !== "/v1/frames") return problem(response, 404, "not-found");
    now++;
    most = Math.max(most, now);
    // As long as several requests of a page take to arrive, so that those that overlap are seen to.
    await new Promise((resolve) => setTimeout(resolve, 20));
    now--;
    if (request.headers["content-type"] !== PARCELS) return problem(response, 415, "unsupported-media-type");
    return frames(body, response);
  };
  const frames = (body: Uint8Array, response: ServerResponse) => {
    const { moods } = service;
    const whole = moods.body?.();
    if (whole) return problem(response, whole.status, whole.reason, {}, whole.headers);
    const results = [...readParcels(body)].map((found) => {
      if ("error" in found)
        return { offset: found.offset, status: "refused", reason: "bad-frame", code: found.error.code };
      const parcel = { ...found.parcel, stream: found.parcel.stream.slice() };
      service.arrived.push(parcel);
      const { device, sequence } = parcel;
      const refusal = moods.parcel?.(parcel);
      if (refusal) return { device, sequence, status: "refused", ...refusal };
      const key = `${device} ${sequence}`;
      const status = service.stored.has(key) ? "duplicate" : "stored";
      if (status === "stored") service.stored.set(key, parcel);
      return { device, sequence, status };
    });
    if (moods.isMute) return response.destroy();
    const refused = results.find(({ status }) => status === "refused") as { reason: string } | undefined;
    return refused ? problem(response, 409, refused.reason, { results }) : json(response, 200, { results });
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    ...service,
    files,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    atOnce: () => most,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function cors(response: ServerResponse): void {
  response.setHeader("Access-Control-Allow-Origin", "*");
  response.setHeader("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match");
  response.setHeader("Access-Control-Allow-Methods", "GET, POST");
  response.setHeader("Access-Control-Expose-Headers", "Digest, ETag, Retry-After");
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function json(response: ServerResponse, status: number, body: unknown, type = "application/json", headers = {}): void {
  response.writeHead(status, { "Content-Type": type, ...headers }).end(JSON.stringify(body));
}

function problem(response: ServerResponse, status: number, reason: string, members = {}, headers = {}): void {
  const body = { type: `urn:isthmus:problem:${reason}`, title: reason, status, ...members };
  json(response, status, body, "application/problem+json", headers);
}
