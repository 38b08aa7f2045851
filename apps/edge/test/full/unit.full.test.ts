// The systemd unit of the examples, read by systemd itself.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { has } from "../../../../tools/lib/probe.mjs";
import { newFolder } from "../support/folder.ts";

const { systemd } = has() as { readonly systemd: boolean };
const example = readFileSync(new URL("../../examples/isthmus-edge.service", import.meta.url), "utf8");

/** What systemd says of a unit; of a command that is not installed it would complain, so another runs. */
function complaints(unit: string): string {
  const file = join(newFolder(), "isthmus-edge.service");
  writeFileSync(file, unit.replace(/^ExecStart=\S+/m, `ExecStart=${process.execPath}`));
  const { stdout, stderr, status } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
  return `${stdout}${stderr}${status === 0 ? "" : `status ${status}`}`;
}

test.skipIf(!systemd)("systemd finds nothing wrong with the unit", () => {
  expect(complaints(example)).toBe("");
});

test.skipIf(!systemd)("systemd would complain of a key or a value that is none", () => {
  expect(complaints(example.replace("ProtectHome=", "ProtectHouse="))).toContain("ProtectHouse");
  expect(complaints(example.replace("RestartSec=5", "RestartSec=soon"))).toContain("soon");
});
