/** Talks until nobody listens or it is asked to stop, of which it tells on stderr; ends when stdin does. */
import { once } from "node:events";
import { outliveReaders, stoppedBySignals } from "../../src/node.ts";

outliveReaders(process);
const stopped = stoppedBySignals(process, () => new Error("enough"))();
const ended = once(process.stdin.resume(), "end");
const talking = setInterval(() => process.stdout.write("talk\n", unheard), 1);

function unheard(error: NodeJS.ErrnoException | null | undefined): void {
  if (!error) return;
  clearInterval(talking);
  process.stderr.write(`${error.code}\n`);
}

await once(stopped, "abort");
clearInterval(talking);
process.stderr.write(`${String(stopped.reason)}\n`);
await ended;
