#!/usr/bin/env node
import { outliveReaders, stoppedBySignals } from "@isthmus/command-line/node";
import { runCli } from "./cli.ts";

outliveReaders(process);
const { stdin, stdout, stderr } = process;
process.exitCode = await runCli(process.argv.slice(2), {
  ...{ stdin, stdout, stderr, stoppable: stoppedBySignals(process) },
  onReload: (reload) => void process.on("SIGHUP", reload),
});
