import { fileURLToPath } from "node:url";
import { it } from "vitest";
import { expectToDoWhatItSays } from "./support/pages.ts";

/** Four trainings of some ten thousand steps, each a minute on a busy machine. */
it.skipIf(process.platform === "win32")("docs/channel.md does what it says", { timeout: 1_200_000 }, () =>
  expectToDoWhatItSays(fileURLToPath(new URL("../../../docs/channel.md", import.meta.url))),
);
