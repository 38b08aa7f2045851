#!/usr/bin/env node
import { runCli } from "./cli.ts";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
process.once("SIGTERM", () => stop.abort());
process.exitCode = await runCli(process.argv.slice(2), { console: process, signal: stop.signal });
