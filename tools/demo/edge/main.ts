/**
 * From two devices to a service and back: a pump's sensor and a camera encode what they see with models that were trained a moment ago, and a service stores
 * and decodes it. Writes to `out/edge/`; `--stay` leaves everything running.
 */
import { appendFile, mkdir, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Dataset } from "@isthmus/data";
import { loadMnistSplits, writeFileAtomic } from "@isthmus/data/node";
import { runAsCommand } from "../../bench/report/command.ts";
import { root } from "../../lib/paths.mjs";
import { expected } from "../../lib/process.mjs";
import { CloudServer } from "../../services/cloud-server.ts";
import { fromSources } from "../../services/programs.ts";
import { tokenOf } from "../../services/tokens.ts";
import { DemoAgent } from "./agent.ts";
import { CloudReader } from "./cloud-reader.ts";
import { type DeviceModel, digitModel, PAST_ROWS, pumpModel, WINDOW } from "./models.ts";
import { beforeAndAfter, takePictures } from "./pictures.ts";
import { CHANNELS, pumpLines } from "./pump.ts";
import { pumpTable, sentTable } from "./tables.ts";

const HELP = `From two devices to a service and back: trains two small models, starts the service and two agents, and shows what came of it.

  npm run demo:edge [-- --stay]

  --stay   leave everything running, to look at the page; Ctrl-C ends it
  --help   this
`;

const FOLDER = join(root, "out", "edge");
const PUMP = "pump-7";
const CAMERA = "camera-2";
const WINDOWS = 100;
const PICTURES = 64;
const SHOWN = 16;
/** Milliseconds that the devices may take until the service has everything. */
const PATIENCE = 60_000;

const at = (...names: string[]): string => join(FOLDER, ...names);
const shown = (path: string): string => relative(root, path);

function print(...lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
}

async function demo(stay: boolean): Promise<void> {
  const started = performance.now();
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  print("Isthmus, from the device to the cloud: a pump's sensor and a camera encode, a service stores and decodes.");
  const { train, test } = await loadMnistSplits({ cwd: root });
  const models = at("models");
  const pump = await pumpModel(FOLDER, models);
  const camera = await digitModel(FOLDER, models, train.name === "mnist" ? "mnist" : "synthetic");

  const secret = randomBytes(32).toString("base64url");
  await writeFile(at("secret"), `${secret}\n`, { mode: 0o600 });
  const args = ["--models", models, "--data", at("data"), "--secret-file", at("secret")];
  print("", `$ isthmus-cloud serve ${args.map((arg) => (arg.startsWith(root) ? shown(arg) : arg)).join(" ")}`);
  const service = await CloudServer.make({ program: fromSources, args });
  const agents: DemoAgent[] = [];
  try {
    await service.start();
    const reader = new CloudReader(service.url, tokenOf(secret, "reader", "demo"));
    const start = async (device: string, { id }: DeviceModel, source: string[], itemsPerFrame: number) => {
      const token = tokenOf(secret, "device", device);
      const agent = await DemoAgent.start({
        ...{ device, folder: at(device), model: id, url: service.url, token, source, itemsPerFrame },
      });
      print(`$ isthmus-edge run --config ${shown(agent.config)}`);
      agents.push(agent);
      return agent;
    };
    await writeFile(at("pump.csv"), "");
    await mkdir(at("pictures"));
    const lines = [`kind = "file"`, `path = "../pump.csv"`, "header = false", `window = ${WINDOW}`, "poll = 0.2"];
    const sensor = await start(PUMP, pump, lines, 10);
    const pictures = [`kind = "folder"`, `path = "../pictures"`, "width = 28", "height = 28", "poll = 0.2"];
    const eye = await start(CAMERA, camera, pictures, 8);

    print(
      "",
      `The pump writes ${WINDOWS * WINDOW} rows, the camera takes ${PICTURES} pictures; the agents encode and send them ...`,
    );
    const [csvBytes, pngBytes] = await Promise.all([runPump(), takePictures(at("pictures"), test, PICTURES)]);
    await allStored(reader, { [PUMP]: WINDOWS, [CAMERA]: PICTURES });
    await show({ reader, sensor, eye, pump, camera, csvBytes, pngBytes, digits: test });
    print(
      "",
      stay
        ? `The page: ${service.url}/\na reader's token for it: ${tokenOf(secret, "reader", "demo")}`
        : `The page: ${service.url}/   (it ends with this demo; npm run demo:edge -- --stay leaves it up, to be looked at)`,
      `${((performance.now() - started) / 1000).toFixed(0)} s in all`,
    );
    if (stay) {
      print("", "Everything stays up; Ctrl-C ends it.");
      await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
    }
  } finally {
    for (const agent of agents) await agent.stop();
    await service.stop();
  }
}

