import { fileURLToPath } from "node:url";
import { quietly } from "../lib/process.mjs";
import type { EdgeName } from "./edge-contestant.ts";

const child = fileURLToPath(new URL("cold-start-child.ts", import.meta.url));

/**
 * Milliseconds from the bytes of a model to the first frame, or the first outputs, in a process that has done nothing but load the code.
 *
 * @throws Error with what the process said where it failed
 */
export async function coldStart(who: EdgeName, folder: string): Promise<number> {
  const flags = ["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source"];
  const { code, stdout, output } = await quietly(process.execPath, [...flags, child, who, folder]);
  const ms = Number(stdout.trim().split("\n").at(-1));
  if (code !== 0 || !(ms > 0)) throw new Error(`a cold start of ${who} failed: ${output.trim().split("\n").at(-1)}`);
  return ms;
}
