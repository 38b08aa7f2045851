#!/usr/bin/env node
import { runCli } from "./cli.ts";

const stop = new AbortController();

/** From now on the first Control-C asks to stop; the second ends the process, as the first does everywhere else. */
function stoppable(): AbortSignal {
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  return stop.signal;
}

/** A reader that has seen enough, such as `head`, closes its end of the pipe; that ends the talking, not the work. */
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  ...{ stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, stoppable },
  onReload: (reload) => void process.on("SIGHUP", reload),
});
