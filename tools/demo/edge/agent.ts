import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quietly } from "../../lib/process.mjs";
import { fromSources } from "../../services/programs.ts";
import { ServerProcess } from "../../services/server-process.ts";

export interface DemoAgentOptions {
  readonly device: string;
  /** Where it lives. */
  readonly folder: string;
  /** Id of the model whose encoder it fetches. */
  readonly model: string;
  /** Of the service. */
  readonly url: string;
  readonly token: string;
  /** Lines of the table `[source]`. */
  readonly source: readonly string[];
  readonly itemsPerFrame: number;
}

/** What `isthmus-edge status` says, as far as the demo shows it. */
export interface AgentStatus {
  readonly source: { readonly items: number; readonly rawBytes: number; readonly encodedBytes: number };
  readonly queue: { readonly frames: number };
  readonly send: { readonly stored: number; readonly bytes: number };
}

/** An `isthmus-edge` in a process of its own. */
export class DemoAgent {
  readonly device: string;
  readonly config: string;
  readonly #process: ServerProcess;

  static async start({
    device,
    folder,
    model,
    url,
    token,
    source,
    itemsPerFrame,
  }: DemoAgentOptions): Promise<DemoAgent> {
    await mkdir(folder, { recursive: true });
    const config = join(folder, "edge.toml");
    const lines = [
      ...[`device = "${device}"`, `state = "state"`, "[model]", `id = "${model}"`],
      ...["[source]", ...source, "[frame]", `items = ${itemsPerFrame}`, "age = 1.0"],
      ...["[send]", `url = "${url}"`, `token = "${token}"`],
    ];
    await writeFile(config, `${lines.join("\n")}\n`, { mode: 0o600 });
    const agent = new DemoAgent(device, config);
    await agent.#process.start();
    return agent;
  }

  private constructor(device: string, config: string) {
    const [program, ...args] = fromSources("isthmus-edge");
    this.device = device;
    this.config = config;
    this.#process = new ServerProcess({
      program,
      args: [...args, "run", "--config", config],
      ready: /model [0-9a-f]{16}/,
    });
  }

  /** As a person would ask. */
  async status(): Promise<AgentStatus> {
    const [program, ...args] = fromSources("isthmus-edge");
    const { code, stdout, output } = await quietly(program, [...args, "status", "--config", this.config, "--json"]);
    if (code !== 0) throw new Error(`isthmus-edge status ended with exit code ${code}: ${output}`);
    return JSON.parse(stdout) as AgentStatus;
  }

  async stop(): Promise<void> {
    await this.#process.stop();
  }
}
