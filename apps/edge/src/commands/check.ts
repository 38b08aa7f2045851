import { Command } from "commander";
import { examples, UsageError } from "@isthmus/command-line/node";
import { readFileBytes } from "@isthmus/data/node";
import type { Context } from "../cli.ts";
import type { AgentConfig } from "../config/config.ts";
import { readConfig } from "../config/read-config.ts";
import { loadModel } from "../model/loaded-model.ts";
import { openTransport } from "../send/open-transport.ts";
import { configOption } from "./options.ts";

export function checkCommand(context: Context): Command {
  return new Command("check")
    .description("Reads a configuration and the files it names, and says what is wrong; sends nothing.")
    .addOption(configOption())
    .addHelpText("after", examples("isthmus-edge check", "isthmus-edge check --config /etc/isthmus/edge.toml"))
    .action(({ config }: { readonly config: string }) => check(context, config));
}

async function check({ stdout }: Context, path: string): Promise<void> {
  const config = readConfig(path);
  const transport = openTransport(config);
  await transport.close();
  const lines = [
    `${path} is right: ${config.device}, ${config.source.kind} to ${transport.target}`,
    await modelLine(config),
    ...advice(config),
  ];
  stdout.write(lines.map((line) => `${line}\n`).join(""));
}

async function modelLine({ model, source }: AgentConfig): Promise<string> {
  if (model.bundle === undefined) return `model ${model.id!} comes from ${model.url!}`;
  const { id, sha256, encoder } = await loadModel(await readFileBytes(model.bundle), model);
  if (source.kind === "folder" && source.width * source.height * source.channels !== encoder.itemLength) {
    const { width, height, channels } = source;
    throw new UsageError(
      `[source] pictures of ${width} x ${height} x ${channels} are no items of the model: it takes ${encoder.itemLength} samples`,
    );
  }
  return `model ${id}: ${encoder.itemLength} samples to ${encoder.dims} symbols, SHA-256 ${sha256}`;
}

/** What is allowed but should be known. */
function advice({ send }: AgentConfig): string[] {
  const { protocol, hostname } = new URL(send.url);
  const isPlain = protocol === "http:" || protocol === "mqtt:";
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  const hasSecret = [send.token, send.password].some((secret) => Object.keys(secret).length > 0);
  return isPlain && !isHere && hasSecret
    ? [`note: ${send.url} is not encrypted; others on the way can read what is sent`]
    : [];
}
