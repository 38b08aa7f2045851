import { UsageError } from "@isthmus/command-line/node";
import { rm } from "node:fs/promises";
import { createServer, connect, type Server } from "node:net";
import { join } from "node:path";
import type { Snapshot } from "./snapshot.ts";

const MOST_BYTES = 2 ** 20;
const PATIENCE_MS = 5000;

const socketPath = (state: string): string => join(state, "status.sock");

/** Answers whoever connects, and shows that the state folder is in use. */
export class StatusSocket {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @throws UsageError where another agent uses the folder */
  static async listen(state: string, snapshot: () => Snapshot): Promise<StatusSocket> {
    const path = socketPath(state);
    const server = createServer((client) => {
      client.on("error", () => undefined);
      client.end(`${JSON.stringify(snapshot())}\n`);
    });
    if ((await listening(server, path)) === "in use") {
      if (await isAnswered(path))
        throw new UsageError(`another agent uses ${state}; each needs a state folder of its own`);
      await rm(path, { force: true });
      if ((await listening(server, path)) === "in use") throw new UsageError(`another agent uses ${state}`);
    }
    return new StatusSocket(server);
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function listening(server: Server, path: string): Promise<"listening" | "in use"> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === "EADDRINUSE") resolve("in use");
      else reject(error);
    };
    server.once("error", failed);
    server.listen(path, () => {
      server.off("error", failed);
      resolve("listening");
    });
  });
}

/** Whether a process listens there; a file of one that was killed does not count. */
async function isAnswered(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const client = connect(path, () => resolve(true));
    client.on("error", () => resolve(false));
    client.on("connect", () => client.destroy());
  });
}

/** What the agent of a state folder says; `undefined` where none runs. */
export async function askStatus(state: string): Promise<Snapshot | undefined> {
  const text = await new Promise<string | undefined>((resolve, reject) => {
    let said = "";
    const client = connect(socketPath(state));
    client.setTimeout(PATIENCE_MS, () => client.destroy(new UsageError(`the agent of ${state} does not answer`)));
    client.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
      if (said.length > MOST_BYTES) client.destroy(new UsageError(`the agent of ${state} does not stop talking`));
    });
    client.on("end", () => resolve(said));
    client.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else reject(error);
    });
  });
  return text === undefined ? undefined : (JSON.parse(text) as Snapshot);
}
