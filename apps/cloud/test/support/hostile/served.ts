/** The service as a process of its own, with a few small models, for who wants to do it harm. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Tokens } from "../../../src/auth/tokens.ts";
import {
  digits,
  digitsModel,
  digitStream,
  drawing,
  losslessModel,
  losslessStream,
  pictureModel,
  pictureStream,
  pumpModel,
  pumpStream,
} from "../models.ts";
import { FROM_SOURCE } from "../server.ts";
import { exchange, type RawAnswer, readAnswers } from "./raw-http.ts";
import type { Samples } from "./requests.ts";
import { type OpenApi, routesOf } from "./routes.ts";

export interface Served {
  readonly port: number;
  readonly samples: Samples;
  /** What the process takes, as the system counts it, in KiB; that of the processes that it started included. */
  memoryKiB(): Promise<number>;
  /** How many connections are open in it, beside the one that asks. */
  connections(): Promise<number>;
  /** What it wrote to its log. */
  log(): string;
  /** Whether it lives. */
  isAlive(): boolean;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
const SECRET = "hostile requests are made here";
const DEVICE = "pump-7";

/** @param options further options of `isthmus-cloud serve` */
export async function serve(options: readonly string[] = []): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), "isthmus-hostile-"));
  const { models, streams } = await someModels();
  await mkdir(join(folder, "models"));
  for (const { id, file } of models) await writeFile(join(folder, "models", `${id}.safetensors`), file);
  await writeFile(join(folder, "secret"), SECRET);
  const files = [
    "--models",
    join(folder, "models"),
    "--data",
    join(folder, "data"),
    "--secret-file",
    join(folder, "secret"),
  ];
  const args = [...FROM_SOURCE, MAIN];
  const child = spawn(process.execPath, [...args, "serve", ...files, "--port", "0", "--workers", "1", ...options], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  const port = await portOf(child, lines);
  const document = JSON.parse((await ask(port, "/openapi.json")).body.toString()) as OpenApi;
  const tokens = new Tokens(Buffer.from(SECRET), { generation: async () => 0 });
  const issued = (["device", "reader", "operator"] as const).map((role) => tokens.issue({ role, name: DEVICE }, 0));
  return {
    port,
    samples: { routes: routesOf(document), tokens: issued, device: DEVICE, models, streams },
    memoryKiB: () => memoryKiB(child.pid!),
    connections: () => connectionsOf(port),
    log: () => lines.join("\n"),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Of every kind that there is: pictures, windows of a series, tiles, and without loss. */
async function someModels(): Promise<Pick<Samples, "models" | "streams">> {
  const [ofDigits, ofPump, ofTiles] = [await digitsModel(), await pumpModel(), await pictureModel()];
  const lossless = await losslessModel();
  const streams = [
    await digitStream(ofDigits, 0, 1),
    await digitStream(ofDigits, 0, 20),
    await pumpStream(ofPump, 7),
    await pictureStream(ofTiles, drawing(20, 37), false),
    await pictureStream(ofTiles, drawing(16, 16), true),
    await losslessStream(lossless, Uint8Array.from(digits.values.subarray(0, 2 * 784))),
  ];
  return { models: [ofDigits, ofPump, ofTiles, lossless], streams };
}

async function portOf(child: ChildProcess, log: readonly string[]): Promise<number> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const found = /:(\d+)$/.exec(line.trim());
    if (found) return Number(found[1]);
  }
  throw new Error(`the service did not start:\n${log.join("\n")}`);
}

async function connectionsOf(port: number): Promise<number> {
  const { body } = await ask(port, "/metrics");
  const [, open] = /^isthmus_http_connections (\d+)$/m.exec(body.toString()) ?? [];
  return Number(open) - 1;
}

/** On a connection of its own. */
async function ask(port: number, path: string): Promise<RawAnswer> {
  const request = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
  return readAnswers((await exchange(port, Buffer.from(request), false)).bytes)[0]!;
}

async function memoryKiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const own = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  const theirs = await Promise.all(
    children
      .split(" ")
      .filter(Boolean)
      .map((one) => memoryKiB(Number(one))),
  );
  return theirs.reduce((sum, one) => sum + one, own);
}
