import { describe, expect, it } from "vitest";
import { type Failure, runProgram } from "../src/node.ts";
import { heard } from "./support/heard.ts";
import { sums, Tired } from "./support/sums.ts";

const run = (args: readonly string[], explain?: (error: unknown) => Failure | undefined) =>
  heard(async (outputs) => await runProgram(sums(), args, outputs, explain));

const line = (text: string) => ({ code: 2, stdout: "", stderr: `sums: ${text}\n` });

describe("help", () => {
  it("goes to stdout, whether it is asked for or nothing is", async () => {
    const { code, stdout, stderr } = await run([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: sums .*\nExample:\n {2}sums fail bug\n$/s);
    for (const asked of [["--help"], ["-h"], ["help"]]) expect(await run(asked)).toEqual({ code: 0, stdout, stderr });
  });

  it("of a command, and of one in a group", async () => {
    const { code, stdout } = await run(["fail", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: sums fail .*\nExamples:\n {2}sums fail bug\n {2}sums fail usage\n$/s);
    expect((await run(["help", "fail"])).stdout).toBe(stdout);
    expect((await run(["group", "two", "--help"])).stdout).toContain("Usage: sums group two");
  });

  it("the version is a success, too", async () => {
    expect(await run(["--version"])).toEqual({ code: 0, stdout: "1.2.3\n", stderr: "" });
  });
});

describe("words that are no command line are told in one line, with where help is and the nearest name", () => {
  it.each([
    [["fial"], "unknown command 'fial' (Did you mean fail?) (sums --help shows how)"],
    [["fail"], "missing required argument 'how' (sums fail --help shows how)"],
    [["fail", "x", "--nubmer"], "unknown option '--nubmer' (Did you mean --number?) (sums fail --help shows how)"],
    [["fail", "x", "--number"], "option '--number <n>' argument missing (sums fail --help shows how)"],
    [["help", "nothing"], "no such command (sums --help shows how)"],
    [["group"], "expected one of one, two (sums group --help shows how)"],
    [["group", "tow"], "unknown command 'tow' (Did you mean two?) (sums group --help shows how)"],
    [["group", "two", "-x"], "unknown option '-x' (sums group two --help shows how)"],
  ])("%j", async (args, text) => {
    expect(await run(args)).toEqual(line(text));
  });
});

describe("what a command throws", () => {
  it("is nothing where it succeeds", async () => {
    expect(await run(["fail", "nothing"])).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("is one line where the user can mend it, however many the message has", async () => {
    expect(await run(["fail", "usage"])).toEqual(line("no such file"));
    expect(await run(["fail", "outside"])).toEqual(line("byte 7: wrong [SUMS_WRONG]"));
  });

  it("is what the program says of an error of its own", async () => {
    const explain = (error: unknown) =>
      error instanceof Tired ? { exitCode: 130, message: `${error.message}; rest first` } : undefined;
    expect(await run(["fail", "tired"], explain)).toEqual({ ...line("enough; rest first"), code: 130 });
    expect((await run(["fail", "bug"], explain)).code).toBe(1);
  });

  it("is a bug otherwise, with its stack", async () => {
    const { code, stdout, stderr } = await run(["fail", "bug"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^sums: this is a bug, please report it\nTypeError: x is not a function\n {4}at .*sums\.ts/);
    expect(await run(["fail", "text"])).toEqual({
      ...{ code: 1, stdout: "" },
      stderr: "sums: this is a bug, please report it\na text\n",
    });
    expect((await run(["fail", "tired"])).code).toBe(1);
  });
});
