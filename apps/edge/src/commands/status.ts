import { examples } from "@isthmus/command-line/node";
import { Command } from "commander";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../cli.ts";
import { readConfig } from "../config/read-config.ts";
import { inspectQueue } from "../queue/inspect-queue.ts";
import { queueLines, statusLines } from "../status/status-lines.ts";
import { askStatus } from "../status/status-socket.ts";
import { configOption, jsonOption } from "./options.ts";

interface StatusOptions {
  readonly config: string;
  readonly json?: boolean;
}

export function statusCommand(context: Context): Command {
  return new Command("status")
    .description("Asks the agent that runs by this configuration; where none runs, says what waits in its queue.")
    .addOption(configOption())
    .addOption(jsonOption())
    .addHelpText("after", examples("isthmus-edge status", "isthmus-edge status --config /etc/isthmus/edge.toml --json"))
    .action((options: StatusOptions) => status(context, options));
}

async function status({ stdout }: Context, { config: path, json = false }: StatusOptions): Promise<void> {
  const { device, state, queue } = readConfig(path);
  const running = await askStatus(state);
  if (running) {
    stdout.write(json ? `${JSON.stringify({ running: true, ...running })}\n` : lines(statusLines(running)));
    return;
  }
  const folder = join(state, "queue");
  const left = existsSync(folder) ? inspectQueue(folder, queue.bytes) : undefined;
  const said = [`device    ${device}, not running`, ...(left ? queueLines(left) : ["queue     none yet"])];
  stdout.write(json ? `${JSON.stringify({ running: false, device, queue: left ?? null })}\n` : lines(said));
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join("");
