import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { probeTable } from "./probe.mjs";
import { readJson, root } from "./paths.mjs";
import { passThrough, workspaceEnv } from "./process.mjs";

/** Counts from vitest's JSON report. A file that could not be loaded has no assertions: it counts as one failure. */
export function totals(report) {
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((one) => one.status !== "failed"),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** `N passed, N failed`, and `, N skipped` where something was. */
export function totalLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/** Tests skipped in this report, by file and name. */
function skippedTests(report) {
  return report.testResults.flatMap((file) =>
    file.assertionResults
      .filter((one) => one.status !== "passed" && one.status !== "failed")
      .map((one) => `  ${file.name.slice(root.length + 1)}: ${one.fullName}`),
  );
}

async function vitest(tier, args, reportFile) {
  const program = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`];
  const env = { ...workspaceEnv, ISTHMUS_TIER: tier };
  const code = await passThrough(process.execPath, [program, "run", ...reporters, ...args], { cwd: root, env });
  return { code, report: readReport(reportFile) };
}

function readReport(file) {
  try {
    return readJson(file);
  } catch {
    return { testResults: [], numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  }
}

/** Runs one tier of tests; the last line is its total. Fails when a test failed, when none ran, when vitest itself did. */
export async function test(tier, args) {
  if (tier === "full") process.stdout.write(`This machine has:\n${probeTable().join("\n")}\n`);
  const folder = mkdtempSync(join(tmpdir(), "isthmus-test-"));
  try {
    const { code, report } = await vitest(tier, args, join(folder, "report.json"));
    return summarise(tier, code, report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summarise(tier, code, report) {
  const total = totals(report);
  const skipped = skippedTests(report);
  if (skipped.length > 0) process.stdout.write(`Skipped:\n${skipped.join("\n")}\n`);
  if (tier === "full" && skipped.length > 0)
    process.stdout.write(`Because this machine has:\n${probeTable().join("\n")}\n`);
  if (code !== 0 && total.failed === 0) {
    process.stdout.write(
      "vitest itself failed (an unhandled error, or no test file matched); it counts as one failure.\n",
    );
    total.failed = 1;
  }
  process.stdout.write(`${totalLine(total)}\n`);
  return code !== 0 || total.failed > 0 || total.passed === 0 ? 1 : 0;
}
