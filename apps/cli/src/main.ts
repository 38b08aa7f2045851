#!/usr/bin/env node
import { outliveReaders, stoppedBySignals } from "@isthmus/command-line/node";
import { runCli } from "./cli.ts";
import { Interrupted } from "./errors.ts";

outliveReaders(process);
const stoppable = stoppedBySignals(process, () => new Interrupted("stopped"));
process.exitCode = await runCli(process.argv.slice(2), { console: process, stoppable });
