import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { asBuilt } from "../services/programs.ts";
import { ServerProcess } from "../services/server-process.ts";
import type { Victim } from "./conductor.ts";
import { sensorFile } from "./feeder.ts";
import { WINDOW } from "./samples.ts";

export interface EdgeAgentOptions {
  /** The folder of the run, with the sensors' files. */
  readonly folder: string;
  readonly device: number;
  readonly bundle: string;
  /** Of the service or the broker, as the device reaches it. */
  readonly url: string;
  readonly token: string;
}

/** The device's id. */
export function deviceName(device: number): string {
  return `device-${String(device).padStart(2, "0")}`;
}

/** A real agent that follows its sensor's file: one item a frame. */
export class EdgeAgent implements Victim {
  readonly name: string;
  readonly #process: ServerProcess;

  static async make({ folder, device, bundle, url, token }: EdgeAgentOptions): Promise<EdgeAgent> {
    const home = join(folder, deviceName(device));
    await mkdir(home);
    await writeFile(sensorFile(folder, device), "");
    const config = join(home, "edge.toml");
    const text = (value: string): string => JSON.stringify(value);
    const lines = [
      `device = ${text(deviceName(device))}`,
      `state = "state"`,
      ...["[model]", `bundle = ${text(bundle)}`],
      ...["[source]", `kind = "file"`, `path = ${text(sensorFile(folder, device))}`, `from = "start"`],
      ...[`format = "csv"`, "header = false", `window = ${WINDOW}`, "poll = 0.2"],
      ...["[frame]", "items = 1"],
      ...["[queue]", `when_full = "stop"`, `fsync = "always"`],
      ...["[send]", `url = ${text(url)}`, `token = ${text(token)}`],
      ...["patience = 2.0", "retry_first = 0.2", "retry_most = 3.0"],
    ];
    await writeFile(config, `${lines.join("\n")}\n`);
    return new EdgeAgent(deviceName(device), config);
  }

  private constructor(name: string, config: string) {
    this.name = name;
    const [program, ...args] = asBuilt("isthmus-edge");
    this.#process = new ServerProcess({ program, args: [...args, "run", "--config", config], ready: /frames wait/ });
  }

  start(): Promise<void> {
    return this.#process.start();
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Resolves to its exit code. */
  stop(): Promise<number | null> {
    return this.#process.stop();
  }

  get isRunning(): boolean {
    return this.#process.pid !== undefined;
  }

  get said(): string {
    return this.#process.said;
  }
}
