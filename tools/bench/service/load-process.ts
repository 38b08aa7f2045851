/** The process that makes the load: a `LoadRequest` a line in, a `LoadReport` a line out. */
import { createInterface } from "node:readline";
import type { LoadRequest } from "./load-protocol.ts";
import { loadRun } from "./load-run.ts";

const say = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);

say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  say(await loadRun(JSON.parse(line) as LoadRequest));
}
