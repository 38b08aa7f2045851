import { spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { typedIn } from "../lib/commands.mjs";
import { root } from "../lib/paths.mjs";
import { passThrough, quietly } from "../lib/process.mjs";
import { totalLine, totals } from "../lib/test.mjs";

describe("running a command", () => {
  it("an unknown command is one line on stderr and exit code 1", async () => {
    const { code, output, stdout } = await quietly(process.execPath, [join(root, "tools/run.mjs"), "nonsense"]);
    expect({ code, stdout, lines: output.trim().split("\n").length }).toEqual({ code: 1, stdout: "", lines: 1 });
    expect(output).toMatch(/^Usage: /);
  });

  it("passes exit codes and deaths by signal through", async () => {
    expect(await passThrough(process.execPath, ["-e", "process.exit(7)"])).toBe(7);
    expect(await passThrough(process.execPath, ["-e", "process.kill(process.pid, 'SIGTERM')"])).toBe(128 + 15);
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("passes %s on to the command", async (signal) => {
    const command = `process.on("${signal}", () => process.exit(9)); setInterval(() => {}, 1000); console.log("ready");`;
    const module = pathToFileURL(join(root, "tools/lib/process.mjs")).href;
    const outer = `import { passThrough } from "${module}";
      process.exitCode = await passThrough(process.execPath, ["-e", ${JSON.stringify(command)}]);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", outer], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.once("data", () => child.kill(signal));
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(9);
  });

  it("reads relative paths from where the user typed them", () => {
    expect(typedIn(root, { INIT_CWD: "/home/user" })).toBe("/home/user"); // npm run, from below the root
    expect(typedIn("/tmp", { INIT_CWD: "/home/user" })).toBe("/tmp"); // started directly, npm's variable is older
    expect(typedIn(root, {})).toBe(root);
  });
});

describe("the total of a test run", () => {
  const file = (status: string, ...assertions: string[]) => ({
    status,
    assertionResults: assertions.map((one) => ({ status: one })),
  });
  const report = {
    numPassedTests: 2,
    numFailedTests: 1,
    numPendingTests: 1,
    numTodoTests: 0,
    testResults: [file("passed", "passed", "pending"), file("failed", "passed", "failed"), file("failed")],
  };

  it("counts a file that could not be loaded as a failure", () => {
    expect(totals(report)).toEqual({ passed: 2, failed: 2, skipped: 1 });
  });

  it("is one line", () => {
    expect(totalLine({ passed: 3, failed: 0, skipped: 0 })).toBe("3 passed, 0 failed");
    expect(totalLine({ passed: 3, failed: 1, skipped: 2 })).toBe("3 passed, 1 failed, 2 skipped");
  });
});
