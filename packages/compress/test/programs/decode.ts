/** The server's program: `decode.ts model stream`. Prints the hash of the latents that it decodes. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readModelFile } from "@isthmus/graph";
import { decodeStreamLatents } from "../../src/index.ts";

const [model, stream] = process.argv.slice(2) as [string, string];
const { values } = decodeStreamLatents(readModelFile(readFileSync(model)), readFileSync(stream));
process.stdout.write(createHash("sha256").update(new Uint8Array(values.buffer)).digest("hex"));
