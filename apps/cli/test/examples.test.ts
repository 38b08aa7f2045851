import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { it } from "vitest";
import { expectToDoWhatItSays } from "./support/pages.ts";

const EXAMPLES = fileURLToPath(new URL("../../../docs/examples", import.meta.url));

it.skipIf(process.platform === "win32").each(["sensors.md", "two-columns.md"])(
  "docs/examples/%s does what it says",
  { timeout: 300_000 },
  (page) => expectToDoWhatItSays(join(EXAMPLES, page)),
);
