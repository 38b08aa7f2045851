import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CloudServer } from "../services/cloud-server.ts";
import { type MosquittoServer, startMosquitto } from "../services/mosquitto.ts";
import { type PostgresServer, startPostgres } from "../services/postgres.ts";
import { asBuilt, buildPrograms } from "../services/programs.ts";
import type { ServerProcess } from "../services/server-process.ts";
import { tokenOf } from "../services/tokens.ts";
import { CloudInstance } from "./cloud-instance.ts";
import { Codec } from "./codec.ts";
import type { Victim } from "./conductor.ts";
import { Draws } from "./draws.ts";
import { deviceName, EdgeAgent } from "./edge-agent.ts";
import { Network } from "./network.ts";
import type { ChaosOptions } from "./options.ts";

const SECRET = "the-secret-of-a-run-that-ends-soon";

/** Everything that a run needs, running. */
export interface World {
  readonly folder: string;
  readonly codec: Codec;
  readonly network: Network;
  readonly broker: MosquittoServer;
  readonly database: PostgresServer | undefined;
  /** Of the database as it is without the network; of the file, where there is none. */
  readonly stored: { readonly url: string } | { readonly file: string };
  readonly services: readonly CloudInstance[];
  readonly agents: readonly EdgeAgent[];
  readonly readerToken: string;
}

/** Makes and starts everything; whatever was started is in `ends`, to be ended from the last to the first, whether or not this succeeds. */
export async function makeWorld(
  { agents, store, seed, keep }: Pick<ChaosOptions, "agents" | "store" | "seed" | "keep">,
  ends: (() => Promise<unknown>)[],
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "isthmus-chaos-"));
  if (!keep) ends.push(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  await buildPrograms("isthmus-cloud", "isthmus-edge");
  const codec = await Codec.make(folder);
  const broker = await startMosquitto();
  ends.push(() => broker.stop());
  const database = store === "postgresql" ? await startPostgres() : undefined;
  if (database) ends.push(() => database.stop());
  const running: CloudInstance[] = [];
  const network = await Network.open(
    {
      services: () => running.filter(({ server }) => server.isRunning).map(({ server }) => server.port),
      broker: () => broker.port,
      ...(database && { database: () => database.port }),
    },
    new Draws(seed, "chaos.network"),
  );
  ends.push(() => network.close());
  const { services, stored } = await makeServices({ folder, codec, network, database });
  for (const service of services) {
    ends.push(() => service.server.kill());
    await service.start();
    running.push(service);
  }
  const made = await Promise.all(
    Array.from({ length: agents }, (_, device) => makeAgent({ folder, codec, network }, device)),
  );
  for (const agent of made) {
    ends.push(() => agent.kill());
    await agent.start();
  }
  const readerToken = tokenOf(SECRET, "reader", "chaos");
  return { folder, codec, network, broker, database, stored, services, agents: made, readerToken };
}

async function makeServices({
  folder,
  codec,
  network,
  database,
}: Pick<World, "folder" | "codec" | "network" | "database">): Promise<Pick<World, "services" | "stored">> {
  const [secret, models] = [join(folder, "secret"), join(folder, "models")];
  await writeFile(secret, `${SECRET}\n`, { mode: 0o600 });
  await mkdir(models);
  await copyFile(codec.modelPath, join(models, `${codec.modelId}.safetensors`));
  const url = database?.createDatabase("chaos");
  const make = async (name: string): Promise<CloudInstance> => {
    const data = join(folder, `data-${name}`);
    const behind = new URL(url ?? "postgresql://nowhere");
    behind.port = String(network.ports.database);
    const args = [
      ...["--models", models, "--data", data, "--secret-file", secret, "--rate", "0"],
      ...["--mqtt", `mqtt://127.0.0.1:${network.ports.bridge}`],
      ...(url === undefined ? [] : ["--database-url", behind.href]),
    ];
    return new CloudInstance(name, await CloudServer.make({ program: asBuilt, args }));
  };
  const names = url === undefined ? ["service"] : ["service 1", "service 2"];
  const services = await Promise.all(names.map(make));
  return { services, stored: url === undefined ? { file: join(folder, "data-service", "frames.db") } : { url } };
}

/** Devices take turns: one sends by HTTP, the next by MQTT. */
function makeAgent(
  { folder, codec, network }: Pick<World, "folder" | "codec" | "network">,
  device: number,
): Promise<EdgeAgent> {
  const { http, mqtt } = network.ports;
  return EdgeAgent.make({
    ...{ folder, device, bundle: codec.bundlePath },
    url: device % 2 === 0 ? `http://127.0.0.1:${http}` : `mqtt://127.0.0.1:${mqtt}`,
    token: tokenOf(SECRET, "device", deviceName(device)),
  });
}

/** All that is killed and started again in a run. */
export function victimsOf({ network, broker, database, services, agents }: World): Victim[] {
  const server = (name: string, { process }: { readonly process: ServerProcess }): Victim => ({
    name,
    kill: () => process.kill(),
    start: () => process.start(),
  });
  return [
    ...[server("broker", broker), ...(database ? [server("database", database)] : [])],
    { name: "network", kill: async () => network.cutAll(), start: async () => {} },
    ...services,
    ...agents,
  ];
}
