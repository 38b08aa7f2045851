import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudServer } from "../../services/cloud-server.ts";
import { asBuilt, buildPrograms, isthmusQuietly } from "../../services/programs.ts";
import { ServerProcess } from "../../services/server-process.ts";
import { tokenOf } from "../../services/tokens.ts";
import { AskedProcess } from "./asked-process.ts";
import type { LoadReport, LoadRequest } from "./load-protocol.ts";
import { MANY, type OrtProcess } from "./throughput.ts";

/** A server of the bench: where it listens, and whose processor time counts. */
interface Server {
  readonly port: number;
  readonly pid: number;
}

/** Everyone who takes part, each in a process of its own. */
export interface Bench {
  readonly service: Server;
  readonly echo: Server;
  readonly ort: OrtProcess;
  readonly load: AskedProcess<LoadRequest, LoadReport>;
  /** Of one item and of many, base64. */
  readonly streams: { readonly one: string; readonly many: string };
  readonly streamBytes: { readonly one: number; readonly many: number };
  readonly ingest: Pick<LoadRequest, "path" | "headers">;
  readonly decode: Pick<LoadRequest, "path" | "headers">;
  readonly close: () => Promise<void>;
}

const LATENT = 20;
const SECRET = "the-secret-of-a-bench";

/** Trains a small autoencoder of digits, and starts everyone with it. */
export async function openBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "isthmus-bench-service-"));
  const ends: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true, maxRetries: 10 })];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    await buildPrograms("isthmus-cloud");
    const { streams, modelsFolder, decoder } = await makeModel(folder);
    const service = await startService(folder, modelsFolder);
    ends.push(() => service.stop());
    const echo = scriptServer("echo-process.ts");
    await echo.start();
    ends.push(() => echo.kill());
    const ort: OrtProcess = await AskedProcess.start(beside("ort-process.ts"), [decoder, String(LATENT)]);
    ends.push(() => ort.stop());
    const load = await AskedProcess.start<LoadRequest, LoadReport>(beside("load-process.ts"));
    ends.push(() => load.stop());
    const authorization = `Bearer ${tokenOf(SECRET, "operator", "bench")}`;
    return {
      service: { port: service.port, pid: service.pid! },
      echo: { port: Number(echo.readyWith[1]), pid: echo.pid! },
      ...{ ort, load, close },
      streams: { one: streams.one.toString("base64"), many: streams.many.toString("base64") },
      streamBytes: { one: streams.one.length, many: streams.many.length },
      ingest: { path: "/v1/frames", headers: { authorization, "content-type": "application/vnd.isthmus.parcels" } },
      decode: {
        path: "/v1/decode",
        headers: { authorization, "content-type": "application/vnd.isthmus.stream", accept: "application/x-npy" },
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function makeModel(folder: string) {
  const at = (name: string): string => join(folder, name);
  const [model, one, many, decoder] = [at("digits.safetensors"), at("one.isth"), at("many.isth"), at("decoder.onnx")];
  const train = [
    "--data",
    "synthetic",
    "--limit",
    "4000",
    "--epochs",
    "8",
    "--lr",
    "0.003",
    "--latent",
    String(LATENT),
  ];
  await isthmusQuietly("train", "ae", ...train, "-o", model);
  await isthmusQuietly("encode", model, "--data", "synthetic", "--range", "0:1", "-o", one);
  await isthmusQuietly("encode", model, "--data", "synthetic", "--range", `0:${MANY}`, "-o", many);
  await isthmusQuietly("export", model, "--part", "decoder", "-o", decoder);
  const { modelId } = await isthmusQuietly("inspect", model);
  const modelsFolder = at("models");
  await mkdir(modelsFolder);
  await copyFile(model, join(modelsFolder, `${modelId as string}.safetensors`));
  return { streams: { one: await readFile(one), many: await readFile(many) }, modelsFolder, decoder };
}

async function startService(folder: string, models: string): Promise<CloudServer> {
  const secret = join(folder, "secret");
  await writeFile(secret, `${SECRET}\n`, { mode: 0o600 });
  const args = [
    "--models",
    models,
    "--data",
    join(folder, "data"),
    "--secret-file",
    secret,
    "--rate",
    "0",
    "--log-level",
    "warn",
  ];
  const server = await CloudServer.make({ program: asBuilt, args });
  await server.start();
  return server;
}

function scriptServer(name: string): ServerProcess {
  const args = [...process.execArgv, beside(name).pathname];
  return new ServerProcess({ program: process.execPath, args, ready: /listening on (\d+)/ });
}

function beside(name: string): URL {
  return new URL(name, import.meta.url);
}
