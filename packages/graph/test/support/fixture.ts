import { readFileSync } from "node:fs";

/** A committed fixture; the `generator` field inside names the script that made it. */
export function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), "utf8")) as T;
}
