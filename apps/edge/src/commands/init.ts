import { isDeviceId } from "@isthmus/codec";
import { examples, UsageError } from "@isthmus/command-line/node";
import { Command } from "commander";
import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Context } from "../cli.ts";
import { templateFor } from "../config/template.ts";

interface InitOptions {
  readonly out: string;
  readonly device?: string;
}

export function initCommand(context: Context): Command {
  return new Command("init")
    .description("Writes a configuration with every key and what it means; it runs on a demo signal as it is.")
    .option("-o, --out <file>", "the file to write; one that is there is not touched", "edge.toml")
    .option("--device <id>", "the device's id (default: the name of this machine)")
    .addHelpText("after", examples("isthmus-edge init", "isthmus-edge init --device pump-7 -o /etc/isthmus/edge.toml"))
    .action((options: InitOptions) => init(context, options));
}

function init({ stdout }: Context, { out, device = ofThisMachine() }: InitOptions): void {
  if (!isDeviceId(device)) {
    throw new UsageError(
      `--device expected 1 to 64 of A-Z a-z 0-9 . _ -, the first no dot, got ${JSON.stringify(device)}`,
    );
  }
  try {
    writeFileSync(out, templateFor(device), { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new UsageError(`${out} is there already; name another with --out`, { cause: error });
  }
  stdout.write(`${out} (device ${device})\nisthmus-edge check --config ${out} says what is to be put right\n`);
}

function ofThisMachine(): string {
  const name = hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, "-")
    .replace(/^\.+/, "")
    .slice(0, 64);
  return isDeviceId(name) ? name : "device-1";
}
