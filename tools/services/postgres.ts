/** A real PostgreSQL of Debian's package in a temporary folder, for tests: started, killed, started again. */
import { spawnSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgresPrograms } from "../lib/probe.mjs";
import { expectSuccess } from "./expect-success.ts";
import { freePort } from "./free-port.ts";
import { type Owner, ServerProcess } from "./server-process.ts";

export interface PostgresServer {
  readonly port: number;
  /** The folder of its socket. */
  readonly socket: string;
  readonly process: ServerProcess;
  /** Makes an empty database; its URL by TCP, through `port` where something stands between. */
  createDatabase(name: string, port?: number): string;
  /** Kills it and takes its folder away. */
  stop(): Promise<void>;
}

const USER = "isthmus";

/**
 * Listens on the loopback and on a socket in its folder; everybody on this machine may enter.
 *
 * @param prepare called with the user that it runs as, where that is not ours, before it starts
 */
export async function startPostgres(
  settings: Readonly<Record<string, string | number>> = {},
  prepare?: (owner: Owner | undefined) => void,
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "isthmus-postgres-"));
  const owner = postgresUser();
  const data = join(folder, "data");
  const socket = join(folder, "socket");
  mkdirSync(socket);
  if (owner !== undefined) for (const path of [folder, socket]) chownSync(path, owner.uid, owner.gid);
  const options = ["-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  expectSuccess(spawnSync(join(postgresPrograms!, "initdb"), options, { encoding: "utf8", cwd: folder, ...owner }));
  prepare?.(owner);
  const port = await freePort();
  const server = new ServerProcess({
    program: join(postgresPrograms!, "postgres"),
    args: ["-D", data, ...asOptions({ ...always(port, socket), ...settings })],
    ready: /ready to accept connections/,
    notYet: /pre-existing shared memory|lock file|in use/,
    owner,
  });
  await server.start();
  return {
    port,
    socket,
    process: server,
    createDatabase(name, through = port) {
      const where = ["-h", "127.0.0.1", "-p", String(port), "-U", USER];
      expectSuccess(spawnSync(join(postgresPrograms!, "createdb"), [...where, name], { encoding: "utf8" }));
      return `postgresql://${USER}@127.0.0.1:${through}/${name}`;
    },
    async stop() {
      await server.kill();
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

const always = (port: number, socket: string) => ({
  listen_addresses: "127.0.0.1",
  port,
  unix_socket_directories: socket,
  max_connections: 60,
  // Who is killed loses nothing that the system was given; only a power loss would.
  fsync: "off",
});

const asOptions = (settings: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
function postgresUser(): Owner | undefined {
  if (process.getuid!() !== 0) return undefined;
  const id = (flag: string) => Number(expectSuccess(spawnSync("id", [flag, "postgres"], { encoding: "utf8" })).stdout);
  return { uid: id("-u"), gid: id("-g") };
}
