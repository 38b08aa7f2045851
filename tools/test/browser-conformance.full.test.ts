import { conformanceTests } from "./support/browser-conformance.ts";

conformanceTests(
  ["wasm", "tfjs:wasm", "tfjs:cpu"],
  [
    ["page", false],
    ["worker", false],
    ["page", true],
    ["worker", true],
  ],
);
