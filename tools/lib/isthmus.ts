import { root } from "./paths.mjs";

/** How the command line tool is started from its sources: program, then arguments. */
export const isthmusCommand: readonly [string, ...string[]] = [
  process.execPath,
  ...["--import", import.meta.resolve("tsx"), "--conditions=@isthmus/source", `${root}/apps/cli/src/main.ts`],
];
