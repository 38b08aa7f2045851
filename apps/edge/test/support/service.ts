import { readParcels } from "@isthmus/codec";
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "vitest";

export interface Stored {
  readonly device: string;
  readonly sequence: number;
  readonly time: number;
  readonly stream: Uint8Array;
}

interface Result {
  readonly status: string;
  readonly [member: string]: unknown;
}

/** What happens to the n-th request (from 0), where not the usual: to it, or to its answer. */
export type Fault =
  | "cut before"
  | "cut after"
  | "silence"
  | { readonly damage: number }
  | { readonly status: number; readonly body: object | string; readonly headers?: Record<string, string> };

/** A service in memory that answers as docs/protocol.md says, and goes wrong when it is told to. */
export class Service {
  readonly stored: Stored[] = [];
  readonly bundles: Map<string, Uint8Array> = new Map();
  readonly requests: {
    readonly method: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
    readonly bytes: number;
  }[] = [];
  /** How often a pair came again with the same stream. */
  duplicates = 0;
  fault: (request: number, body: Uint8Array) => Fault | undefined = () => undefined;
  /** What it says of a parcel instead of storing it. */
  refuse: (parcel: Stored, offset: number) => Result | undefined = () => undefined;
  /** Digest of a bundle, where not its own. */
  digest: (bytes: Uint8Array) => string = (bytes) => `sha-256=${createHash("sha256").update(bytes).digest("base64")}`;
  #server: Server | undefined;

  static async start(port = 0, service: Service = new Service()): Promise<Service> {
    const server = createServer((request, response) => void service.#take(request, response));
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    service.#server = server;
    running.add(service);
    return service;
  }

  get port(): number {
    return (this.#server!.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    running.delete(this);
    const server = this.#server;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const body = Buffer.concat(pieces);
    const { method = "", url = "", headers } = request;
    const number = this.requests.push({ method, url, headers, bytes: body.length }) - 1;
    const bundle = /^\/v1\/models\/([0-9a-f]{16})\/bundle$/.exec(url)?.[1];
    if (bundle !== undefined) return this.#giveBundle(bundle, response);
    const fault = this.fault(number, body);
    if (fault === "silence") return;
    if (fault === "cut before") return void request.socket.destroy();
    if (typeof fault === "object" && "status" in fault) {
      const text = typeof fault.body === "string" ? fault.body : JSON.stringify(fault.body);
      return void response.writeHead(fault.status, fault.headers).end(text);
    }
    if (typeof fault === "object") body[fault.damage % body.length]! ^= 0x10;
    const results = this.accept(body);
    if (fault === "cut after") return void request.socket.destroy();
    const refused = results.find(({ status }) => status === "refused");
    const reason = String(refused?.["reason"]);
    const problem = refused && {
      type: `urn:isthmus:problem:${reason}`,
      title: reason,
      status: STATUS[reason],
      detail: reason,
    };
    response.writeHead(refused ? (STATUS[reason] ?? 400) : 200).end(JSON.stringify({ ...problem, results }));
  }

  #giveBundle(id: string, response: ServerResponse): void {
    const bytes = this.bundles.get(id);
    if (bytes) response.writeHead(200, { Digest: this.digest(bytes) }).end(bytes);
    else response.writeHead(404).end();
  }

  /** The results of a body, by whatever way it came. */
  accept(body: Uint8Array): Result[] {
    return [...readParcels(body)].map((found) => {
      if ("error" in found)
        return {
          offset: found.offset,
          status: "refused",
          reason: "bad-frame",
          code: found.error.code,
          detail: "damaged",
        };
      const { device, sequence } = found.parcel;
      return { device, sequence, ...this.#one({ ...found.parcel, stream: found.parcel.stream.slice() }, found.offset) };
    });
  }

  #one(parcel: Stored, offset: number): Result {
    const refused = this.refuse(parcel, offset);
    if (refused) return refused;
    const there = this.stored.find(({ device, sequence }) => device === parcel.device && sequence === parcel.sequence);
    if (!there) {
      this.stored.push(parcel);
      return { status: "stored" };
    }
    if (Buffer.from(there.stream).equals(parcel.stream)) {
      this.duplicates++;
      return { status: "duplicate" };
    }
    const next = 1 + Math.max(...this.stored.map(({ sequence }) => sequence));
    return { status: "refused", reason: "sequence-taken", next, detail: "another stream has it" };
  }
}

const STATUS: Readonly<Record<string, number>> = {
  "bad-frame": 400,
  unauthorised: 401,
  "other-device": 403,
  "unknown-model": 409,
  "sequence-taken": 409,
  "too-large": 413,
  overloaded: 429,
  unavailable: 503,
};

const running = new Set<Service>();

afterEach(async () => {
  await Promise.all([...running].map((service) => service.stop()));
});
