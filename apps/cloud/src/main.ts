#!/usr/bin/env node
import { outliveReaders } from "@isthmus/command-line/node";
import { runCli } from "./cli.ts";

outliveReaders(process);
process.exitCode = await runCli(process.argv.slice(2), process);