/** The pump's rows come as a sensor's do, some hundred at a time. Resolves to the bytes of their text. */
async function runPump(): Promise<number> {
  let bytes = 0;
  for (let window = 0; window < WINDOWS; window += 5) {
    const from = PAST_ROWS + window * WINDOW;
    const text = pumpLines(from, from + 5 * WINDOW);
    await appendFile(at("pump.csv"), text);
    bytes += text.length;
    await sleep(50);
  }
  return bytes;
}

/** @throws an expected error that says how far it came */
async function allStored(reader: CloudReader, wanted: Readonly<Record<string, number>>): Promise<void> {
  const until = performance.now() + PATIENCE;
  for (;;) {
    const devices = await reader.devices();
    const items = (name: string): number => devices.find(({ device }) => device === name)?.items ?? 0;
    if (Object.entries(wanted).every(([name, count]) => items(name) >= count)) return;
    if (performance.now() > until) {
      const told = Object.entries(wanted).map(([name, count]) => `${name} ${items(name)} of ${count}`);
      throw expected(`the service had not everything after ${PATIENCE / 1000} s: ${told.join(", ")}`);
    }
    await sleep(200);
  }
}

interface Shown {
  readonly reader: CloudReader;
  readonly sensor: DemoAgent;
  readonly eye: DemoAgent;
  readonly pump: DeviceModel;
  readonly camera: DeviceModel;
  readonly csvBytes: number;
  readonly pngBytes: number;
  readonly digits: Dataset;
}

async function show({ reader, sensor, eye, pump, camera, csvBytes, pngBytes, digits }: Shown): Promise<void> {
  const [pumpStatus, cameraStatus] = await Promise.all([sensor.status(), eye.status()]);
  const devices = await reader.devices();
  const rawBytes = (name: string): number => devices.find(({ device }) => device === name)!.rawBytes;
  const row = (device: string, what: string, usual: string, usualBytes: number, sentBytes: number) => ({
    ...{ device, what, usual, usualBytes, sentBytes, rawBytes: rawBytes(device) },
  });
  print(
    "",
    ...sentTable([
      row(PUMP, `${WINDOWS} windows of ${WINDOW} x ${CHANNELS.length}`, "CSV", csvBytes, pumpStatus.send.bytes),
      row(CAMERA, `${PICTURES} pictures of 28 x 28`, "PNG", pngBytes, cameraStatus.send.bytes),
    ]),
    "Sent: a stream for each frame, with device, number, time and checksum; the service's page counts the streams alone.",
    `On the devices: encoders of ${grouped(pump.bundleBytes)} and ${grouped(camera.bundleBytes)} bytes; their models have ${grouped(pump.modelBytes)} and ${grouped(camera.modelBytes)}.`,
  );
  const values = await decodedOf(reader, PUMP);
  print("", "What the service decodes of the pump's numbers:", ...pumpTable(PAST_ROWS, values.flat()));
  const pictures = await decodedOf(reader, CAMERA);
  await writeFileAtomic(at("pictures.png"), beforeAndAfter(digits, pictures.slice(0, SHOWN)));
  print("", `${shown(at("pictures.png"))}  what the camera saw, and below what the service decoded`);
}

/** All items of a device that has not many, in the order in which it measured them. */
async function decodedOf(reader: CloudReader, device: string): Promise<(readonly number[])[]> {
  const frames = await reader.frames(device, 100);
  return frames
    .toSorted((a, b) => a.sequence - b.sequence)
    .flatMap(({ items }) => items.map(({ values }) => values.flat() as number[]));
}

function grouped(value: number): string {
  return value.toLocaleString("en");
}

for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

await runAsCommand(async (args) => {
  const { stay, help } = options(args);
  if (help) return void process.stdout.write(HELP);
  await demo(stay);
});

function options(args: readonly string[]): { readonly stay: boolean; readonly help: boolean } {
  const known = { stay: { type: "boolean", default: false }, help: { type: "boolean", default: false } } as const;
  try {
    return parseArgs({ args: [...args], options: known }).values;
  } catch (error) {
    throw expected((error as Error).message.split("\n")[0]!);
  }
}
