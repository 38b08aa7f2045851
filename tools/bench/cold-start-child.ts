// usage: cold-start-child.ts <who> <folder>
// Says how many milliseconds the first window took, from the bytes of a model on.
import { ANOMALY_FILES } from "./anomaly-names.ts";
import { edgeContestant, type EdgeName } from "./edge-contestant.ts";
import { readFloats } from "./floats.ts";

const [who, folder] = process.argv.slice(2) as [EdgeName, string];
const { openEncoder, openNetwork } = await edgeContestant(who, folder);
const window = readFloats(folder, openEncoder ? ANOMALY_FILES.samples : ANOMALY_FILES.items).subarray(0, 640);

const started = performance.now();
if (openEncoder) (await openEncoder()).encode(window);
else await (await openNetwork()).run(window);
const ms = performance.now() - started;
process.stdout.write(`${ms}\n`);
