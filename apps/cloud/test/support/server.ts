import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { pino } from "pino";
import type { Role } from "../../src/auth/holder.ts";
import { type App, type AppOptions, buildApp } from "../../src/http/app.ts";
import { openService, type Service, type ServiceOptions } from "../../src/service.ts";
import { SqliteStore } from "../../src/store/sqlite-store.ts";

/** Of processes that run the sources. */
export const FROM_SOURCE: readonly string[] = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];

export interface Running {
  readonly url: string;
  readonly folder: string;
  readonly service: Service;
  readonly app: App;
  /** Lines of its log. */
  readonly log: readonly Readonly<Record<string, unknown>>[];
  token(role: Role, name: string): string;
  /** `fetch` with a token of this role. */
  ask(role: Role, path: string, init?: RequestInit): Promise<Response>;
  send(body: Uint8Array, as?: { readonly role?: Role; readonly name?: string }): Promise<Response>;
  close(): Promise<void>;
}

export type RunOptions = Partial<Omit<ServiceOptions, "store">> &
  AppOptions & {
    readonly files?: Readonly<Record<string, Uint8Array>>;
    readonly store?: (path: string) => Promise<SqliteStore>;
  };

/** A service on a free port, in a folder of its own, with these files as its models. */
export async function running({
  files = {},
  store = (path) => SqliteStore.open(path),
  ...options
}: RunOptions = {}): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "isthmus cloud "));
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  const log: Record<string, unknown>[] = [];
  const lines = new Writable({
    write(line: Buffer, _, done) {
      log.push(JSON.parse(line.toString()) as Record<string, unknown>);
      done();
    },
  });
  const service = await openService({
    ...{ data: folder, models: folder, workers: 1, execArgv: FROM_SOURCE, log: pino({ level: "info" }, lines) },
    ...options,
    store: await store(join(folder, "frames.db")),
  });
  const app = await buildApp(service, { rate: 0, ...options });
  const url = await app.server.listen({ host: "127.0.0.1", port: 0 });
  const token = (role: Role, name: string): string => service.tokens?.issue({ role, name }, 0) ?? "none";
  const ask = async (role: Role, path: string, { headers, ...init }: RequestInit = {}): Promise<Response> => {
    const authorization = `Bearer ${token(role, "tester")}`;
    return await fetch(`${url}${path}`, {
      ...init,
      headers: { authorization, ...(headers as Record<string, string>) },
    });
  };
  return {
    ...{ url, folder, service, app, log, token, ask },
    send: async (body, { role = "device", name = "pump-7" } = {}) =>
      await fetch(`${url}/v1/frames`, {
        method: "POST",
        headers: { authorization: `Bearer ${token(role, name)}`, "content-type": "application/vnd.isthmus.parcels" },
        body: body as Uint8Array<ArrayBuffer>,
      }),
    close: async () => {
      await app.close();
      await service.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A problem document, held to its promise: the type, the status, and a content type of its own. */
export async function problemOf(response: Response): Promise<Readonly<Record<string, any>>> {
  const problem = (await response.json()) as Record<string, any>;
  const type = response.headers.get("content-type");
  if (type !== "application/problem+json") throw new Error(`a problem came as ${type}: ${JSON.stringify(problem)}`);
  if (problem["status"] !== response.status) throw new Error(`${response.status} is not ${problem["status"]}`);
  if (!(problem["title"] && problem["detail"])) throw new Error("a problem is without its words");
  return problem;
}
