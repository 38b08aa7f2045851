import { examples } from "@isthmus/command-line/node";
import { Command } from "commander";
import { isDeepStrictEqual } from "node:util";
import { Agent } from "../agent.ts";
import type { Context } from "../cli.ts";
import type { AgentConfig } from "../config/config.ts";
import { readConfig } from "../config/read-config.ts";
import { configOption } from "./options.ts";

export function runCommand(context: Context): Command {
  return new Command("run")
    .description("Encodes what the source gives and sends it, until the source ends or it is stopped.")
    .addOption(configOption())
    .addHelpText(
      "after",
      `\nSIGTERM: puts what it has into the queue, sends what it can within 10 seconds, ends.\nSIGHUP: reads [model] again and swaps the model.\n${examples(
        "isthmus-edge run --config /etc/isthmus/edge.toml",
        "tail -F readings.csv | isthmus-edge run",
      )}`,
    )
    .action(({ config: path }: { readonly config: string }) => run(context, path));
}

async function run({ stdin, stderr, stoppable, onReload }: Context, path: string): Promise<void> {
  const config = readConfig(path);
  const log = (line: string): void => void stderr.write(line);
  await Agent.run({ config, stdin, log, stop: stoppable() }, (agent) =>
    onReload(() => void reload(agent, config, path)),
  );
}

/** Only the model can be another while it runs. What is wrong is told, and changes nothing. */
async function reload(agent: Agent, config: AgentConfig, path: string): Promise<void> {
  try {
    const { model } = config;
    const again = readConfig(path);
    if (!isDeepStrictEqual({ ...again, model }, config))
      agent.problem("config", `${path}: only [model] is read again; restart for the rest`);
    await agent.useModel(again.model);
  } catch (error) {
    agent.problem("config", error instanceof Error ? error.message : String(error));
  }
}
